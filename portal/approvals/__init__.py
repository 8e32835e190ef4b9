"""Requests for a client's yes or no, with a trail that cannot be changed."""
