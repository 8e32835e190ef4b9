"""Takes uploads in: cut off at the size limit while they stream, checked by content and not by name, then scanned."""

import shlex
import subprocess
from pathlib import PurePath

import filetype
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from portal_site.logs import portal_logger

# What is accepted: the ending, and the type its content must have. None: text, which has no signature.
ACCEPTED: dict[str, str | None] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "csv": None,
    "txt": None,
}
_HEAD_BYTES = 8192
_SCAN_TIMEOUT_S = 60

_log = portal_logger("files")


class LimitedUpload(FileUploadHandler):
    """Stops keeping a file once it is larger than UPLOAD_MAX_BYTES and remembers that on the request."""

    chunk_size = 64 * 1024

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Passes the chunk on to the next handler while the file is within the limit."""
        if start + len(raw_data) > settings.UPLOAD_MAX_BYTES:
            self.request.upload_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leaves the file to the next handler."""
        return


def too_large(request: HttpRequest) -> bool:
    """Whether a file of this request went over the limit."""
    return getattr(request, "upload_too_large", False)


def checked_type(file: TemporaryUploadedFile) -> str:
    """The content type of an upload that may be kept. Raises ValidationError with the reason when it may not."""
    ending = PurePath(file.name or "").suffix.lower().lstrip(".")
    if ending not in ACCEPTED:
        raise ValidationError(f"Files of this kind are not accepted. Accepted are: {', '.join(ACCEPTED)}.")
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    found = filetype.guess_mime(head)
    expected = ACCEPTED[ending]
    if expected is None:
        if found or b"\0" in head:
            raise ValidationError(f"The content of this file is not that of a .{ending} file.")
        return "text/csv" if ending == "csv" else "text/plain"
    if found != expected:
        raise ValidationError(f"The content of this file is not that of a .{ending} file.")
    return expected


def scan(file: TemporaryUploadedFile) -> None:
    """Runs UPLOAD_SCAN_COMMAND on the file. Raises ValidationError unless it says clean; no command, no scan."""
    if not settings.UPLOAD_SCAN_COMMAND:
        return
    command = [*shlex.split(settings.UPLOAD_SCAN_COMMAND), file.temporary_file_path()]
    try:
        verdict = subprocess.run(command, capture_output=True, timeout=_SCAN_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        _log.exception("the scanner did not run")
        raise ValidationError("Files cannot be checked at the moment. Please try again later.") from None
    if verdict.returncode == 1:
        _log.warning("the scanner refused an upload")
        raise ValidationError("The virus scanner refused this file.")
    if verdict.returncode != 0:
        _log.error(
            "the scanner failed",
            extra={"code": verdict.returncode, "output": verdict.stderr[-500:].decode(errors="replace")},
        )
        raise ValidationError("Files cannot be checked at the moment. Please try again later.")
