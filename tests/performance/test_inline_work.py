"""Mail that a visitor waits for, and mail that nobody does, as portals are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import Judge

from launchready.lab.measured import remeasured
from launchready.lab.portal_source import healthy_portal_source, prototype_source
from launchready.lab.source import files
from launchready.lab.world import Source
from launchready.measurement import SerialCalls
from launchready.performance.inline_work import in_code
from launchready.performance.source_files import SourceFile, is_own

CHECK = "performance.inline_work"
SETTINGS = 'ALLOWED_HOSTS = ["app.example"]\nINSTALLED_APPS = ["portal"]\n'
SMTP = "django.core.mail.backends.smtp.EmailBackend"
MAIL = "from django.core.mail import send_mail\n"
VIEW = f"{MAIL}\ndef invite(request):\n    send_mail('a', 'b', 'c', ['d'])\n"


def found(texts: dict[str, str]) -> list[str]:
    """Subjects of what is found in these files."""
    return [one.subject for one in in_code([SourceFile(path, text) for path, text in texts.items() if is_own(path)])]


def django(view: str, settings: str = SETTINGS, **others: str) -> list[str]:
    more = {f"portal/{name}.py": text for name, text in others.items()}
    return found({"portal/settings.py": settings, "portal/views.py": view, **more})


def own(source: Source) -> list[SourceFile]:
    texts = {
        path: text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for path, text in source.files.items()
    }
    return [SourceFile(path, text) for path, text in texts.items() if path.endswith(".py") and is_own(path)]


def test_the_prototypes_settings_are_found_and_the_healthy_portals_outbox_is_not() -> None:
    (finding,) = in_code(own(prototype_source()))

    assert finding.subject.startswith("prototype/settings.py:")
    assert "prototype/views.py" in finding.evidence
    assert "ResetView" in finding.evidence
    assert in_code(own(healthy_portal_source())) == []


@pytest.mark.parametrize(
    "view",
    [
        VIEW,
        f"{MAIL}from django.views import View\nclass A(View):\n    def post(self, r):\n        send_mail('a', 'b')",
        "from django.core import mail\n\ndef invite(request):\n    mail.send_mail('a', 'b', 'c', [])",
        "from django.core.mail import EmailMessage\n\ndef invite(request):\n    EmailMessage('a').send()",
        "from django.core.mail import EmailMultiAlternatives as M\ndef a(request):\n    m = M('a')\n    m.send()",
        "from rest_framework.decorators import api_view\n@api_view(['POST'])\ndef a(r):\n    r.user.email_user('a')",
        "from django.db.transaction import on_commit\nfrom django.core.mail import send_mail\n\ndef a(request):\n"
        "    on_commit(lambda: send_mail('a', 'b', 'c', []))",
    ],
)  # fmt: skip
def test_a_view_that_sends_is_found_at_the_line_that_sends(view: str) -> None:
    (subject,) = django(view)

    path, _, line = subject.partition(":")
    assert path == "portal/views.py"
    assert any(word in view.splitlines()[int(line) - 1] for word in ("send", "email_user"))


@pytest.mark.parametrize(
    "view",
    [
        f"{MAIL}from threading import Thread\n\ndef a(request):\n    Thread(target=send_mail, args=('a',)).start()",
        f"{MAIL}from threading import Thread\n\ndef a(request):\n    Thread(target=lambda: send_mail('a')).start()",
        f"{MAIL}from celery import task\n@task\ndef b():\n    send_mail()\n\ndef a(request):\n    b.delay()",
        f"{MAIL}\ndef a(request):\n    def tell():\n        send_mail('a')\n    pool.submit(tell)",
        f"{MAIL}\ndef nightly():\n    send_mail('a')",
        f"{MAIL}\ndef a(request):\n    send_mail('a', connection=request.outbox)",
        "def send_mail(*a): ...\n\ndef a(request):\n    send_mail('a')",
        f"{MAIL}\ndef a(request):\n    return send_mail",
        "def a(request):\n    # send_mail('a')\n    return 'send_mail()'",
        "def broken(:",
    ],
)  # fmt: skip
def test_what_is_sent_later_or_by_others_is_nobodys_wait(view: str) -> None:
    assert django(view) == []


def test_a_function_of_another_module_is_followed() -> None:
    notices = f"{MAIL}\ndef tell(user):\n    send_mail('a', 'b', 'c', [user.email])\n"

    for view in (
        "from portal.notices import tell\n\ndef a(request):\n    tell(request.user)",
        "from .notices import tell as say\n\ndef a(request):\n    say(request.user)",
        "from portal import notices\n\ndef a(request):\n    notices.tell(request.user)",
    ):
        assert django(view, notices=notices) == ["portal/notices.py:4"]
    assert django("from billing.notices import tell\n\ndef a(request):\n    tell(request.user)", notices=notices) == []


def test_a_task_that_is_called_is_sent_at_once_unless_calling_it_queues_it() -> None:
    task = f"{MAIL}{{}}\ndef tell():\n    send_mail('a')\n\ndef a(request):\n    tell()"

    assert django(task.format("from huey.contrib.djhuey import task\n@task()")) == []
    assert django(task.format("from background_task import background\n@background")) == []
    assert django(task.format("from celery import shared_task\n@shared_task")) == ["portal/views.py:5"]


def test_a_management_command_and_a_task_are_no_requests() -> None:
    assert django("", tasks=VIEW) == []
    assert found({"portal/settings.py": SETTINGS, "portal/management/commands/remind.py": VIEW}) == []


def test_the_view_of_a_password_reset_sends_too() -> None:
    for view in (
        "from django.contrib.auth.views import PasswordResetView\nclass Reset(PasswordResetView): ...",
        "from django.contrib.auth import views\nurlpatterns = [path('reset/', views.PasswordResetView.as_view())]",
        "from django.urls import include, path\nurlpatterns = [path('a/', include('django.contrib.auth.urls'))]",
    ):
        assert django(view) == ["portal/views.py:2"]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (f'{SETTINGS}EMAIL_BACKEND = "{SMTP}"\n', 3),
        (f'{SETTINGS}EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"\n', 3),
        (f'{SETTINGS}EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "{SMTP}")\n', 3),
        (f'{SETTINGS}EMAIL_BACKEND = env("EMAIL_BACKEND", default="{SMTP}")\n', 3),
        (f'{SETTINGS}EMAIL_BACKEND = "x.console.EmailBackend" if DEBUG else "{SMTP}"\n', 3),
        (f'{SETTINGS}mail = env.dj_email_url("EMAIL_URL")\nEMAIL_BACKEND = mail["EMAIL_BACKEND"]\n', 4),
        (f'{SETTINGS}if not DEBUG:\n    EMAIL_BACKEND = "{SMTP}"\n', 4),
    ],
)  # fmt: skip
def test_the_line_of_the_settings_that_sends_straight_is_named(settings: str, line: int) -> None:
    assert django(VIEW, settings) == [f"portal/settings.py:{line}"]


@pytest.mark.parametrize(
    "settings",
    [
        f'{SETTINGS}EMAIL_BACKEND = "post_office.EmailBackend"\n',
        f'{SETTINGS}EMAIL_BACKEND = "mailer.backend.DbBackend"\n',
        f'{SETTINGS}EMAIL_BACKEND = "djcelery_email.backends.CeleryEmailBackend"\nCELERY_EMAIL_BACKEND = "{SMTP}"\n',
        f'{SETTINGS}EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"\n',
        f'{SETTINGS}EMAIL_BACKEND = os.environ["EMAIL_BACKEND"]\n',
        f'{SETTINGS}EMAIL_BACKEND = compute()\n',
        f"{SETTINGS}from elsewhere.settings import *\n",
        f"{SETTINGS}globals().update(read())\n",
        "ROUTES = []\n",
    ],
)  # fmt: skip
def test_a_queue_or_what_cannot_be_read_is_no_finding(settings: str) -> None:
    assert django(VIEW, settings) == []


def test_settings_that_others_build_on_are_judged_through_those() -> None:
    view = {"portal/views.py": VIEW, "portal/settings/base.py": f'{SETTINGS}EMAIL_BACKEND = "{SMTP}"\n'}
    queue = 'from .base import *\nEMAIL_BACKEND = "post_office.EmailBackend"\nALLOWED_HOSTS = []\n'
    straight = "from .base import *\nALLOWED_HOSTS = []\n"

    assert found({**view, "portal/settings/production.py": queue}) == []
    assert found({**view, "portal/settings/production.py": straight}) == ["portal/settings/base.py:3"]
    assert found({**view, "portal/settings/production.py": queue, "portal/settings/dev.py": straight}) == []


def test_smtplib_in_a_handler_of_any_framework_is_found() -> None:
    view = (
        "import smtplib\n@app.post('/invite')\ndef invite(mail: str):\n    with smtplib.SMTP(HOST) as s: s.sendmail()\n"
    )

    assert found({"app.py": view}) == ["app.py:4"]
    later = "import smtplib\ndef tell(): smtplib.SMTP(HOST)\n@app.post('/a')\ndef a(b: B): b.add_task(tell)\n"
    assert found({"app.py": later}) == []


def test_nodemailer_awaited_in_a_handler_is_found() -> None:
    text = 'app.post("/invite", async (req, res) => {\n  {sent}transport.sendMail({ to });\n  res.redirect("/");\n});\n'

    assert found({"server.js": text.replace("{sent}", "await ")}) == ["server.js:2"]
    assert found({"server.ts": text.replace("{sent}", "await ").replace("(req, res)", "(req: Request, res: Response)")})
    assert found({"server.js": text.replace("{sent}", "")}) == []
    assert found({"worker.js": "queue.process(async (job) => {\n  await transport.sendMail(job.data);\n});\n"}) == []


def test_rails_that_delivers_now_in_a_controller_is_found() -> None:
    text = (
        "class InvitesController < ApplicationController\n  def create\n    InviteMailer.hello(@user).{}\n  end\nend\n"
    )

    assert found({"app/controllers/invites_controller.rb": text.format("deliver_now")}) == [
        "app/controllers/invites_controller.rb:3"
    ]
    assert found({"app/controllers/invites_controller.rb": text.format("deliver_later")}) == []
    assert found({"app/jobs/invite_job.rb": text.format("deliver_now")}) == []


async def test_a_mail_company_in_the_traces_is_found_without_any_code(judge: Judge) -> None:
    calls = SerialCalls("POST /invite", "POST api.resend.com/emails", 1, 0.4, "", "mail", 0.5)
    outcome = await judge(CHECK, remeasured(lambda measured: replace(measured, serial=(calls,))))

    (finding,) = outcome.findings
    assert finding.problem == "POST /invite waits 0.40 s while it hands mail to POST api.resend.com/emails."


async def test_a_portal_that_was_never_measured_is_judged_by_its_code(judge: Judge) -> None:
    outcome = await judge(CHECK, files({"portal/views.py": VIEW}))

    (finding,) = outcome.findings
    assert (finding.subject, finding.check) == ("portal/views.py:4", CHECK)
    assert SMTP in finding.evidence


async def test_a_file_that_cannot_be_read_is_told(judge: Judge) -> None:
    outcome = await judge(CHECK, files({"portal/strange.py": b"\0\0\0"}))

    assert [row.reason for row in outcome.not_checked] == ["not read: portal/strange.py: not a text file"]


FLASK = "from flask_mail import Mail\nmail = Mail()\n"
SENDS = "from flask import current_app\n\ndef send(message):\n    current_app.mail.send(message)\n"
ROUTE = "from app.mails import send\n\n@bp.route('/invite', methods=['POST'])\ndef invite():\n    send('m')\n"


def test_mail_of_flask_is_followed_from_its_route_and_left_alone_in_a_thread() -> None:
    app = {"app/extensions.py": FLASK, "app/mails.py": SENDS}
    later = ROUTE.replace("send('m')", "Thread(target=send, args=('m',)).start()")

    [sent] = in_code([SourceFile(path, text) for path, text in {**app, "app/views.py": ROUTE}.items()])

    assert sent.subject == "app/mails.py:4"
    assert "app/views.py: invite" in sent.evidence
    assert "RQ" in sent.fix
    assert found({**app, "app/views.py": later}) == []
    assert found({"app/mails.py": SENDS, "app/views.py": ROUTE}) == []  # a `mail` of nobody knows whom
