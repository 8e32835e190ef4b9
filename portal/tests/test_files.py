"""Uploads: limited, checked by content, scanned, kept privately, handed out to the right people only."""

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from reportlab.pdfgen.canvas import Canvas

from approvals.models import Approval
from files.models import StoredFile
from tests.world import logged_in, stored_file

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40
EXE = b"MZ" + b"\0" * 200


def pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(100, 100, "agreement")
    canvas.save()
    return out.getvalue()


def docx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


def upload(browser, name, body, **extra):
    return browser.post("/files/upload/", {"upload": SimpleUploadedFile(name, body), **extra})


@pytest.fixture
def browser(world):
    return logged_in(world.ours.client)


@pytest.fixture
def scanner(settings, tmp_path):
    def command(script: str):
        path = tmp_path / "scan.sh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        settings.UPLOAD_SCAN_COMMAND = str(path)
        return tmp_path

    return command


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.txt", b"words", "text/plain"),
        ("a.csv", "Größe;1\n".encode(), "text/csv"),
        ("A.PDF", pdf(), "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_what_is_accepted_comes_back_unchanged(browser, name, body, kind):
    assert upload(browser, name, body).status_code == 302
    stored = StoredFile.unscoped.latest("pk")
    answer = browser.get(f"/files/{stored.pk}/")
    assert b"".join(answer.streaming_content) == body
    assert (stored.content_type, stored.size_bytes) == (kind, len(body))
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.svg", b"<svg onload='alert(1)'/>"),
        ("program.exe", EXE),
        ("program.pdf", EXE),
        ("picture.png", b"<html>" + b" " * 100),
        ("picture.png", JPEG),
        ("table.csv", PNG),
        ("notes.txt", b"text \0 and bytes"),
        ("noending", b"text"),
        ("notes.txt.exe", b"text"),
    ],
)
def test_what_is_refused(browser, name, body):
    before = StoredFile.unscoped.count()
    assert upload(browser, name, body).status_code == 422
    assert StoredFile.unscoped.count() == before


def test_an_empty_form_and_an_empty_file_are_explained(browser):
    assert "This field is required" in browser.post("/files/upload/", {}).content.decode()
    assert "empty" in upload(browser, "a.txt", b"").content.decode()


def test_a_file_over_the_limit_is_cut_off_while_it_streams(browser, monkeypatch):
    kept = []
    from django.core.files.uploadhandler import TemporaryFileUploadHandler

    real = TemporaryFileUploadHandler.receive_data_chunk
    monkeypatch.setattr(
        TemporaryFileUploadHandler,
        "receive_data_chunk",
        lambda self, data, start: (kept.append(len(data)), real(self, data, start))[1],
    )
    answer = upload(browser, "a.txt", b"x" * 1_000_000)
    assert answer.status_code == 413
    assert "larger than" in answer.content.decode()
    assert 0 < sum(kept) <= portal_settings.UPLOAD_MAX_BYTES


def test_a_file_at_the_limit_is_kept(browser):
    assert upload(browser, "a.txt", b"x" * portal_settings.UPLOAD_MAX_BYTES).status_code == 302
    assert upload(browser, "a.txt", b"x" * (portal_settings.UPLOAD_MAX_BYTES + 1)).status_code == 413


def test_uploads_never_lie_in_memory(browser, monkeypatch):
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    monkeypatch.setattr(MemoryFileUploadHandler, "new_file", lambda *args: pytest.fail("the file went to memory"))
    assert upload(browser, "a.txt", b"tiny").status_code == 302


def test_several_files_at_once_are_refused(browser):
    sent = {"upload": SimpleUploadedFile("a.txt", b"1"), "second": SimpleUploadedFile("b.txt", b"2")}
    assert browser.post("/files/upload/", sent).status_code == 400


def test_the_storage_is_private_and_knows_no_given_names(browser, settings):
    upload(browser, "salaries.txt", b"secret")
    stored = StoredFile.unscoped.latest("pk")
    assert "salaries" not in stored.content.name
    for path in (stored.content.url, f"/media/{stored.content.name}", f"/static/{stored.content.name}"):
        assert browser.get(path).status_code == 404
    path = stored.content.storage.path(stored.content.name)
    assert not path.startswith(str(settings.STATIC_ROOT))
    assert Path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.txt", "..\\..\\boot.txt", "/etc/cron.d/x.txt", "a\u202etxt.exe.txt", 'a"b.txt']
)
def test_hostile_names_only_lose_their_harm(browser, name):
    assert upload(browser, name, b"words").status_code == 302
    stored = StoredFile.unscoped.latest("pk")
    assert "/" not in stored.name
    assert stored.name.isprintable()
    answer = browser.get(f"/files/{stored.pk}/")
    assert b"".join(answer.streaming_content) == b"words"


def test_names_are_escaped_on_the_page(browser):
    upload(browser, "<img src=x onerror=alert(1)>.txt", b"words")
    assert "<img src=x" not in browser.get("/files/").content.decode()


def test_a_clean_file_passes_the_scanner_which_sees_its_bytes(browser, scanner):
    folder = scanner('cp "$1" "$(dirname "$0")/seen"')
    assert upload(browser, "a.txt", b"words").status_code == 302
    assert (folder / "seen").read_bytes() == b"words"


@pytest.mark.parametrize(("script", "says"), [("exit 1", "refused this file"), ("exit 2", "cannot be checked")])
def test_the_scanner_refuses(browser, scanner, script, says):
    scanner(script)
    before = StoredFile.unscoped.count()
    assert says in upload(browser, "a.txt", b"words").content.decode()
    assert StoredFile.unscoped.count() == before


def test_a_scanner_that_is_gone_lets_nothing_pass(browser, settings):
    settings.UPLOAD_SCAN_COMMAND = "/no/such/scanner"
    assert upload(browser, "a.txt", b"words").status_code == 422


def test_clients_delete_their_own_uploads_and_staff_any(world, browser):
    own, from_staff = world.ours.file, stored_file(world.ours.company, world.ours.staff)
    assert browser.post(f"/files/{from_staff.pk}/delete/").status_code == 403
    assert browser.post(f"/files/{own.pk}/delete/").status_code == 302
    assert logged_in(world.ours.staff).post(f"/files/{from_staff.pk}/delete/").status_code == 302


def test_deleting_removes_the_bytes(world, browser, django_capture_on_commit_callbacks):
    storage, name = world.ours.file.content.storage, world.ours.file.content.name
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/files/{world.ours.file.pk}/delete/")
    assert not storage.exists(name)


def test_what_was_decided_on_is_not_deleted(world, browser):
    Approval.unscoped.filter(pk=world.ours.approval.pk).update(file=world.ours.file)
    for user in (world.ours.client, world.ours.staff):
        answer = logged_in(user).post(f"/files/{world.ours.file.pk}/delete/", follow=True)
        assert "belongs to an approval" in answer.content.decode()
    assert b"".join(browser.get(f"/files/{world.ours.file.pk}/").streaming_content) == b"private words"


def test_a_row_whose_bytes_are_gone_answers_404(world, browser):
    world.ours.file.content.storage.delete(world.ours.file.content.name)
    assert browser.get(f"/files/{world.ours.file.pk}/").status_code == 404
