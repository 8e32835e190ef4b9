"""`launchready deploy --replay JOURNAL --root FOLDER`: a release made again elsewhere, from its journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launchready.cli import releasing
from launchready.cli.asking import confirm
from launchready.cli.releasing import Ground, named, say
from launchready.cli.stop import Exit, Stop


def replayed(at: Ground, book: Path, root: Path, listen: str, *, yes: bool) -> int:
    """Show what the journal holds and lacks, ask, do it. Raises Stop."""
    from launchready.hardening.release.engine import Busy
    from launchready.hardening.release.replay import replay, script
    from launchready.hardening.release.words import Failed
    from launchready.journal import Journal
    from launchready.report.text import clean

    that = script(Journal(book), root, listen)
    if isinstance(that, Failed):
        raise Stop(f"{releasing.sentence(that)} Nothing was changed")
    say(f"Replay of {named(that.release)} at {root}, on {that.settings.listen}", quiet=at.quiet)
    for line in that.from_outside:
        say(f"  ! {clean(line)}")
    for line in that.lacks:
        say(f"  ✗ {clean(line)}")
    if that.lacks:
        raise Stop("the journal lacks what is needed there; nothing was changed", Exit.FOUND)
    confirm(f"Make it again at {root}?", yes=yes)
    try:
        result: Any = releasing.run(replay(at.portal, that, at.told))
    except Busy as busy:
        raise Stop(f"{busy}; nothing was changed") from None
    if isinstance(result, Failed):
        raise Stop(releasing.sentence(result), Exit.FOUND)
    return releasing.show_result(result, quiet=at.quiet)
