from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from launchready import __version__, gate

Run = Callable[..., Any]


def test_it_says_why_and_how_to_fix_and_where_it_is_written(run: Run) -> None:
    info = gate.catalogue()["dns.caa"].info
    words = " ".join(run("explain", "dns.caa").out.split())
    for part in (info.id, info.title, info.severity, info.why, info.fix, info.reference):
        assert " ".join(part.split()) in words


def test_every_check_can_be_explained(run: Run) -> None:
    for id in gate.catalogue():
        assert run("explain", id).code == 0


def test_a_prefix_lists_its_checks(run: Run) -> None:
    lines = run("explain", "mail.dmarc").out.splitlines()
    assert [line.split()[0] for line in lines] == [id for id in gate.catalogue() if id.startswith("mail.dmarc.")]


def test_a_wrong_name_brings_the_nearest(run: Run) -> None:
    ran = run("explain", "dns.ca")
    assert ran.code == 2
    assert "did you mean 'dns.caa'?" in ran.err


def test_as_json(run: Run) -> None:
    assert json.loads(run("explain", "dns.caa", "--json").out)["id"] == "dns.caa"
    assert len(json.loads(run("explain", "mail.dmarc", "--json").out)) > 1


def test_the_catalogue_lists_every_check(run: Run) -> None:
    listed = json.loads(run("checks", "--json").out)
    table = run("checks").out
    assert [c["id"] for c in listed["checks"]] == list(gate.catalogue())
    assert all(id in table for id in gate.catalogue())


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"launchready {__version__}\n", "")


def test_nothing_typed_brings_the_help(run: Run) -> None:
    ran = run()
    assert "check" in ran.out + ran.err
