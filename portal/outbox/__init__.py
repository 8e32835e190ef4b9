"""Mail is written here by requests and delivered by `manage.py send_outbox`."""
