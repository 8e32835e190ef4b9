"""What every template knows."""

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, object]:
    """The portal's name."""
    return {"portal_name": settings.PORTAL_NAME}
