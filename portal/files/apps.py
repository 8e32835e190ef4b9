"""Django's entry to `files`."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Files that agency and client hand each other: private, limited, scanned."""

    name = "files"
