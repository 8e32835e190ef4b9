"""Pages of a list, as `page` and `per_page` ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launchready.lab.cloudflare.envelope import Refused, done
from launchready.lab.world import Response


def paged(items: list[Any], query: Mapping[str, str], *, usual: int, least: int, most: int) -> Response:
    """The page of a list that was asked for, with `result_info`. Raises Refused for a page that cannot be."""
    page, size = whole(query, "page", 1), whole(query, "per_page", usual)
    if page < 1:
        raise Refused(400, 1001, "page must be at least 1")
    if not least <= size <= most:
        raise Refused(400, 1001, f"per_page must be between {least} and {most}")
    shown = items[(page - 1) * size : page * size]
    info = {
        "page": page,
        "per_page": size,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": -(-len(items) // size),
    }
    return done(shown, info)


def whole(query: Mapping[str, str], key: str, usual: int) -> int:
    """A whole number of the query. Raises Refused when it is none."""
    text = query.get(key, str(usual))
    try:
        return int(float(text))
    except ValueError:
        raise Refused(400, 1001, f"{key} must be a number") from None
