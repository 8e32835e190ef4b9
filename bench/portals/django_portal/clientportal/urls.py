"""What is found where."""

from billing import views
from django.urls import path

urlpatterns = [
    path("account/login/", views.SignIn.as_view()),
    path("", views.dashboard),
    path("invoices/", views.invoices),
    path("files/", views.files),
    path("files/upload/", views.upload),
    path("api/invoices", views.api_invoices),
    path("healthz", views.healthz),
]
