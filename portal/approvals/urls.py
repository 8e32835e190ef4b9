"""Addresses under `/approvals/`."""

from django.urls import path

from approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.create, name="create"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/<slug:what>/", views.act, name="act"),
]
