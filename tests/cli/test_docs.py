from __future__ import annotations

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

from launchready import gate
from launchready.cli import reference
from launchready.portal import parse_portal

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


def test_every_example_of_launchready_toml_in_the_guides_can_be_read() -> None:
    examples = [
        (page.name, block)
        for page in (*DOCS.glob("*.md"), DOCS.parent / "README.md")
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(examples) >= 6
    for page, block in examples:
        parse_portal(block if "domain = " in block.partition("[")[0] else f'domain = "example.com"\n{block}', page)


def test_the_published_schemas_are_schemas() -> None:
    for name in ("schemas/report-1.json", "schemas/launchready.schema.json"):
        Draft202012Validator.check_schema(json.loads(reference.pages()[name]))
