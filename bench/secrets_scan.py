"""CPU time of a scan for secrets, side by side: ours, the engine alone, gitleaks 8.30, on the same repository.

A repository of 200 MB in 5,000 commits is made from a seeded generator: Python, JavaScript, YAML, JSON, prose, with
some credential files among them. Each side runs in a process of its own, work tree and whole history; CPU seconds are
user + system of that process and its children, the best of three runs. "The engine alone" reads the same versions of
the same files through the same library with its own rules and does nothing with what it sees. Exits 1 when ours costs
more than 1.25 times the engine, or not less than gitleaks.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

COMMITS = int(os.environ.get("COMMITS", "5000"))
BYTES = int(os.environ.get("MEGABYTES", "200")) * 1_000_000
RUNS = 3

ENGINE = """
import sys
from pathlib import Path
from kingfisher_sdk import GitScope, Rules, ScanInput, Scanner, git_inputs
top = Path(sys.argv[1])
scanner = Scanner(Rules())
seen = 0
for path in top.rglob("*"):
    if path.is_file() and ".git" not in path.parts:
        seen += len(scanner.scan_input(ScanInput(path.relative_to(top).as_posix(), path.read_bytes())))
for item in git_inputs(top, scope=GitScope(refs=None)):
    if item.data is not None:
        seen += len(scanner.scan_input(item))
print(seen)
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="launchready-bench-") as folder:
        top = Path(folder) / "repo"
        make(top)
        size = sum(p.stat().st_size for p in top.rglob("*") if p.is_file() and ".git" not in p.parts)
        print(f"repository: {size / 1e6:.0f} MB in the work tree, {COMMITS} commits")
        python = sys.executable
        sides = {
            "engine alone": [python, "-c", ENGINE, str(top)],
            "launchready": [python, "-m", "launchready.cli.main", "secrets", str(top), "--json"],
            "gitleaks": ["sh", "-c", f"{gitleaks()} dir --no-banner -l error {top} || true;"
                         f" {gitleaks()} git --no-banner -l error {top} || true"],
        }  # fmt: skip
        cpu = {name: min(cpu_seconds(command) for _ in range(RUNS)) for name, command in sides.items()}
    for name, seconds in cpu.items():
        print(f"{name:14} {seconds:8.2f} CPU s")
    engine, peer = cpu["launchready"] / cpu["engine alone"], cpu["launchready"] / cpu["gitleaks"]
    print(f"launchready / engine alone = {engine:.2f} (limit 1.25)")
    print(f"launchready / gitleaks     = {peer:.2f} (limit 1.00)")
    return int(engine > 1.25 or peer >= 1)


def gitleaks() -> str:
    return str(Path(sys.executable).with_name("gitleaks"))


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one command and what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{command[:4]}: {done.stderr.decode()[-400:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make(top: Path) -> None:
    """Write the history through git fast-import: many files, of which each commit changes one or two."""
    top.mkdir()
    subprocess.run(["git", "init", "-q", "--initial-branch=main", str(top)], check=True)
    r = random.Random(3)
    vocabulary = ["".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=r.randint(2, 11))) for _ in range(4000)]
    vocabulary += ["password", "token", "secret", "key", "user", "request", "config", "value", "return", "import"]
    files = [
        f"src/m{n % 40}/file{n}.{('py', 'js', 'ts', 'yml', 'json', 'md', 'html', 'go')[n % 8]}" for n in range(3000)
    ]
    each = BYTES // len(files)
    importer = subprocess.Popen(["git", "-C", str(top), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    pipe = importer.stdin
    assert pipe
    contents: dict[str, bytes] = {}
    for number in range(COMMITS):
        first = number == 0
        changed = files if first else r.sample(files, 1)
        pipe.write(
            b"commit refs/heads/main\nmark :%d\ncommitter a <a@b.example> %d +0000\ndata 1\nx\n"
            % (number + 1, 1_700_000_000 + number * 600)
        )
        if not first:
            pipe.write(b"from :%d\n" % number)
        for path in changed:
            if first:
                contents[path] = text(r, vocabulary, each, path)
            else:
                cut = r.randrange(len(contents[path]))
                contents[path] = contents[path][:cut] + text(r, vocabulary, 400, path) + contents[path][cut + 400 :]
            pipe.write(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(contents[path])))
            pipe.write(contents[path] + b"\n")
    pipe.close()
    importer.wait()
    subprocess.run(["git", "-C", str(top), "checkout", "-q", "main"], check=True)


def text(r: random.Random, vocabulary: list[str], length: int, path: str) -> bytes:
    lines, size = [], 0
    while size < length:
        a, b, c = r.choices(vocabulary, k=3)
        line = (
            f"    {a} = {b}({c})", f"def {a}_{b}(self, {c}):", f'    {a}: "{b} {c}",', f"# {a} {b} {c} {a} {b}", "",
            f'  "{a}": {{"{b}": {r.randrange(9999)}}},', f"const {a} = require('{b}');", f"  if ({a} === {b}) return;",
        )[r.randrange(8)]  # fmt: skip
        if r.random() < 0.00001:
            line = f'{a.upper()}_PASSWORD = "{"".join(r.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJK23456789", k=16))}"'
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines)[:length].encode()


if __name__ == "__main__":
    sys.exit(main())
