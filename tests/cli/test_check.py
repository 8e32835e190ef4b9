from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

Run = Callable[..., Any]

PROGRAM = [sys.executable, "-m", "launchready.cli.main"]
DOMAIN = "brightside.example"


def test_a_healthy_domain_is_ready_and_returns_0(run: Run, healthy: list[str]) -> None:
    ran = run("check", DOMAIN, *healthy)
    assert (ran.code, ran.err) == (0, "")
    assert "READY  brightside.example" in ran.out
    assert "NOT READY" not in ran.out


def test_a_faulty_domain_is_not_ready_and_returns_1(run: Run, faulty: list[str]) -> None:
    ran = run("check", DOMAIN, *faulty)
    assert ran.code == 1
    assert "NOT READY" in ran.out
    assert "What to do first\n1. [blocker]" in ran.out


@pytest.mark.parametrize(("fail_on", "code"), [("blocker", 1), ("high", 1), ("nice", 1), ("never", 0)])
def test_fail_on_decides_which_findings_fail(run: Run, faulty: list[str], fail_on: str, code: int) -> None:
    assert run("check", DOMAIN, *faulty, "--check", "mail.dmarc", "--quiet", "--fail-on", fail_on).code == code


def test_json_is_one_document_and_nothing_else(run: Run, faulty: list[str]) -> None:
    ran = run("check", DOMAIN, *faulty, "--check", "mail.dmarc", "--json")
    document = json.loads(ran.out)
    assert document["schema"] == "launchready.report/1"
    assert "mail.dmarc.missing" in {f["check"] for f in document["findings"]}
    assert {c["id"].rsplit(".", 1)[0] for c in document["checks"]} == {"mail.dmarc"}


def test_reports_are_written_besides_in_the_format_of_their_extension(
    run: Run, faulty: list[str], tmp_path: Path
) -> None:
    names = ("a.html", "a.json", "a.sarif", "a.sarif.json", "a.xml", "a.md", "a.txt")
    options = [word for name in names for word in ("--output", f"reports/{name}")]

    ran = run("check", DOMAIN, *faulty, "--check", "mail.dmarc", "--quiet", *options)

    text = {name: (tmp_path / "reports" / name).read_text(encoding="utf-8") for name in names}
    assert ran.out.startswith("NOT READY brightside.example: ")
    assert text["a.html"].startswith("<!doctype html>")
    assert json.loads(text["a.json"])["verdict"] == "not ready"
    assert json.loads(text["a.sarif"])["version"] == json.loads(text["a.sarif.json"])["version"] == "2.1.0"
    assert ElementTree.fromstring(text["a.xml"].encode()).get("failures") == "1"
    assert text["a.md"].startswith("# NOT READY")
    assert "\x1b" not in text["a.txt"]
    assert sorted(p.name for p in (tmp_path / "reports").iterdir()) == sorted(names)


@pytest.mark.parametrize("form", ["sarif", "junit", "markdown", "html"])
def test_any_format_can_be_printed(run: Run, faulty: list[str], form: str) -> None:
    ran = run("check", DOMAIN, *faulty, "--check", "mail.dmarc.missing", "--format", form)
    assert ran.out.startswith({"sarif": "{", "junit": "<?xml", "markdown": "# NOT", "html": "<!doctype"}[form])


def test_the_file_here_describes_the_portal(run: Run, healthy: list[str], tmp_path: Path) -> None:
    (tmp_path / "launchready.toml").write_text(f'domain = "{DOMAIN}"\n', encoding="utf-8")
    assert run("check", *healthy, "--check", "dns.caa", "--json").out.find('"domain": "brightside.example"') > 0


def test_an_accepted_risk_of_the_file_does_not_fail_the_run(run: Run, faulty: list[str], tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        f'domain = "{DOMAIN}"\n[[accepted]]\ncheck = "mail.*"\nreason = "moving in May"\nuntil = 2999-01-01\n',
        encoding="utf-8",
    )
    ran = run("check", "--config", "p.toml", *faulty)
    assert ran.code == 0
    assert "Accepted risks" in ran.out
    assert "moving in May" in ran.out


def test_with_no_network_at_all_the_answer_is_3_and_says_so(run: Run) -> None:
    ran = run("check", "example.com", "--closed", "--resolver", "here=192.0.2.53", "--timeout", "0.5", "--quiet")
    assert ran.code == 3
    assert ran.out == (
        "UNPROVEN example.com: Nothing could be looked at. Is this machine connected, and does the domain exist?\n"
    )


def test_a_domain_typed_beside_a_file_that_describes_another_leaves_the_file_aside(
    run: Run, healthy: list[str], tmp_path: Path
) -> None:
    (tmp_path / "launchready.toml").write_text('domain = "other.example"\n', encoding="utf-8")
    ran = run("check", DOMAIN, *healthy, "--check", "dns.caa", "--quiet")
    assert "describes other.example and is left aside" in ran.err
    assert "brightside.example" in ran.out


WRONG = {
    "no file": (["check"], "there is no such file; write one with `launchready init DOMAIN`"),
    "not a domain": (["check", "not a domain"], "is not a domain name"),
    "an address": (["check", "192.0.2.1"], "name the domain people type"),
    "a stage": (["check", "example.com", "--stage", "edg"], "did you mean 'edge'?"),
    "a check": (["check", "example.com", "--check", "mail.dmarc.mising"], "did you mean 'mail.dmarc.missing'?"),
    "part of a check": (["check", "example.com", "--check", "caa"], "did you mean 'dns.caa'?"),
    "an option": (["check", "example.com", "--jsn"], "--json"),
    "a verb": (["chek"], "check"),
    "a resolver": (["check", "example.com", "--resolver", "office"], "such as office=192.0.2.1"),
    "a resolver's port": (["check", "example.com", "--resolver", "a=192.0.2.1:99999"], "from 1 to 65535"),
    "a detour": (["check", "example.com", "--connect-to", "a:b"], "expected HOST:PORT:ADDR:PORT"),
    "a file of detours": (["check", "example.com", "--connect-to", "@absent.txt"], "absent.txt: cannot be read"),
    "roots": (["check", "example.com", "--ca-file", "absent.pem"], "absent.pem: cannot be read"),
    "an extension": (["check", "example.com", "--output", "report.pdf"], "there are .json, .sarif, .xml, .md, .html"),
    "a folder that is a file": (["check", "example.com", "-o", "/etc/hostname/a.html"], "not a directory"),
    "a directory": (["check", "example.com", "-o", "folder.html"], "is a directory"),
    "two formats": (["check", "example.com", "--json", "--format", "html"], "two formats"),
    "a time": (["check", "example.com", "--timeout", "-1"], "--timeout"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_used_is_named_and_returns_2(run: Run, words: tuple[list[str], str], tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    ran = run(*words[0])
    assert ran.code == 2
    assert words[1] in ran.err
    assert ran.out == ""


FILES = {
    "bad TOML": ("domain = ", "not valid TOML"),
    "an unknown key": ('domain = "example.com"\n[mail]\ndkim_selector = ["a"]', "did you mean 'dkim_selectors'?"),
    "a literal secret": ('domain = "example.com"\n[store]\npassword = "hunter2"', "password_env"),
    "no domain": ("hosts = []", "the key 'domain' is missing"),
    "bytes": ("\udcff\udcfe", "cannot be read"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_a_file_that_cannot_be_used_is_told_with_its_key(run: Run, file: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "launchready.toml").write_text(file[0], encoding="utf-8", errors="surrogateescape")
    ran = run("check")
    assert ran.code == 2
    assert ran.err.startswith("launchready: launchready.toml: ")
    assert file[1] in ran.err


def test_a_file_named_with_config_that_describes_another_domain_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('domain = "other.example"\n', encoding="utf-8")
    ran = run("check", "example.com", "--config", "p.toml")
    assert ran.code == 2
    assert "p.toml describes other.example, not example.com" in ran.err


def test_roots_that_are_no_certificates_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", encoding="utf-8")
    assert "a certificate in it cannot be read" in run("check", "example.com", "--ca-file", "ca.pem").err


def test_interrupted_it_leaves_nothing_behind_and_returns_130(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:  # it hears every question and answers none
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(20)
        place = f"127.0.0.1:{resolver.getsockname()[1]}"
        words = ["check", "example.com", "--closed", "--connect-to", f"192.0.2.53:53:{place}", "-o", "report.html"]
        command = [*PROGRAM, *words, "--resolver", "mute=192.0.2.53"]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
            resolver.recvfrom(4096)
            ran.send_signal(signal.SIGINT)
            out, err = ran.communicate(timeout=20)

    assert (ran.returncode, out, err) == (130, "", "launchready: interrupted; no report was written\n")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path, healthy: list[str]) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    command = [*PROGRAM, "check", DOMAIN, *healthy, "--check", "dns.caa", "-o", "report.html", "--quiet"]
    ran = subprocess.run(command, cwd=tmp_path, preexec_fn=no_room, capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert ran.stderr == "launchready: report.html: could not be written: File too large; nothing was left behind\n"
    assert list(tmp_path.iterdir()) == []


def test_an_older_report_survives_a_run_that_cannot_write(tmp_path: Path, healthy: list[str]) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    (tmp_path / "report.html").write_text("older", encoding="utf-8")
    command = [*PROGRAM, "check", DOMAIN, *healthy, "--check", "dns.caa", "-o", "report.html", "--quiet"]
    subprocess.run(command, cwd=tmp_path, preexec_fn=no_room, capture_output=True, check=False)

    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "older"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_without_room_is_told() -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run([*PROGRAM, "checks"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    assert "could not be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_that_goes_away_is_no_error_of_ours() -> None:
    with subprocess.Popen(
        [*PROGRAM, "checks", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        assert ran.stderr.read() == ""
    assert ran.returncode == 141
