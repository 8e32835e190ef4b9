"""What is kept of an answer: enough to see what happened, nothing that gives access, nobody's name."""

from __future__ import annotations

import time

import pytest

from launchready.measurement import Phases
from launchready.performance.saved import as_text, kept_headers, quoted, without_people
from launchready.performance.words import Reply, Request
from launchready.probes.page import Page

TOKEN = "Zx81mq93Lk20Vb77Pd54Rt66Yn11"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"


def page(body: str | bytes, kind: str = "text/html", **headers: str) -> Page:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    content = body if isinstance(body, bytes) else body.encode()
    return Page("https://x.example/a?code=secret&b=", 422, (("content-type", kind), *pairs), content)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f'<input type="hidden" name="csrf" value="{TOKEN}"><p>Sorry, Ada</p>', "text/html"),
        (f"<script>token = '{TOKEN}'</script><!-- {TOKEN} --><p>Sorry, ada LOVELACE, a.b@c.example</p>", "text/html"),
        ('{"access_token": "short1", "message": "Sorry", "user": "Ada Lovelace"}', "application/json"),
        ('{"password":"hunter2","csrf_token" : "short1","message": "Sorry"}', "application/json"),
        (f"Sorry: {JWT} and {TOKEN} for a.b@c.example", "text/plain"),
        (f"Sorry\nAuthorization: Bearer {TOKEN}\nDATABASE_URL=postgres://u:hunter2@db/x", "text/plain"),
        ("Sorry " + "x" * 1_495 + " password=hunter2 and more", "text/plain"),
    ],
)
def test_no_secret_and_no_person_is_kept(body: str, kind: str) -> None:
    text = quoted(page(body, kind), {"Ada Lovelace", "Ada"}, 4_096)
    assert "Sorry" in text
    for secret in (TOKEN, JWT, "hunter2", "short1", "a.b@c.example", "ada", "lovelace"):
        assert secret.lower() not in text.lower()


def test_what_people_wrote_stays() -> None:
    text = "The file contract-2024-final-version-of-the-whole-agreement is too large: 12 MB, at most 10 (2026-11-25)."
    assert without_people(text) == text
    assert without_people('{"errors": {"company": ["This field is required."]}}').count("required") == 1


def test_an_answer_that_is_no_text_is_told_by_its_size() -> None:
    assert quoted(page(b"\x89PNG" + b"\0" * 96, "image/png")) == "(100 bytes of image/png)"


def test_headers_are_kept_by_name_and_without_values_that_give_access() -> None:
    kept = dict(
        kept_headers(
            page(
                "", set_cookie=f"sid={TOKEN}; Path=/; Secure", location=f"/reset/?token={TOKEN}&next=/a#{TOKEN}",
                x_internal_token=TOKEN, cache_control="no-store", link=f"</a.css?sig={TOKEN}>; rel=preload; as=style",
                content_disposition='attachment; filename="Ada.pdf"', authorization=TOKEN,
            )
        )
    )  # fmt: skip
    assert kept == {
        "content-type": "text/html",
        "set-cookie": "sid=…; Path=/; Secure",
        "location": "/reset/?token=&next=",
        "cache-control": "no-store",
        "link": "</a.css?sig=>; rel=preload; as=style",
        "content-disposition": "attachment",
    }


def test_an_answer_as_text_has_no_control_characters_and_no_query_values() -> None:
    asked = Request("https://x.example/a?code=secret&b=", "POST")
    reply = Reply(asked, page("a\x1b[31mred\x00\u202e", "text/plain"), Phases(), 0, 0, True)
    text = as_text(reply)
    assert text.startswith("POST https://x.example/a?b=&code=\nHTTP/1.1 422\n")
    assert text.endswith("\n\na·[31mred··\n")


@pytest.mark.parametrize("text", ["a" * 200_000, "a@" * 100_000, '"token": "' * 20_000, "x " * 100_000, "eyJ" * 60_000])
def test_no_answer_takes_long(text: str) -> None:
    began = time.perf_counter()
    assert len(quoted(page(text, "text/plain"), {"ada"}, 4_096)) <= 4_097
    assert time.perf_counter() - began < 5
