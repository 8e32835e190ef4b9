"""The planted mistakes, as data: one module an area, each with its `FAULTS`. One list drives demo, tests and docs."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from launchready.lab.world import Fault


@cache
def faults() -> tuple[Fault, ...]:
    """Every fault, by module and in order. Raises ValueError when two share an id."""
    found: dict[str, Fault] = {}
    for module in pkgutil.iter_modules(__path__):
        for fault in importlib.import_module(f"{__name__}.{module.name}").FAULTS:
            if fault.id in found:
                raise ValueError(f"two faults are called {fault.id}")
            found[fault.id] = fault
    return tuple(found.values())
