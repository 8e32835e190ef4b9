"""The journal of an action where the disk or the machine failed in the middle of a line."""

from __future__ import annotations

from pathlib import Path

from launchready import journal


def test_a_line_that_was_cut_short_does_not_swallow_the_next(tmp_path: Path) -> None:
    book = journal.begin(tmp_path, "env push", "production")
    with book.path.open("ab") as file:
        file.write(b'{"at":"2026-11-24T00:00:00+00:00","what":"done","na')

    book.note("intent", name="SECRET_KEY", do="add")

    assert [entry["what"] for entry in book.entries()] == ["begun", "intent"]
