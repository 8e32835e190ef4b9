"""What `launchready --help` costs: CPU time of the whole process beside that of an interpreter doing nothing.

Exits 1 when it takes 0.2 s of CPU or more.
"""

from __future__ import annotations

import resource
import subprocess
import sys

RUNS = 7
ALLOWED_S = 0.2


def main() -> int:
    nothing = cpu_s([sys.executable, "-c", "pass"])
    help_page = cpu_s([sys.executable, "-m", "launchready.cli.main", "--help"])
    print(f"python -c pass:      {nothing:.3f} s CPU")
    print(f"launchready --help:  {help_page:.3f} s CPU ({help_page / nothing:.1f} times the bare interpreter)")
    return 0 if help_page < ALLOWED_S else 1


def cpu_s(command: list[str]) -> float:
    """User and system time of the command, the best of several runs."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(times)


if __name__ == "__main__":
    raise SystemExit(main())
