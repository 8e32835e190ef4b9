"""How a verb ends early: what happened, where, and what to do next, with the exit code that says which kind it was."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process returns; `docs/decisions/0045` says why these."""

    READY = 0
    FOUND = 1
    UNUSABLE = 2
    """The command, the configuration or a file to be written cannot be used."""
    UNPROVEN = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class Stop(Exception):
    """Ends the verb; the text is for people and goes to standard error."""

    def __init__(self, text: str, code: Exit = Exit.UNUSABLE) -> None:
        super().__init__(text)
        self.code = code
