"""Whether visitors wait for work that could be done after the answer: mail and messages to others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

from launchready.gate import check
from launchready.measurement import Measurement, SerialCalls
from launchready.model import Finding, NotChecked, Passed, Row, Severity, Stage
from launchready.performance import javascript_source
from launchready.performance.javascript_source import ENDINGS
from launchready.performance.kept import measurement_of
from launchready.performance.mail_sending import Sending, Sendings
from launchready.performance.mail_settings import SMTP, MailSettings, Modules, straight
from launchready.performance.python_source import parsed
from launchready.performance.source_files import SourceFile, sources
from launchready.portal import Portal
from launchready.probes.look import Look

MOST_SHOWN = 20
_QUEUE = (
    "Let the request write the mail to a table or a queue, and a worker send it: django-mailer or django-post-office "
    "as EMAIL_BACKEND, or a task of Celery, Huey or Django's own tasks."
)
_TASK = "Let the request write the mail to a table or a queue, and a worker send it: a task of Celery, RQ or Huey."
_RUBY = re.compile(r"^[^#\n]*\.deliver(?:_now!?)?\s*(?:$|\bif\b|\bunless\b|#|rescue)", re.MULTILINE)
_MAY_SEND = re.compile(r"django\.core\.mail|flask_mail|import mail|smtplib|auth\.urls|PasswordReset|email_user")
_REQUEST = re.compile(r"\(\s*_?(?:req|request|ctx)\b")
"""How the parameters of a handler begin in Express, Fastify, Koa and Next.js."""


@check(
    "performance.inline_work",
    Stage.PERFORMANCE,
    roadmap="D8",
    severity=Severity.HIGH,
    effort=60,
    reference="https://docs.djangoproject.com/en/stable/topics/email/#email-backends",
    needs="repository",
)
async def inline_work(portal: Portal, look: Look) -> AsyncIterator[Row]:
    """A visitor waits while the portal sends mail that nobody waits for.

    Why: a mail server takes a second on a good day, and on a bad one all the time that the portal gives it: the reset
    of a password, an upload or an invitation hangs, or ends in an error although the work itself was done.

    Fix: answer first. Write the mail to a table or a queue within the request, and let a worker send it and try again.

    Seen are mail servers, mail companies and chat services in the traces of measured requests, and the code. In a
    Django portal the settings decide: mail goes straight to a server unless EMAIL_BACKEND names a queue. Found is that
    line, with the places that send while a request is served; where it is missing, each such place. Read as well are
    smtplib and Flask-Mail in any Python handler, awaited sendMail of nodemailer in handlers, and deliver_now in Rails
    controllers. What a task, a thread or a management command sends is nobody's wait.
    """
    read = await sources(portal, look, (".py", ".rb", *ENDINGS))
    if isinstance(read, NotChecked):
        yield read
        return
    rows: list[Row] = list(await asyncio.to_thread(in_code, read.files))
    measured = await measurement_of(portal, look)
    if isinstance(measured, Measurement):
        rows += [_traced(calls) for calls in measured.serial if calls.kind in ("mail", "message")]
    for row in rows:
        yield row
    for reason in read.unread[:5]:
        yield NotChecked(portal.domain, f"not read: {reason}")
    if not rows:
        yield Passed(portal.domain, f"no mail is sent while somebody waits, in {len(read.files)} files")


def in_code(files: Sequence[SourceFile]) -> list[Finding]:
    """What the code says by itself."""
    python = [file for file in files if file.path.endswith(".py")]
    sendings, settings = [], None
    if any(_MAY_SEND.search(file.text) for file in python):
        modules = Modules([module for file in python if (module := parsed(file.path, file.text))])
        sendings, settings = Sendings(modules).found(), straight(modules)
    found = [_sent(one) for one in sendings if not one.django]
    by_django = [one for one in sendings if one.django]
    if settings and by_django:
        found += [_set(settings, by_django)] if settings.line else [_sent(one, settings) for one in by_django]
    for file in files:
        if "/controllers/" in file.path and file.path.endswith(".rb"):
            lines = (file.text.count("\n", 0, match.end()) + 1 for match in _RUBY.finditer(file.text))
            found += [_there(file, line, "deliver_now") for line in lines]
        elif file.path.endswith(ENDINGS) and "sendMail" in file.text:
            found += [_there(file, line, "sendMail") for line in _awaited(file)]
    return found[:MOST_SHOWN]


def _set(settings: MailSettings, by_django: Sequence[Sending]) -> Finding:
    backend = "by EMAIL_URL" if settings.backend == "by address" else settings.backend
    problem = "Mail is sent straight to the mail server, while the visitor waits for the page."
    told = "\n".join(f"{one.path}:{one.line}: {one.what}, for {one.by}" for one in by_django[:8])
    subject = f"{settings.path}:{settings.line}"
    return Finding(subject, problem, evidence=f"EMAIL_BACKEND: {backend}\n{told}", fix=_QUEUE, key="EMAIL_BACKEND")


def _sent(one: Sending, settings: MailSettings | None = None) -> Finding:
    problem = f"{one.what} talks to the mail server while the visitor waits for the page."
    evidence = f"{one.what}, for {one.by}"
    if settings:
        evidence += f"\n{settings.path} names no EMAIL_BACKEND, so it is {SMTP}"
    return Finding(
        f"{one.path}:{one.line}", problem, evidence=evidence, fix=_QUEUE if one.django else _TASK, key=one.what
    )


def _there(file: SourceFile, line: int, what: str) -> Finding:
    problem = f"{what} talks to the mail server while the visitor waits for the page."
    fix = "Use deliver_later." if what == "deliver_now" else "Put the mail into a queue (BullMQ, pg-boss) and answer."
    return Finding(f"{file.path}:{line}", problem, fix=fix, key=what)


def _awaited(file: SourceFile) -> list[int]:
    """Lines that wait for nodemailer in a function that takes a request."""
    found = []
    for call in javascript_source.calls(file):
        around = javascript_source.function_around(call)
        sends = javascript_source.called(call).endswith(".sendMail") and javascript_source.is_awaited(call)
        if sends and around is not None:
            parameters = javascript_source.text(around.child_by_field_name("parameters"))
            if _REQUEST.match(parameters):
                found.append(javascript_source.line(call))
    return found


def _traced(calls: SerialCalls) -> Finding:
    what = "mail" if calls.kind == "mail" else "a message"
    problem = f"{calls.route} waits {calls.seconds:.2f} s while it hands {what} to {calls.what}."
    evidence = f"traces: {calls.calls:g} times a request, {calls.seconds:.2f} s of {calls.of_s:.2f} s"
    evidence += f", from {calls.code}" if calls.code else ""
    return Finding(calls.route, problem, evidence=evidence, fix=_QUEUE, key=calls.what)
