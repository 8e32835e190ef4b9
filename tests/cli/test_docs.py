from __future__ import annotations

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

from launchready import gate
from launchready.cli import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_what_is_generated_under_docs_is_up_to_date() -> None:
    stale = [
        name
        for name, text in reference.pages().items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs`"


def test_no_page_of_checks_is_left_over() -> None:
    assert {f"checks/{path.name}" for path in (DOCS / "checks").iterdir()} <= set(reference.pages())


def test_links_between_generated_pages_lead_somewhere() -> None:
    pages = reference.pages()
    for id in gate.catalogue():
        area = id.partition(".")[0]
        assert f"({area}.md#{id.replace('.', '')})" in pages["checks/index.md"]
        assert f"\n## {id}\n" in pages[f"checks/{area}.md"]


def test_no_cell_of_a_table_is_broken_by_its_text() -> None:
    for name, text in reference.pages().items():
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        for row in rows:
            assert len(re.findall(r"(?<!\\)\|", row)) in (4, 6), (name, row)


def test_the_published_schemas_are_schemas() -> None:
    for name in ("schemas/report-1.json", "schemas/launchready.schema.json"):
        Draft202012Validator.check_schema(json.loads(reference.pages()[name]))
