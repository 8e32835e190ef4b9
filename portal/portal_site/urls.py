"""All addresses of the portal. There is no `/admin/`: what staff needs has its own pages."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView

from dashboard.views import numbers_json as dashboard_json
from invoices.views import index_json as invoices_json
from portal_site.health import healthz, readyz

urlpatterns = [
    path("", include("dashboard.urls")),
    path("account/", include("accounts.urls")),
    path("approvals/", include("approvals.urls")),
    path("companies/", include("companies.urls")),
    path("files/", include("files.urls")),
    path("invoices/", include("invoices.urls")),
    path("onboarding/", include("onboarding.urls")),
    path("api/v1/dashboard", dashboard_json, name="api_dashboard"),
    path("api/v1/invoices", invoices_json, name="api_invoices"),
    path("healthz", healthz),
    path("readyz", readyz),
    path(
        "robots.txt",
        login_not_required(TemplateView.as_view(template_name="robots.txt", content_type="text/plain")),
    ),
]

handler403 = "portal_site.errors.forbidden"
