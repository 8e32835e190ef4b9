"""`launchready docs` (hidden): regenerate what is generated under docs/; `make docs` calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def docs(
    directory: Annotated[Path, typer.Argument(help="The docs directory.")],
    picture: Annotated[
        bool, typer.Option(help="Also draw report.svg, from an audit of the demo's faulty portal.")
    ] = True,
) -> int:
    """Write the check reference, the list of planted faults, the schemas, and the picture of a report."""
    import asyncio

    from launchready.cli.output import write_whole
    from launchready.cli.reference import pages

    written = pages()
    if picture:
        written["report.svg"] = asyncio.run(_picture())
    for name, text in written.items():
        write_whole(directory / name, text)
    for old in set((directory / "checks").glob("*.md")) - {directory / name for name in written}:
        old.unlink()
    print(f"wrote {len(written)} files below {directory}")
    return 0


async def _picture() -> str:
    from launchready import gate
    from launchready.lab.demo import faulty_world
    from launchready.lab.lab import Lab
    from launchready.report import terminal

    async with Lab(faulty_world()) as lab:
        look = lab.look()
        return terminal.picture(await gate.run(look.portal, look))
