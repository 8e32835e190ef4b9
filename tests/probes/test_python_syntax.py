"""Python read in several threads at once, as checks do."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from launchready.probes.python_syntax import parsed


class _Leaves:
    """Lets another thread go on when it is collected, as a file does that is closed."""

    def __del__(self) -> None:
        time.sleep(0)


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns often, also in the middle of a tree: that is where the collector runs."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("_restless")
def test_threads_that_read_at_once_do_not_disturb_each_other() -> None:
    nested = "x = " + "(" * 80 + "1" + ")" * 80 + "\n"
    text = "".join(f"def f{i}():\n    return [{i}, {{'a': f{i}(*[1], **{{}})}}]\n" for i in range(50)) + nested * 5

    def read(_number: int) -> int:
        for _ in range(3):
            circle = _Leaves()
            circle.__dict__["me"] = circle
        return len(parsed(text).body)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(600))) == {55}


def test_what_is_not_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        parsed("def (:")
