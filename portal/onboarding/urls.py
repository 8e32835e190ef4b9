"""Addresses under `/onboarding/`."""

from django.urls import path

from onboarding import views

app_name = "onboarding"
urlpatterns = [
    path("", views.index, name="index"),
    path("companies/<int:company_pk>/", views.checklist, name="checklist"),
    path("companies/<int:company_pk>/add/", views.add, name="add"),
    path("items/<int:pk>/", views.tick, name="tick"),
]
