"""The report as one HTML file: nothing is fetched, it prints, reads on a phone, follows light and dark.

A Content-Security-Policy in the file allows its own style and script, by hash, and nothing else; so hostile text could
not run even if the escaping failed. Every text goes through `_e`: cleaned, then HTML-escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from importlib.resources import files

from launchready.model import BarRow, Finding, Outcome, Proof, Report, Severity, Status, Tree, Verdict
from launchready.performance.regression import compare
from launchready.report import digest, map_svg, map_text, performance
from launchready.report.digest import Blind, Group
from launchready.report.text import clean, linked, listed, minutes, opened

VERDICT_TONE = {Verdict.READY: "green", Verdict.NOT_READY: "red", Verdict.UNPROVEN: "amber"}
SEVERITY_TONE = {Severity.BLOCKER: "red", Severity.HIGH: "amber", Severity.NICE: "blue"}
PROOF_TONE = {Proof.PROVEN: "green", Proof.BROKEN: "red", Proof.UNPROVEN: "amber", Proof.OUT_OF_SCOPE: "grey"}


def render(report: Report) -> str:
    """The report as one self-contained HTML document."""
    style, script = _asset("page.css") + (map_svg.style() if report.map else ""), _asset("page.js")
    style += performance.style() if report.measured else ""
    said = digest.VERDICT_WORDS[report.verdict]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{said}: {_e(report.domain)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>{_verdict(report)}</header>
<main id="main">
{_first(report)}
{_bar(report)}{_map(report)}{_measured(report)}
{_findings(report)}
{_blind(report)}
{_accepted(report)}
{_pictures(report)}
{_passed(report)}
</main>
<footer>{_end(report)}</footer>
<script>{script}</script>
</body>
</html>
"""


def _verdict(report: Report) -> str:
    words = {Severity.BLOCKER: "blocker", Severity.HIGH: "high risk"}
    counts = [
        (
            SEVERITY_TONE[severity],
            f"{words[severity]}{'s' * (number != 1)}" if severity in words else "nice to fix",
            number,
        )
        for severity in Severity
        for number in (report.count(severity),)
    ]
    counts.append(("grey", "could not look", len(digest.of_status(report, Status.NOT_CHECKED))))
    counts.append(("green", "passed", len(digest.of_status(report, Status.PASSED))))
    cells = "".join(
        f'<li class="tone-{tone if number else "grey"}"><b>{number}</b> {name}</li>' for tone, name, number in counts
    )
    return (
        f'<div class="verdict tone-{VERDICT_TONE[report.verdict]}">'
        f'<p class="said">{digest.VERDICT_WORDS[report.verdict]}</p><h1>{_e(report.domain)}</h1>'
        f'<p class="headline">{_e(digest.headline(report))}</p><ul class="counts">{cells}</ul></div>'
    )


def _first(report: Report) -> str:
    items = "".join(
        f"<li>{_word(step.severity)} {_e(''.join(digest.sentence(step.first)))} "
        f'<span class="soft">{_on_more(step)}{minutes(step.effort_min)}</span></li>'
        for step in digest.first_steps(report)
    )
    return _section("first", "What to do first", f'<ol class="steps">{items}</ol>') if items else ""


def _on_more(group: Group) -> str:
    others = [subject for subject in group.subjects if subject != group.first.subject]
    return f"and {_e(listed(others, 3))} · " if others else ""


def _bar(report: Report) -> str:
    if not report.bar:
        return ""
    rows = "".join(map(_bar_row, report.bar))
    return _section(
        "bar",
        "The minimum bar",
        '<table class="stack"><caption>What must hold before a portal is shown, and what this run says of it</caption>'
        '<thead><tr><th scope="col">Row</th><th scope="col">Is</th><th scope="col">Must hold</th>'
        f'<th scope="col">Because</th></tr></thead><tbody>{rows}</tbody></table>',
    )


def _bar_row(row: BarRow) -> str:
    proof = f'<span class="word tone-{PROOF_TONE[row.proof]}">{digest.PROOF_WORDS[row.proof]}</span>'
    return (
        f'<tr><th scope="row">{_e(row.id)}</th><td>{proof}</td><td>{_e(row.must_hold)}</td>'
        f'<td class="soft">{_e(row.reason)}</td></tr>'
    )


def _map(report: Report) -> str:
    if report.map is None:
        return ""
    return "\n" + _section(
        "map",
        "Deployment map",
        f'<div class="map-frame" tabindex="0">{map_svg.picture(report.map)}</div>'
        "<details><summary>The map in words</summary>"
        f'<ul class="tree">{_branch(digest.pruned(map_text.tree(report.map)))}</ul></details>',
    )


def _measured(report: Report) -> str:
    if report.measured is None:
        return ""
    changes = compare(report.baseline, report.measured) if report.baseline else ()
    return "\n" + performance.section(report.measured, changes)


def _findings(report: Report) -> str:
    parts = []
    for severity, rows in digest.by_severity(report):
        number = sum(len(group.findings) for group in rows)
        cards = "".join(map(_card, rows))
        parts.append(_section(severity.name.lower(), f"{digest.SEVERITY_HEADINGS[severity]} ({number})", cards))
    return "\n".join(parts)


def _card(group: Group) -> str:
    first, shared = group.first, group.shared_paste
    places = "".join(_place(finding, with_paste=not shared) for finding in group.findings)
    source = "; ".join(
        f'<a href="{escape(link)}" rel="noopener noreferrer">{escape(name)}</a>' if link else escape(name)
        for name, link in linked(first.reference)
    )
    terms = "".join(
        f"<dt>{name}</dt><dd>{words}</dd>"
        for name, words in (
            ("Why", _prose(first.why)),
            ("Fix", _prose(first.fix) + (_paste(shared) if shared else "")),
            ("Source", source),
        )
        if words
    )
    return (
        f'<article class="card"><header>{_word(group.severity)}<h3><code>{_e(first.check)}</code></h3>'
        f'<span class="soft">{minutes(group.effort_min)}</span></header>'
        f'<ul class="places">{places}</ul><dl>{terms}</dl></article>'
    )


def _place(finding: Finding, *, with_paste: bool) -> str:
    seen = f"<pre>{_e_lines(finding.evidence)}</pre>" if finding.evidence else ""
    paste = _paste(finding.paste) if with_paste and finding.paste else ""
    before, subject, after = map(_e, digest.sentence(finding))
    return f'<li>{before}<span class="subject">{subject}</span>{after}{seen}{paste}</li>'


def _paste(text: str) -> str:
    return f'<div class="paste"><pre>{_e_lines(text)}</pre></div>'


def _blind(report: Report) -> str:
    rows = "".join(map(_blind_row, digest.blind(report)))
    if not rows:
        return ""
    number = len(digest.of_status(report, Status.NOT_CHECKED))
    return _section(
        "blind",
        f"Could not be checked ({number})",
        '<table class="stack"><caption>Not seen is not fine: why, and what would let us look</caption><thead><tr>'
        '<th scope="col">Why</th><th scope="col">What would let us</th><th scope="col">Checks</th>'
        f'<th scope="col">About</th></tr></thead><tbody>{rows}</tbody></table>',
    )


def _blind_row(row: Blind) -> str:
    checks = _e(listed(list(row.checks)))
    return (
        f'<tr><td>{_e(row.reason)}</td><td>{_e(row.unlock)}</td><td class="soft">{checks}</td>'
        f'<td class="soft">{_e(listed(list(row.subjects), 4))}</td></tr>'
    )


def _accepted(report: Report) -> str:
    items = "".join(
        f"<li>{_word(digest.severity_of(f))} <code>{_e(f.check)}</code> on {_e(f.subject)}: {_e(f.problem)} "
        f'<span class="soft">Accepted: {_e(f.accepted)}</span></li>'
        for f in report.accepted
    )
    return _section("accepted", f"Accepted risks ({len(report.accepted)})", f"<ul>{items}</ul>") if items else ""


def _pictures(report: Report) -> str:
    return "\n".join(
        _section(f"picture-{number}", title, f'<ul class="tree">{_branch(digest.pruned(tree))}</ul>')
        for number, (title, tree) in enumerate(report.pictures.items(), 1)
    )


def _branch(tree: Tree) -> str:
    below = f"<ul>{''.join(map(_branch, tree.children))}</ul>" if tree.children else ""
    return f"<li><code>{_e(tree.label)}</code>{below}</li>"


def _passed(report: Report) -> str:
    outcomes = digest.of_status(report, Status.PASSED)
    if not outcomes:
        return ""
    rows = "".join(map(_passed_row, outcomes))
    return _section(
        "passed",
        f"Passed ({len(outcomes)})",
        f'<details><summary>What was looked at and found right</summary><table class="stack"><thead><tr>'
        f'<th scope="col">Check</th><th scope="col">Looked at</th></tr></thead><tbody>{rows}</tbody></table></details>',
    )


def _passed_row(outcome: Outcome) -> str:
    seen = "; ".join(f"{row.subject}: {row.detail}" if row.detail else row.subject for row in outcome.passed)
    return f'<tr><th scope="row"><code>{_e(outcome.check.id)}</code></th><td>{_e(seen)}</td></tr>'


def _end(report: Report) -> str:
    hosts = f"<p>Looked at {_e(listed(list(report.hosts), 30))}.</p>" if report.hosts else ""
    when = f"{report.started:%Y-%m-%d %H:%M} UTC"
    return f"{hosts}<p>{_e(digest.cost(report))}. {when}. Launch Ready {_e(report.version)}.</p>"


def _section(id: str, title: str, body: str) -> str:
    name = escape(id)
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{_e(title)}</h2>{body}</section>'


def _word(severity: Severity) -> str:
    return f'<span class="word tone-{SEVERITY_TONE[severity]}">{severity.value}</span>'


def _e(text: str) -> str:
    return escape(clean(text))


def _e_lines(text: str) -> str:
    return escape(clean(text, lines=True))


def _prose(text: str) -> str:
    """What a check says of itself: backticks mean code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", _e_lines(opened(text)))


def _policy(style: str, script: str) -> str:
    """The policy, as the value of an attribute."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return files("launchready.report").joinpath(name).read_text(encoding="utf-8")
