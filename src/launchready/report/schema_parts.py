"""Parts that the JSON Schemas of reports are made of."""

from __future__ import annotations

from typing import Any


def object_of(**properties: Any) -> dict[str, Any]:
    """An object that has all of these properties, and may have others."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    """An array of them."""
    return {"type": "array", "items": items}
