"""YAML of strangers, read within bounds: no objects, no merges that grow without end, no depth that overflows."""

from __future__ import annotations

from typing import Any

MOST_CHARACTERS = 128 * 1024
MOST_PAIRS = 5000
"""Of one mapping, after merges (`<<`): a few lines can otherwise ask for billions."""


class Unreadable(Exception):
    """The text is no YAML, or more than is read."""


def read_yaml(text: str) -> Any:
    """The first document of a YAML text as plain data. Raises Unreadable.

    Aliases share what they repeat, so they cost nothing as long as nobody walks the whole; callers read named keys.
    """
    import yaml

    class Bounded(yaml.SafeLoader):
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            if len(node.value) > MOST_PAIRS:
                raise yaml.YAMLError("too many merged keys")

    if len(text) > MOST_CHARACTERS:
        raise Unreadable(f"more than {MOST_CHARACTERS} characters")
    loader = Bounded(text)
    try:
        return loader.get_data() if loader.check_data() else None  # type: ignore[no-untyped-call]
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(str(error)[:200]) from None
    finally:
        loader.dispose()
