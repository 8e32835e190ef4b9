"""What `launchready perf` says of thirty planted causes in the portals of three stacks, and of their healthy twins.

Each portal (Django, FastAPI, Express; on PostgreSQL, over plain HTTP on loopback) is measured as it is, and then once
with each of its ten causes: a small change of its source or database, see `portals/`. Found is a cause when the check
it is for has a finding that names what it must name. Further findings are right where they follow from the cause
(`also`); others, and all on a healthy portal, are false alarms. HTTP/2 is not judged here: there is no TLS.

    python bench/detection.py [--stack django] [--only lines-one-by-one,healthy] [--seconds 25] [--reports FOLDER]
    python bench/detection.py --serve django/nothing-compressed      # one portal, until Ctrl-C, to look at by hand

A portal takes some 40 s on two cores, all of them some 20 minutes; what must be seen in a browser needs a machine with
nothing else to do, else it is not checked, and a cause counts as missed.

Exits 1 when a cause was missed or something was named that is not there. Express needs node and npm; where they are
missing it is left out, and that is said.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portals.causes import Cause
from portals.outside import outside
from portals.planted import CAUSES
from portals.postgres import postgres
from portals.stacks import BIN, PASSWORD, PEOPLE, STACKS, Place, Stack, secrets_of

SECONDS, REQUESTS = 10, 400
HEALTHY = "healthy"
TEXTS = ("subject", "problem", "evidence", "fix", "paste")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one portal."""

    expected: str
    verdict: str
    """`found`, `silent`, `MISSED`, `ALARMED` or `FAILED`."""
    also: tuple[str, ...] = ()
    """Checks that named something which follows from the cause."""
    wrong: tuple[str, ...] = ()
    """What was named and is not there."""
    unchecked: tuple[str, ...] = ()
    """`check: reason` of what could not be looked at."""
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether it was found, and nothing else was made up."""
        return self.verdict in ("found", "silent") and not self.wrong


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that databases and portals end with it
    with tempfile.TemporaryDirectory(prefix="lr-") as folder, outside() as (web, mail):
        root = Path(folder)
        root.chmod(0o755)  # PostgreSQL runs as a user of its own where we are root
        with postgres(root / "db") as server:
            place = Place(root, server, web, mail)
            return serve(place, asked.serve) if asked.serve else measure(place, asked)


def measure(place: Place, asked: argparse.Namespace) -> int:
    """Every portal that was asked for. 1 when one was not judged rightly."""
    judged: list[Judged] = []
    print(f"{'stack':8} {'cause':26} {'expected check':24} {'':8} {'s':>4}  also | NOT THERE", flush=True)
    for stack in STACKS:
        chosen = [cause for cause in (None, *CAUSES[stack.name]) if _chosen(cause, asked.only)]
        if asked.stack not in ("", stack.name) or not chosen:
            continue
        if missing := stack.missing():
            print(f"{stack.name:8} left out: this machine has no {missing}", flush=True)
            continue
        place.prepare(stack)
        for cause in chosen:
            one = judge(place, stack, cause, asked)
            judged.append(one)
            _say(stack, cause, one)
    causes = [one for one in judged if one.expected]
    found = sum(one.verdict == "found" for one in causes)
    alarms = sum(len(one.wrong) for one in judged)
    print(f"{found} of {len(causes)} causes found; {alarms} false alarms on {len(judged)} portals")
    return 0 if judged and all(one.right for one in judged) else 1


def judge(place: Place, stack: Stack, cause: Cause | None, asked: argparse.Namespace) -> Judged:
    """Serve one portal, measure it as a user would, compare."""
    began, expected = time.monotonic(), cause.check if cause else ""
    with place.served(stack, cause) as folder:
        command = [str(BIN / "launchready"), "perf", "--config", str(folder / "launchready.toml"), "--json"]
        command += ["--seconds", str(asked.seconds), "--requests", str(asked.requests)]
        environment = {**os.environ, **secrets_of(place.postgres, folder)}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    name, spent = cause.id if cause else HEALTHY, time.monotonic() - began
    if asked.reports:
        asked.reports.mkdir(parents=True, exist_ok=True)
        (asked.reports / f"{stack.name}-{name}.json").write_text(ran.stdout, encoding="utf-8")
        (asked.reports / f"{stack.name}-{name}.err").write_text(ran.stderr, encoding="utf-8")
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Judged(expected, "FAILED", wrong=(f"exit {ran.returncode}: {last[:200]}",), seconds=spent)
    return compared(report, cause, spent)


def compared(report: dict[str, Any], cause: Cause | None, seconds: float) -> Judged:
    """The report against what was planted."""
    findings = [(f["check"], " ".join(str(f[name]) for name in TEXTS), f) for f in report["findings"]]
    unchecked = tuple(dict.fromkeys(f"{row['check']}: {row['reason']}" for row in report["not_checked"]))
    if cause is None:
        wrong = tuple(f"{check}: {f['subject']}: {f['problem']}" for check, _, f in findings)
        return Judged("", "ALARMED" if wrong else "silent", (), wrong, unchecked, seconds)
    named = [check == cause.check and all(names(text, word) for word in cause.words) for check, text, _ in findings]
    right = {cause.check, *cause.also}
    also = {check.partition(".")[2] for check, _, _ in findings if check in cause.also}
    wrong = tuple(f"{check}: {f['subject']}: {f['problem']}" for check, _, f in findings if check not in right)
    if not any(named):
        wrong += tuple(
            f"wrong words: {f['problem']} {f['evidence']}" for check, _, f in findings if check == cause.check
        )
    return Judged(cause.check, "found" if any(named) else "MISSED", tuple(sorted(also)), wrong, unchecked, seconds)


def names(text: str, word: str) -> bool:
    """Whether the text holds the word, in any case; a route such as `GET /` as a whole, not as another's beginning."""
    end = r"(?![\w/{])" if " /" in word else ""
    return re.search(re.escape(word) + end, text, re.IGNORECASE) is not None


def serve(place: Place, wanted: str) -> int:
    """One portal, until Ctrl-C."""
    name, _, planted = wanted.partition("/")
    stack = next(stack for stack in STACKS if stack.name == name)
    cause = next((cause for cause in CAUSES[name] if cause.id == planted), None)
    place.prepare(stack)
    with place.served(stack, cause) as folder:
        variables = " ".join(f"{key}={value!r}" for key, value in secrets_of(place.postgres, folder).items())
        print((folder / "launchready.toml").read_text(encoding="utf-8"))
        print(f"{cause.title if cause else HEALTHY}; {PEOPLE[1]}, {PASSWORD}")
        print(f"{variables} launchready perf --config {folder}/launchready.toml", flush=True)
        try:
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            return 0


def _say(stack: Stack, cause: Cause | None, one: Judged) -> None:
    name = cause.id if cause else HEALTHY
    print(
        f"{stack.name:8} {name:26} {one.expected or '-':24} {one.verdict:8} {one.seconds:4.0f}  {', '.join(one.also)}",
        flush=True,
    )
    for text in one.wrong:
        print(f"{'':8}   | {' '.join(text.split())[:220]}", flush=True)
    if cause is None and one.unchecked:
        print(
            f"{'':8}   not checked: {', '.join(sorted({text.partition(':')[0] for text in one.unchecked}))}", flush=True
        )
    for text in one.unchecked if one.verdict == "MISSED" else ():
        if text.startswith(f"{one.expected}:"):
            print(f"{'':8}   not checked: {' '.join(text.split())[:220]}", flush=True)


def _chosen(cause: Cause | None, only: str) -> bool:
    return not only or (cause.id if cause else HEALTHY) in only.split(",")


def _arguments() -> argparse.Namespace:
    known = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    known.add_argument("--stack", default="", choices=[stack.name for stack in STACKS])
    known.add_argument("--only", default="", help="ids of causes, and `healthy`, with commas between")
    known.add_argument("--seconds", type=int, default=SECONDS, help="the budget of each measurement")
    known.add_argument("--requests", type=int, default=REQUESTS)
    known.add_argument("--reports", type=Path, help="a folder that keeps each report as JSON")
    known.add_argument("--serve", default="", metavar="STACK/CAUSE")
    return known.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
