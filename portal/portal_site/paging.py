"""Pages of a list: every list of the portal is cut by this one rule."""

from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page:
    """The page asked for by `?page=`; a page beyond the ends is the nearest one."""
    return Paginator(rows, settings.ROWS_PER_PAGE).get_page(request.GET.get("page"))
