"""Realistic data for trying out and measuring: `manage.py seed`."""
