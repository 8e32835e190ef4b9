"""Until when each release line of a language gets security fixes: data, dated, with its source.

Source: https://endoflife.date (the pages below), which repeats the projects' own. The rows of Ruby, PHP and Go were
read there in November 2026. Those of Python and Node.js are partly from memory: the dates of lines that still get fixes
follow the projects' schedules (PEP 602, https://devguide.python.org/versions/ and https://github.com/nodejs/Release),
and not each was compared with the page.
"""

from __future__ import annotations

from datetime import date

AS_OF = date(2026, 11, 24)
"""The day the table was written; see above for what of it was compared with the pages."""
NAMES = {"python": "Python", "node": "Node.js", "ruby": "Ruby", "php": "PHP", "go": "Go"}
"""The languages that are looked at, and what people call them."""
PAGES = {
    "python": "https://endoflife.date/python",
    "node": "https://endoflife.date/nodejs",
    "ruby": "https://endoflife.date/ruby",
    "php": "https://endoflife.date/php",
    "go": "https://endoflife.date/go",
}

_ENDS = {
    "python": "2.7 2020-01-01 3.4 2019-03-18 3.5 2020-09-30 3.6 2021-12-23 3.7 2023-06-27 3.8 2024-10-07 "
    "3.9 2025-10-31 3.10 2026-10-31 3.11 2027-10-31 3.12 2028-10-31 3.13 2029-10-31 3.14 2030-10-31 3.15 2031-10-31",
    "node": "8 2019-12-31 10 2021-04-30 11 2019-06-30 12 2022-04-30 13 2020-06-01 14 2023-04-30 15 2021-06-01 "
    "16 2023-09-11 17 2022-06-01 18 2025-04-30 19 2023-06-01 20 2026-04-30 21 2024-06-01 22 2027-04-30 23 2025-06-01 "
    "24 2028-04-30 25 2026-06-01 26 2029-04-30",
    "ruby": "2.5 2021-03-31 2.6 2022-03-31 2.7 2023-03-31 3.0 2024-04-23 3.1 2025-03-31 3.2 2026-03-31 3.3 2027-03-31 "
    "3.4 2028-03-31 4.0 2029-03-31",
    "php": "5.6 2018-12-31 7.0 2019-01-10 7.1 2019-12-01 7.2 2020-11-30 7.3 2021-12-06 7.4 2022-11-28 8.0 2023-11-26 "
    "8.1 2025-12-31 8.2 2026-12-31 8.3 2027-12-31 8.4 2028-12-31 8.5 2029-12-31",
    # A release of Go ends when the second one after it appears; the two newest have no date yet.
    "go": "1.18 2023-02-01 1.19 2023-08-08 1.20 2024-02-06 1.21 2024-08-13 1.22 2025-02-11 1.23 2025-08-12 "
    "1.24 2026-02-10 1.25 2026-08-19",
}

Line = tuple[int, ...]


def _table(text: str) -> dict[Line, date]:
    fields = text.split()
    lines = (tuple(map(int, name.split("."))) for name in fields[::2])
    return dict(zip(lines, map(date.fromisoformat, fields[1::2]), strict=True))


ENDS: dict[str, dict[Line, date]] = {language: _table(text) for language, text in _ENDS.items()}
"""By language and release line: the last day with security fixes."""


def parts_of_a_line(language: str) -> int:
    """How many numbers name a release line: one for Node.js (22), two for the others (3.12)."""
    return 1 if language == "node" else 2


def end_of(language: str, line: Line) -> date | None:
    """The last day a release line gets security fixes; None when the table knows none (a newer line, or no date yet).

    A line older than the table's oldest ended before that one did; the oldest one's date is given.
    """
    known = ENDS[language]
    oldest = min(known)
    return known[oldest] if line < oldest else known.get(line)
