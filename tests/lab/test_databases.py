"""The lab's PostgreSQL ends with the process that started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launchready.lab.databases import missing

STARTS = """
import sys, time
from launchready.lab.databases import _server
print(_server(), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_killed_process_leaves_no_server_and_no_folder(end: signal.Signals | None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stdout
        cluster = Path(lab.stdout.readline().strip())
        server = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        if end:
            lab.send_signal(end)
        else:
            assert lab.stdin
            lab.stdin.close()
        lab.wait(20)

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and (cluster.parent.exists() or _lives(server)):
        time.sleep(0.1)
    assert not _lives(server)
    assert not cluster.parent.exists()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
