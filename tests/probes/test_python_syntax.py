"""Python read in several threads at once, as checks do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from launchready.probes.python_syntax import parsed


def test_threads_that_read_at_once_do_not_disturb_each_other() -> None:
    nested = "x = " + "(" * 80 + "1" + ")" * 80 + "\n"
    text = "".join(f"def f{i}():\n    return [{i}, {{'a': f{i}(*[1], **{{}})}}]\n" for i in range(300)) + nested * 20
    with ThreadPoolExecutor(8) as threads:
        trees = list(threads.map(parsed, [text] * 64))
    assert {len(tree.body) for tree in trees} == {320}


def test_what_is_not_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        parsed("def (:")
