"""Planted mistakes of waiting: for several answers in a row, for a server without a limit, for a mail to be sent."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab import world
from launchready.lab.measured import remeasured
from launchready.lab.source import edited, files
from launchready.lab.world import Fault
from launchready.measurement import SerialCalls
from launchready.model import Severity

_DASHBOARD = "GET /"
_RATES = "GET api.rates.example/latest"


def _calling(what: str, calls: float, seconds: float, kind: str = "http") -> world.Change:
    found = SerialCalls(_DASHBOARD, what, calls, seconds, "portal/rates.py:17", kind, of_s=0.9)
    return remeasured(lambda measured: replace(measured, serial=(found,)))


_URLOPEN = """\
\"\"\"Exchange rates.\"\"\"

from urllib.request import urlopen

from django.http import HttpResponse


def rates(request):
    with urlopen("https://rates.example.net/latest"{limit}) as answer:
        return HttpResponse(answer.read())
"""
_AXIOS = """\
const axios = require("axios");

exports.rates = async () => (await axios.get("https://rates.example.net/latest"{limit})).data;
"""
_UPLOAD = """\
\"\"\"Files that clients send.\"\"\"

from django.core.mail import send_mail
from django.shortcuts import redirect


def upload(request):
    request.user.files.create(content=request.FILES["file"])
    tell_office(request.user)
    return redirect("/files/")


def tell_office(user):
    send_mail("A file came", f"From {user}.", "portal@brightside.example", ["office@brightside.example"])
"""
_IN_A_TASK = _UPLOAD.replace("tell_office(request.user)", "tell_office.delay(request.user.pk)").replace(
    "\n\ndef tell_office", "\n\n@shared_task\ndef tell_office"
)
_MAIL = 'EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")\n'


def _uploading(backend: str) -> world.Change:
    """An upload that sends mail, by a backend that the settings name."""
    by_settings = edited("portal/settings.py", _MAIL, f'{_MAIL}EMAIL_BACKEND = "{backend}"\n')
    return lambda world: files({"portal/files.py": _UPLOAD})(by_settings(world))


FAULTS = (
    Fault(
        "rates-one-by-one",
        "The dashboard asks another company for eight rates, one after another",
        "performance.serial_calls",
        Severity.HIGH,
        _calling(_RATES, 8, 0.64),
        subject=_DASHBOARD,
        twin=_calling(_RATES, 2, 0.16),
    ),
    Fault(
        "dashboard-waits-for-others",
        "Most of the dashboard's time is one call of another company's server",
        "performance.serial_calls",
        Severity.HIGH,
        _calling("GET crm.example.com/customers/{id}", 1, 0.7, "wait"),
        subject=_DASHBOARD,
        twin=_calling("GET crm.example.com/customers/{id}", 1, 0.08),
    ),
    Fault(
        "urlopen-endless",
        "A page waits for the bank's server for as long as that takes",
        "performance.timeouts",
        Severity.HIGH,
        files({"portal/rates.py": _URLOPEN.format(limit="")}),
        subject="portal/rates.py:9",
        twin=files({"portal/rates.py": _URLOPEN.format(limit=", timeout=5")}),
    ),
    Fault(
        "axios-endless",
        "A call with axios has no time limit",
        "performance.timeouts",
        Severity.HIGH,
        files({"server/rates.js": _AXIOS.format(limit="")}),
        subject="server/rates.js:3",
        twin=files({"server/rates.js": _AXIOS.format(limit=", { timeout: 5000 }")}),
    ),
    Fault(
        "upload-waits-for-mail",
        "An upload waits until the mail server has taken a mail about it",
        "performance.inline_work",
        Severity.HIGH,
        files({"portal/files.py": _UPLOAD}),
        subject="portal/files.py:14",
        twin=files({"portal/files.py": _IN_A_TASK}),
    ),
    Fault(
        "mail-straight-to-the-server",
        "The settings send every mail straight to the mail server",
        "performance.inline_work",
        Severity.HIGH,
        _uploading("django.core.mail.backends.smtp.EmailBackend"),
        subject="portal/settings.py:10",
        twin=_uploading("post_office.EmailBackend"),
    ),
    Fault(
        "mail-company-in-the-trace",
        "The dashboard hands a mail to a mail company before it answers",
        "performance.inline_work",
        Severity.HIGH,
        _calling("POST api.postmarkapp.com/email", 1, 0.4, "mail"),
        subject=_DASHBOARD,
    ),
)
