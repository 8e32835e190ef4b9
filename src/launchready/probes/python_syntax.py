"""Python source to its syntax tree, for checks that read code in threads. Nothing is executed or imported."""

from __future__ import annotations

import ast
import threading
import warnings

_ONE_AT_A_TIME = threading.Lock()


def parsed(text: str | bytes) -> ast.Module:
    """The tree of a file. Raises SyntaxError, ValueError, RecursionError and MemoryError as `ast.parse` does.

    Before Python 3.12 two threads that make trees at once may meet a SystemError ("AST constructor recursion depth
    mismatch", https://github.com/python/cpython/issues/106905): the depth is counted for the interpreter as a whole.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of the portal's code, for its own tests to say
        return ast.parse(text)
