"""The frame of all pages: base template, styles, error pages."""

from django.apps import AppConfig


class PortalSiteConfig(AppConfig):
    """Holds what belongs to no single app."""

    name = "portal_site"
