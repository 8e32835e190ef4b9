"""File pages, and the one way in which a stored file leaves."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import current_user
from files.forms import UploadForm
from files.models import StoredFile
from files.upload import too_large
from portal_site.logs import portal_logger
from portal_site.paging import page_of

_log = portal_logger("files")


def index(request: HttpRequest) -> HttpResponse:
    """The files one may see, newest first."""
    files = StoredFile.visible_to(current_user(request)).select_related("company", "uploaded_by")
    return render(request, "files/index.html", {"page": page_of(request, files)})


def upload(request: HttpRequest) -> HttpResponse:
    """Takes a file in."""
    user = current_user(request)
    context: dict[str, object] = {"limit_bytes": settings.UPLOAD_MAX_BYTES}
    if request.method != "POST":
        return render(request, "files/upload.html", context | {"form": UploadForm(viewer=user)})
    form = UploadForm(request.POST, request.FILES, viewer=user, too_large=too_large(request))
    if not form.is_valid():
        return render(request, "files/upload.html", context | {"form": form}, status=413 if too_large(request) else 422)
    form.instance.uploaded_by = user
    form.instance.content = form.cleaned_data["upload"]
    stored = form.save()
    _log.info("file stored", extra={"file_id": stored.pk, "user_id": user.pk, "size_bytes": stored.size_bytes})
    messages.success(request, f"{stored.name} is uploaded.")
    return redirect("files:index")


@require_safe
def download(request: HttpRequest, pk: int) -> FileResponse:
    """Streams a file, always as an attachment: what clients upload never runs in the portal's origin."""
    user = current_user(request)
    stored = get_object_or_404(StoredFile.visible_to(user), pk=pk)
    try:
        content = stored.content.open("rb")
    except FileNotFoundError:
        _log.exception("a stored file is gone", extra={"file_id": stored.pk})
        raise Http404 from None
    _log.info("file downloaded", extra={"file_id": stored.pk, "user_id": user.pk})
    response = FileResponse(content, as_attachment=True, filename=stored.name, content_type=stored.content_type)
    response["Content-Length"] = stored.size_bytes
    return response


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes a file: the agency any, a client the own uploads."""
    user = current_user(request)
    stored = get_object_or_404(StoredFile.visible_to(user), pk=pk)
    if not user.is_agency and stored.uploaded_by_id != user.pk:
        raise PermissionDenied
    content = stored.content
    try:
        with transaction.atomic():
            stored.delete()
            transaction.on_commit(lambda: content.storage.delete(content.name))
    except ProtectedError:
        messages.error(request, f"{stored.name} belongs to an approval and stays: it shows what was decided.")
        return redirect("files:index")
    _log.info("file deleted", extra={"file_id": pk, "user_id": user.pk})
    messages.success(request, f"{stored.name} is deleted.")
    return redirect("files:index")
