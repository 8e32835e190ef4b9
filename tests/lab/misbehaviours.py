"""What the prototype does wrong where no check looks yet: by id of the mistake, whether a running portal does it.

Each is asked of the prototype, where it must be true, and of the healthy portal, where it must not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tests.lab.running import Running

from launchready.lab.live_portal import PASSWORD

STRANGER = "https://stranger.example"
_OLD_LINK = """\
import sys, django; django.setup()
from datetime import datetime, timedelta
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from accounts.models import User
class Older(PasswordResetTokenGenerator):
    def _now(self): return datetime.now() - timedelta(days=30)
user = User.objects.get(email=sys.argv[1])
print(reverse("accounts:reset_confirm", args=[urlsafe_base64_encode(force_bytes(user.pk)), Older().make_token(user)]))
"""


def no_rate_limit(portal: Running) -> bool:
    browser = portal.browser()
    browser.address = "203.0.113.1"
    return 429 not in {browser.log_in(f"nobody{number}@studio.example", "wrong").status for number in range(24)}


def no_lock_out(portal: Running) -> bool:
    browser, email = portal.browser(), portal.client_emails()[4]
    browser.address = "203.0.113.2"
    for number in range(8):
        browser.log_in(email, f"wrong {number}")
    return browser.log_in(email).status == 302


def reset_unlimited(portal: Running) -> bool:
    browser = portal.browser()
    browser.address = "203.0.113.3"
    browser.get("/account/reset/")
    tries = [browser.post("/account/reset/", {"email": "nobody@studio.example"}).status for _ in range(8)]
    return set(tries) == {302}


def invoice_of_others(portal: Running) -> bool:
    email = portal.client_emails()[0]
    [(number,)] = portal.sql(
        "SELECT max(id) FROM invoices_invoice WHERE state <> 'draft' AND company_id <>"
        " (SELECT company_id FROM accounts_user WHERE email = %s)",
        email,
    )
    return portal.logged_in(email).get(f"/invoices/{number}/").status == 200


def files_public(portal: Running) -> bool:
    uploaded = _upload(portal, "contract.txt", b"between us")
    assert uploaded < 400
    [(number,)] = portal.sql("SELECT max(id) FROM files_storedfile")
    places = ("/uploads/contract.txt", "/files/contract.txt", f"/files/{number}/")
    return any(portal.browser().get(place).status == 200 for place in places)


def enumeration(portal: Running) -> bool:
    def said(email: str) -> str:
        page = portal.browser().log_in(email, "wrong").body
        return re.sub(r"value=\"[^\"]*\"", "", page).replace(email, "")

    return said(portal.client_emails()[5]) != said("nobody@studio.example")


def reset_for_ever(portal: Running) -> bool:
    link = portal.live.manage(_OLD_LINK, portal.client_emails()[6]).strip()
    return "new_password1" in portal.browser().follow(link).body


def reset_host(portal: Running) -> bool:
    browser = portal.browser()
    browser.get("/account/reset/")
    browser.post("/account/reset/", {"email": portal.client_emails()[7]}, host="stranger.example")
    queued = portal.sql("SELECT 1 FROM outbox_outgoingmail WHERE body LIKE '%%stranger.example%%'")
    return bool(queued) or "stranger.example" in portal.mails.text


def weak_passwords(portal: Running) -> bool:
    browser = portal.client(8)
    browser.get("/account/password/")
    form = {"old_password": PASSWORD, "new_password1": "1234", "new_password2": "1234"}
    return browser.post("/account/password/", form).status == 302


def open_redirect(portal: Running) -> bool:
    answer = portal.browser().log_in(portal.client_emails()[9], target=f"{STRANGER}/")
    assert answer.status == 302
    return answer.headers["location"].startswith(STRANGER)


def get_changes(portal: Running) -> bool:
    [(number,)] = portal.sql("SELECT min(id) FROM invoices_invoice WHERE state = 'sent'")
    browser = portal.owner()
    for path in (f"/invoices/{number}/paid/", f"/invoices/{number}/to/paid/"):
        browser.get(path)
    return portal.sql("SELECT state FROM invoices_invoice WHERE id = %s", number) == [("paid",)]


def no_csrf(portal: Running) -> bool:
    return portal.client().upload("/files/upload/", "note.txt", b"from elsewhere", token=False).status < 400


def cors_wide(portal: Running) -> bool:
    headers = portal.client().get("/account/", Origin=STRANGER).headers
    return (headers.get("access-control-allow-origin"), headers.get("access-control-allow-credentials")) == (
        STRANGER,
        "true",
    )


def upload_unlimited(portal: Running) -> bool:
    return _upload(portal, "film.txt", b"x" * 21_000_000) < 400


def upload_any_type(portal: Running) -> bool:
    _upload(portal, "page.html", b"<script>alert(document.cookie)</script>")
    answer = portal.browser().get("/uploads/page.html")
    return answer.status == 200 and "text/html" in answer.headers["content-type"]


def password_in_log(portal: Running) -> bool:
    portal.browser().log_in("nobody@studio.example", "horse-in-the-log")
    assert "/account/login/" in portal.live.log
    return "horse-in-the-log" in portal.live.log


def token_in_log(portal: Running) -> bool:
    portal.browser().get("/account/login/?token=token-in-the-log")
    return "token-in-the-log" in portal.live.log


def blank_page(portal: Running) -> bool:
    answer = portal.client().get("/pay/1/")
    return answer.status == 200 and not answer.body.strip()


def dead_end(portal: Running) -> bool:
    answer = portal.client().get("/invoices/999999999/")
    assert answer.status >= 400
    return "<a " not in answer.body


def floats(portal: Running) -> bool:
    rows = json.loads(portal.owner().get("/api/v1/invoices").body)["invoices"]
    totals = [value for row in rows for name, value in row.items() if name.startswith("total")]
    assert totals
    return any(isinstance(total, float) and round(total, 2) != total for total in totals)


def no_way_in(portal: Running) -> bool:
    return "README.md" not in portal.source.files


def _upload(portal: Running, name: str, content: bytes) -> int:
    browser = portal.client()
    browser.get("/files/upload/")
    return browser.upload("/files/upload/", name, content).status


def told_apart_by(id: str) -> Callable[[Running], bool]:
    """The function of a mistake. Raises KeyError when there is none: then the mistake is a claim only."""
    function: Callable[[Running], bool] = globals()[id.replace("-", "_")]
    return function
