from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from sample import HOSTILE, sample

from launchready.model import DeploymentMap, Finding, MapEdge, MapNode, Part, Severity
from launchready.report import html, json_report, map_json, map_layout, map_mermaid, map_svg, map_text

GRAVE = Finding("app.example.com", f"It is open. {HOSTILE}", severity=Severity.BLOCKER, check="x.open", fix="Close it.")
SMALL = Finding("example.com", "It is slow.", severity=Severity.NICE, check="x.slow")


def small_map(text: str = "app") -> DeploymentMap:
    return DeploymentMap(
        "example.com",
        (
            MapNode("domain", Part.DOMAIN, "example.com", findings=(SMALL,)),
            MapNode("dns", Part.DNS, "Cloudflare", details=("ada.ns.cloudflare.com",)),
            MapNode("host:app", Part.HOST, text, "production", (text,), findings=(GRAVE,)),
            MapNode("app", Part.APP, text, "production", known=False),
            MapNode("mail:in", Part.MAIL, "Google Workspace"),
            MapNode("code", Part.CODE, "Repository"),
        ),
        (MapEdge("domain", "dns"), MapEdge("dns", "host:app"), MapEdge("host:app", "app"), MapEdge("gone", "app")),
    )


def big_map() -> DeploymentMap:
    hosts = tuple(MapNode(f"h{i}", Part.HOST, f"host-{i}.example.com", "production") for i in range(300))
    grave = replace(hosts[250], findings=(GRAVE,))
    return DeploymentMap("example.com", (*hosts[:250], grave, *hosts[251:]), ())


@pytest.mark.parametrize("drawn", [small_map(), small_map(HOSTILE), big_map(), DeploymentMap("x.example", (), ())])
def test_the_svg_is_well_formed_and_runs_nothing(drawn: DeploymentMap) -> None:
    text = map_svg.render(drawn)

    root = ElementTree.fromstring(text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "style",
        "defs",
        "marker",
        "path",
        "rect",
        "g",
        "text",
        "tspan",
        "circle",
        "ellipse",
    }
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or name.endswith("href") or name == "style"]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066\u200b\ufeff\ud800-\udfff]", text)


def test_it_has_a_name_and_a_summary_for_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(map_svg.render(small_map()))
    assert root.attrib["role"] == "img"
    ids = {element.attrib.get("id"): element.text for element in root.iter()}
    assert [ids[id] for id in root.attrib["aria-labelledby"].split()] == [
        "Deployment map of example.com", "6 parts of example.com in production; 2 findings on them."
    ]  # fmt: skip


def test_what_is_cut_is_whole_in_the_title() -> None:
    name = "a-very-long-name-of-a-host-that-nobody-can-read." * 4 + "example.com"
    text = map_svg.render(small_map(name))
    assert f"address: {name}" in text
    assert "…" in text


def test_what_must_change_is_told_gravest_first() -> None:
    text = map_svg.render(small_map())
    assert text.index("What must change (2)") < text.index(">It is open.") < text.rindex(">It is slow.")


def test_names_stay_inside_their_boxes() -> None:
    for name in ("W" * 80, "staging.brightside.example", "日本語" * 20, "a b " * 30, ""):
        for line in map_layout.broken(name, 160, 13):
            assert map_layout.width_of(line, 13, bold=True) <= 160
        for line in map_layout.wrapped(name, 160, 11, 2):
            assert map_layout.width_of(line, 11) <= 160


def test_nodes_do_not_overlap() -> None:
    for drawn in (small_map(), small_map(HOSTILE), big_map()):
        boxes = list(map_layout.layout(drawn).boxes.values())
        for one in boxes:
            for other in boxes:
                if one is not other and one.column == other.column:
                    assert one.y + one.height <= other.y or other.y + other.height <= one.y


def test_of_many_the_ones_that_must_change_are_drawn() -> None:
    boxes = map_layout.layout(big_map()).boxes
    assert len(boxes) == map_layout.MOST_IN_COLUMN
    assert "h250" in boxes


def test_mermaid_shows_hostile_text_and_obeys_none_of_it() -> None:
    text = map_mermaid.render(
        small_map('x"] --> y; click n0 "javascript:alert(1)" `**b**` <img> #quot; end %%{init}%%')
    )
    labels = re.findall(r'"((?:[^"])*)"', text)
    assert text.count('"') == 2 * len(labels)
    assert not [label for label in labels if re.search(r"[<>`\[\]{}|\"%;]", re.sub(r"#\d+;|<br/>", "", label))]
    assert any("click" in label for label in labels)  # as text only
    assert "javascript:alert(" not in text
    assert map_mermaid.quoted('"a"') == "#34;a#34;"


def test_the_tree_says_what_the_picture_says() -> None:
    tree = map_text.tree(small_map())
    assert tree.label == "domain: example.com — 1 nice to fix"
    assert [child.label for child in tree.children][1:] == ["production", "mail", "code and delivery"]
    assert tree.children[1].children[0].label == "address: app (app) — 1 blocker → app"
    assert tree.children[1].children[1].label == "application: app [not seen]"


def test_json_and_its_schema_agree() -> None:
    import jsonschema

    from launchready.report.json_schema import schema

    report = replace(sample(), map=small_map())
    document = json.loads(json_report.render(report))
    jsonschema.validate(document, schema())
    assert document["map"]["must_change"][0]["severity"] == "blocker"
    jsonschema.validate(map_json.document(small_map(HOSTILE)), map_json.schema())


def test_the_html_report_draws_it_within_its_policy() -> None:
    page = html.render(replace(sample(), map=small_map(HOSTILE)))
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="map"' in page
    assert page.count("<style>") == 1
    assert page.count("<script>") == 1
    assert "The map in words" in page
    assert "<script>alert" not in page
    assert ' style="' not in page


def test_a_report_without_a_map_has_no_place_for_one() -> None:
    assert "Deployment map" not in html.render(sample())
