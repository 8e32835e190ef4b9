"""The healthy addresses, with the prototype's own in front of them, and folders that are served because it was easy."""

from django.conf import settings
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path, re_path
from django.views.static import serve

from prototype import views
from prototype.admin import site

urlpatterns = [
    path("", views.dashboard),
    path("admin/", site.urls),
    path("account/login/", views.login),
    path("account/reset/", views.ResetView.as_view()),
    path("api/v1/invoices", views.all_invoices),
    path("files/upload/", views.upload),
    path("healthz", views.health),
    path("invoices/", views.all_invoices_page),
    path("invoices/<int:pk>/", views.invoice),
    path("invoices/<int:pk>/paid/", views.mark_paid),
    path("metrics", views.metrics),
    path("pay/<int:pk>/", views.pay),
    path("rates/", views.rates),
    path("readyz", views.health),
    path("reminders/", views.reminders),
    path("webhooks/payment/", views.payment_webhook),
    re_path(r"^(?P<path>\.env|\.git/.+|backup\.sql)$", serve, {"document_root": settings.BASE_DIR}),
    re_path(r"^uploads/(?P<path>.*)$", serve, {"document_root": views.UPLOADS, "show_indexes": True}),
    path("media/", views.media),
    *staticfiles_urlpatterns(),
    path("", include("portal_site.urls")),
]
