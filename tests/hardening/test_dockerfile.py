"""Dockerfiles as Docker reads them: continuation, heredocs, arguments, stages; and what no one should write."""

from __future__ import annotations

import time

import pytest

from launchready.hardening.dockerfile import Image, for_development, image, is_dockerfile, parse


def test_continued_lines_are_one_instruction_without_comments_and_empty_lines() -> None:
    stage = parse("FROM a:1\nRUN one && \\\n  # why\n\n  two\nCMD three\n").stages[0]

    assert [(i.keyword, i.text, i.line) for i in stage.instructions] == [("RUN", "one && two", 2), ("CMD", "three", 6)]


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    stage = parse("# escape=`\nFROM a:1\nRUN dir C:\\\nRUN one `\n  two\n").stages[0]

    assert [i.text for i in stage.instructions] == ["dir C:\\", "one two"]


def test_a_heredoc_is_the_text_of_its_command_and_hides_no_instruction() -> None:
    stage = parse("FROM a:1\nRUN <<EOF\nFROM b\npython manage.py migrate\nEOF\nRUN cat <<<EOF\nCMD c\n").stages[0]

    assert [i.keyword for i in stage.instructions] == ["RUN", "RUN", "CMD"]
    assert "manage.py migrate" in stage.instructions[0].text


def test_a_heredoc_that_never_ends_takes_the_rest_of_the_file() -> None:
    assert len(parse("FROM a:1\nRUN <<EOF\nx\ny\n").stages[0].instructions) == 1


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('CMD ["node", "server.js"]', "node server.js"),
        ('CMD ["sh", "-c", "npm run dev"]', "npm run dev"),
        ("CMD npm start", "npm start"),
        ("CMD ['node', 'x']", "['node', 'x']"),
        ("CMD [", "["),
    ],
)
def test_commands_of_both_forms(text: str, command: str) -> None:
    last = parse(f"FROM a:1\n{text}\n").stages[0].last("CMD")

    assert last is not None
    assert last.command == command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM node", Image("node")),
        ("FROM docker.io/library/node:22", Image("node", "22")),
        ("FROM registry.example:5000/team/app", Image("registry.example:5000/team/app")),
        ("FROM a/b:1@sha256:ff", Image("a/b", "1", "sha256:ff")),
        ("ARG V=3.12\nFROM python:${V}-slim", Image("python", "3.12-slim")),
        ("ARG V\nFROM python:${V:-3.13}", Image("python", "3.13")),
        ("ARG A=3\nARG B=$A.12\nFROM python:$B", Image("python", "3.12")),
        ("FROM --platform=$BUILDPLATFORM golang:1.24 AS build", Image("golang", "1.24")),
        ("from NODE:22 as Build", Image("NODE", "22")),
    ],
)
def test_images_with_the_defaults_of_their_arguments(text: str, expected: Image) -> None:
    assert parse(text).stages[0].image == expected


def test_an_argument_without_default_leaves_the_base_unknown() -> None:
    stage = parse("ARG V\nFROM python:$V\n").stages[0]

    assert (stage.image, stage.unknown) == (None, True)


def test_a_stage_goes_on_from_an_earlier_one_whatever_its_case() -> None:
    file = parse("FROM a:1 AS Base\nENV NODE_ENV=production\nCMD x\nFROM base\n")

    assert file.final is not None
    assert file.final.image is None
    assert file.final.root_image() == Image("a", "1")
    assert file.final.variables["NODE_ENV"] == "production"
    assert file.final.last("CMD") is not None


def test_a_stage_chosen_by_the_target_processor_is_found() -> None:
    file = parse("FROM a:1 AS base-amd64\nFROM b:1 AS base-arm64\nFROM base-${TARGETARCH}\n")

    assert [stage.image for stage in file.used()] == [Image("a", "1"), None]


def test_only_stages_that_the_final_one_is_made_of_are_used() -> None:
    file = parse(
        "FROM a:1 AS tests\nFROM b:1 AS build\nFROM c:1 AS tools\nFROM d:1\nCOPY --from=build / /\n"
        "RUN --mount=type=bind,from=tools,target=/t make\n"
    )

    assert [stage.base for stage in file.used()] == ["b:1", "c:1", "d:1"]


def test_a_last_stage_for_development_is_not_the_one_of_production() -> None:
    file = parse("FROM a:1 AS production\nCMD x\nFROM production AS dev\nCMD y\n")

    assert file.final is not None
    assert file.final.name == "production"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("ENV A=1 B='two words'", "B", "two words"),
        ("ENV A one value", "A", "one value"),
        ("ARG A=1\nENV B=$A-x", "B", "1-x"),
        ("ENV A=1\nARG A=2", "A", "2"),
        ("ENV A=1\nARG A", "A", "1"),
    ],
)
def test_variables_of_a_stage(text: str, name: str, value: str) -> None:
    assert parse(f"FROM a:1\n{text}\n").stages[0].variables[name] == value


@pytest.mark.parametrize(
    "text", ["", "\\", "FROM", "RUN x", "\0\0", "FROM a\nRUN <<", "# escape=\\\nFROM a:1 \\", "ENV '"]
)
def test_what_is_no_dockerfile_does_no_harm(text: str) -> None:
    parse(text).used()


def test_a_huge_and_hostile_file_is_read_in_time() -> None:
    began = time.monotonic()
    parse("FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(50_000))).used()
    parse("FROM a\nRUN " + "\\\n" * 200_000).used()
    parse("FROM ${" * 50_000).used()
    image("a:" * 100_000)

    assert time.monotonic() - began < 5


def test_names_of_dockerfiles() -> None:
    assert [is_dockerfile(p) for p in ("Dockerfile", "web/dockerfile.prod", "web.Dockerfile", "Containerfile")] == [
        True
    ] * 4
    assert [is_dockerfile(p) for p in ("dockerfile.py", "Dockerfile.dockerignore", "docker.md")] == [False] * 3


def test_names_that_say_development() -> None:
    assert [
        for_development(p) for p in ("Dockerfile.dev", "dev/Dockerfile", "Dockerfile-test", "local.Dockerfile")
    ] == [True] * 4
    assert [for_development(p) for p in ("Dockerfile", "Dockerfile.prod", "devices/Dockerfile", "web.Dockerfile")] == [
        False
    ] * 4
