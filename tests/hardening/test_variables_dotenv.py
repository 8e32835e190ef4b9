from __future__ import annotations

import time

import pytest

from launchready.hardening.variables_dotenv import commented_names, parse_dotenv


def values(text: str) -> dict[str, str | None]:
    return {entry.name: entry.value for entry in parse_dotenv(text)[0]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("A = 1 ", "1"),
        ("export A=1", "1"),
        ("A: 1", "1"),
        ("A=", ""),
        ("A=''", ""),
        ("A", None),
        ("A=one two # three", "one two"),
        ("A=one#two", "one#two"),
        ("A= # only a comment", ""),
        ("A='one # two' # three", "one # two"),
        ('A="one\\ntwo"', "one\ntwo"),
        ("A='one\\ntwo'", "one\\ntwo"),
        ('A="say \\"x\\""', 'say "x"'),
        ('A=`it\'s "x"`', 'it\'s "x"'),
        ('A="one\ntwo=2\nthree"', "one\ntwo=2\nthree"),
        ("A='$B'", "$B"),
        ("A=$(rm -rf /)", "$(rm -rf /)"),
        ("A=postgres://u:p@h/d?x=1", "postgres://u:p@h/d?x=1"),
        ('A="open', '"open'),
        ("\ufeffA=1", "1"),
        ("A=1\r\n", "1"),
    ],
)
def test_a_value(text: str, value: str | None) -> None:
    assert values(text)["A"] == value


def test_what_follows_a_value_of_several_lines_is_read_with_its_line() -> None:
    entries, wrong = parse_dotenv('KEY="-----BEGIN\nabc=\n-----END"\n\n# why\nB=2\n')
    assert [(e.name, e.line, e.last_line, e.comment) for e in entries] == [("KEY", 1, 3, ""), ("B", 6, 6, "why")]
    assert wrong == []


def test_references_are_put_in_and_unknown_ones_stay() -> None:
    assert values("A=1\nB=${A}2\nC=${X:-3}\nD=$X") == {"A": "1", "B": "12", "C": "3", "D": "$X"}


def test_lines_that_are_none_are_named() -> None:
    assert parse_dotenv("A=1\n<<<<<<< HEAD\n=2\nB=3\n")[1] == [2, 3]


def test_references_that_double_stay_small() -> None:
    began = time.monotonic()
    text = "A=" + "x" * 1000 + "\n" + "\n".join(f"A={'$A' * 1000}" for _ in range(50))
    assert len(values(text)["A"] or "") <= 64 * 1024
    assert time.monotonic() - began < 2


def test_garbage_is_read_to_its_end() -> None:
    parse_dotenv("\x00\xff=\n" * 1000 + "A='" * 2000)


def test_names_that_are_only_mentioned() -> None:
    assert commented_names("# Words = here\n# REDIS_URL=redis://x\n#DEBUG=1\nA=1\n") == {"REDIS_URL": 2, "DEBUG": 3}
