"""Whether the images that the portal is built on are the same tomorrow."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from launchready.gate import check
from launchready.hardening.dockerfile import (
    Dockerfile,
    Image,
    copied_from,
    for_development,
    image,
    is_dockerfile,
    parse,
)
from launchready.hardening.documents import basename, open_shelf
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.portal import Portal
from launchready.probes.look import Look

MOVING = frozenset({"python", "ruby", "php", "golang"})
"""Images whose next minor release breaks what the last one ran, so a major number alone is no choice of version."""
_CODENAMES = {"jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "xenial", "bionic", "focal", "jammy"}
_CODENAMES |= {"noble", "plucky", "questing", "resolute"}


@check(
    "parity.base_image",
    Stage.HARDENING,
    roadmap="C3 C6",
    severity=Severity.HIGH,
    effort=15,
    reference="https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
    needs="repository",
)
async def base_image(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """An image is built on whatever its base happens to be that day.

    Why: `latest` moves to the next release of the language without a word: the deployment that fixes a typo also
    changes the runtime, and rolling back to yesterday's code does not bring yesterday's image back.

    Fix: name the release in the tag (`python:3.12-slim`, `node:24-alpine`), and update it on purpose.

    Looked at is every FROM of a Dockerfile that production is made of, with the defaults of its arguments put in; names
    of earlier stages, `scratch` and Dockerfiles for development are left out, and so is a patch tag without digest: it
    is a choice. No tag, `latest` or a tag without any version is a high risk; a major version alone is nice to fix
    where minor releases break things (Python, Ruby, PHP, Go), and so is an unpinned image that only a file is copied
    from.
    """
    shelf = await open_shelf(look)
    if isinstance(shelf, NotChecked):
        yield shelf
        return
    looked = 0
    for path in (path for path in shelf.files if is_dockerfile(path) and not for_development(path)):
        text = await shelf.text(path)
        if text is None:
            continue
        looked += 1
        file = parse(text, path)
        rows = list(_judge(file))
        for row in rows:
            yield row
        if not file.stages:
            yield NotChecked(path, "it has no FROM", "write a Dockerfile that builds an image")
        elif not rows:
            images = [_shown(stage.image) for stage in file.used() if stage.image]
            yield Passed(path, f"each image names its version: {', '.join(dict.fromkeys(images))[:200] or 'scratch'}")
    for complaint in shelf.complaints():
        yield complaint
    if not looked:
        yield Passed("base images", "no Dockerfile builds an image")


def _judge(file: Dockerfile) -> Iterator[Row]:
    seen: set[str] = set()
    for stage in file.used():
        where = f"{file.path}:{stage.line}"
        if stage.unknown:
            yield NotChecked(where, f"{stage.base} depends on an argument without a default", "give the ARG a default")
        elif stage.image and stage.base not in seen:
            seen.add(stage.base)
            if loose := looseness(stage.image):
                severity, what = loose
                yield Finding(
                    where,
                    f"{file.path} builds on {_shown(stage.image)}, {what}.",
                    evidence=f"FROM {stage.base}",
                    severity=severity,
                    key=stage.base,
                )
    for stage in file.used():
        for source in dict.fromkeys(copied_from(stage)):
            if "$" in source or file.stage(source) or source.isdigit() or not ("/" in source or ":" in source):
                continue
            loose = looseness(image(source))
            if loose and source not in seen:
                seen.add(source)
                yield Finding(
                    f"{file.path}:{stage.line}",
                    f"{file.path} copies from {_shown(image(source))}, {loose[1]}.",
                    evidence=f"COPY --from={source}",
                    severity=Severity.NICE,
                    key=source,
                )


def looseness(one: Image) -> tuple[Severity, str] | None:
    """How an image fails to say which release it is, and how grave that is; None where it says it."""
    name = basename(one.name).lower()
    if one.digest or name == "scratch":
        return None
    if re.search(r"-debian\d+$", name):  # distroless: the release is in the name, its tags are variants
        return None
    tag = one.tag.lower()
    if not tag:
        return Severity.HIGH, "which names no version, so it is whatever is newest when it is built"
    # A code name is the version of a system; on an image of a language it says nothing of the language.
    system = name in ("debian", "ubuntu", "buildpack-deps") or "/" in one.name
    named = system and _CODENAMES & set(re.split(r"[-_.]", tag))
    if tag == "latest" or not (named or re.search(r"\d", _without_base(tag))):
        return Severity.HIGH, f"and `{one.tag}` is whatever is newest when it is built"
    major = re.match(r"v?(\d+)(?:-|$)", tag)
    if name in MOVING and one.name == name and major and int(major.group(1)) < 20:
        return Severity.NICE, "which moves to the next minor release by itself"
    return None


def _without_base(tag: str) -> str:
    """`slim-bookworm` and `alpine3.20` name the system's release, not the one of what runs on it."""
    return re.sub(r"(alpine|debian|ubuntu|ubi|nanoserver|windowsservercore)-?[\d.]*", "", tag)


def _shown(one: Image) -> str:
    return f"{one.name}:{one.tag}" if one.tag else one.name
