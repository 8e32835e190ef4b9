"""What several pages draw alike: entries of the navigation and the state of a row."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()

_TONES = {
    "draft": "quiet",
    "sent": "wait",
    "pending": "wait",
    "overdue": "bad",
    "rejected": "bad",
    "paid": "good",
    "approved": "good",
}


@register.inclusion_tag("portal_site/nav_entry.html", takes_context=True)
def nav_entry(context: dict[str, Any], label: str, icon: str, name: str, *args: Any) -> dict[str, object]:
    """A link of the navigation; the one whose section is open says so to screen readers too."""
    url = reverse(name, args=args)
    path = context["request"].path
    here = path == url or (url != reverse("dashboard:home") and path.startswith(url))
    # Staff pages live under the companies' address but have an entry of their own.
    if name == "companies:index" and path.startswith(reverse("companies:staff")):
        here = False
    return {"label": label, "icon": icon, "url": url, "here": here, "exact": path == url}


@register.inclusion_tag("portal_site/badge.html")
def badge(state: str, label: str) -> dict[str, str]:
    """A state in words, with a colour that only repeats them."""
    return {"tone": _TONES.get(state, "quiet"), "label": label}
