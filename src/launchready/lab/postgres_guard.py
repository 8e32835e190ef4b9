"""Stops a PostgreSQL of the lab when the process that started it dies in whatever way, `kill -9` included.

PostgreSQL makes itself a daemon, so that it outlives whoever started it, and `atexit` runs only at an orderly end. A
shell waits at the end of a pipe instead: the kernel closes the pipe with the process. POSIX only.
"""

from __future__ import annotations

import atexit
import subprocess
from pathlib import Path

_WAITS = """
cat >/dev/null
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] || exit 0
kill -INT "$pid" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e "$1/postmaster.pid" ] || break
  sleep 0.25
done
rm -rf -- "$2"
"""
"""SIGINT is PostgreSQL's fast shutdown. Who ended in order has stopped the server himself: no file, nothing to do."""


def stop_with_this_process(cluster: Path, folder: Path) -> None:
    """From now on the server of `cluster` ends with this process, and `folder`, which holds it, is deleted then."""
    waiting = subprocess.Popen(
        ["/bin/sh", "-c", _WAITS, "sh", str(cluster), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us, not for it
    )
    atexit.register(_let_go, waiting)


def _let_go(waiting: subprocess.Popen[bytes]) -> None:
    if waiting.stdin:
        waiting.stdin.close()
    waiting.wait(10)
