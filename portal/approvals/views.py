"""Approval pages."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import agency_only, current_user
from approvals.acts import AlreadyDecided, comment, end, request_approval
from approvals.forms import ActForm, ApprovalForm
from approvals.models import Act, Approval, ApprovalState
from portal_site.paging import page_of

_CLIENT_ACTS = (Act.APPROVED, Act.REJECTED)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, newest first."""
    approvals = Approval.visible_to(current_user(request)).select_related("company", "requested_by")
    state = request.GET.get("state", "")
    if state in ApprovalState.values:
        approvals = approvals.filter(state=state)
    context = {"page": page_of(request, approvals), "state": state, "states": ApprovalState.choices}
    return render(request, "approvals/index.html", context)


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The question, what happened, and what the reader may do."""
    approvals = Approval.visible_to(current_user(request)).select_related("company", "requested_by", "file")
    approval = get_object_or_404(approvals, pk=pk)
    page = page_of(request, approval.events.select_related("actor"))
    return render(request, "approvals/detail.html", {"approval": approval, "page": page, "form": ActForm()})


@agency_only
def create(request: HttpRequest) -> HttpResponse:
    """Asks a client."""
    user = current_user(request)
    form = ApprovalForm(request.POST or None, viewer=user)
    if request.method == "POST" and form.is_valid():
        approval = request_approval(form.save(commit=False), user)
        messages.success(request, "The client is asked.")
        return redirect(approval)
    return render(request, "approvals/form.html", {"form": form})


@require_POST
def act(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Approves or rejects (clients), withdraws (agency), comments (both)."""
    if what not in Act.values or what == Act.REQUESTED:
        raise Http404
    user = current_user(request)
    approval = get_object_or_404(Approval.visible_to(user), pk=pk)
    chosen = Act(what)
    if (chosen in _CLIENT_ACTS and user.is_agency) or (chosen == Act.WITHDRAWN and not user.is_agency):
        raise PermissionDenied
    form = ActForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The comment is longer than 2000 letters.")
        return redirect(approval)
    text = form.cleaned_data["comment"]
    if not text and chosen in (Act.COMMENTED, Act.REJECTED):
        messages.error(request, "Please write what should change." if chosen == Act.REJECTED else "Please write it.")
        return redirect(approval)
    if chosen == Act.COMMENTED:
        comment(approval, user, text)
        return redirect(approval)
    try:
        end(approval, user, chosen, text)
    except AlreadyDecided as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"{approval.title}: {ApprovalState(what).label.lower()}.")
    return redirect(approval)
