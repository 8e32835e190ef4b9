"""Scans of a MySQL database, by `EXPLAIN` of the sample that MySQL 8 keeps of each digest.

MariaDB keeps none, and says so. Literals of a sample are somebody's own: they are planned with and never kept.
"""

from __future__ import annotations

from launchready.measurement import RouteQueries, Scan, Untold
from launchready.probes.statements import Counted


async def scans_mysql(counted: Counted, queries: RouteQueries) -> tuple[tuple[Scan, ...], tuple[Untold, ...]]:
    """The scans of one step's statements; and what could not be looked at."""
    reason = "MySQL's plans are not read yet"
    return (), (Untold(queries.flow, queries.step, reason, "", part="indexes"),)
