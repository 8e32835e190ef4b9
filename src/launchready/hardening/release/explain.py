"""The path of a release in plain English, from what the adapter says of itself."""

from __future__ import annotations

from pathlib import Path

from launchready.hardening.release.sources import identify, source_folder
from launchready.hardening.release.words import Adapter, Failed
from launchready.portal import Portal


def path_in_words(portal: Portal, adapter: Adapter, root: Path) -> list[str]:
    """Line by line, in order. Changes nothing and asks nobody."""
    settings = portal.deploy
    if settings is None:
        return []
    source = identify(source_folder(portal, root))
    what = f"the last commit, {source.version}" if not isinstance(source, Failed) and source.commit else "the folder"
    steps = adapter.explain()
    lines = [
        f"How {portal.domain} is released to {settings.environment}, by {adapter.name}:",
        f"1. Preflight: the checks connections.* and release.* look first; a blocker stops it. Released is {what}.",
    ]
    for number, word in enumerate(("build", "migrate", "release"), 2):
        lines += [f"{number}. {word.capitalize()}:", *(f"   - {line}" for line in steps.get(word, ["Nothing."]))]
    lines += [
        "5. Verify: the checks verify.* look at the portal as a visitor does.",
        "6. When it does not hold, the release that was live before is made live again by itself:",
        *(f"   - {line}" for line in steps.get("roll back", [])),
    ]
    if settings.undo_migrations:
        lines += [f"   - Takes the migrations back: {command}" for command in settings.undo_migrations]
    else:
        lines.append("   - The database stays as it is: migrations are not taken back.")
    lines.append("Every step is in the journal (.launchready/journal) before it is done; `--status` reads it.")
    return lines
