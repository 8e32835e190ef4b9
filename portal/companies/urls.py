"""Addresses under `/companies/`."""

from django.urls import path

from companies import staff, views

app_name = "companies"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.create, name="create"),
    path("staff/", staff.index, name="staff"),
    path("staff/invite/", staff.invite_staff, name="staff_invite"),
    path("staff/<int:pk>/", staff.edit, name="staff_edit"),
    path("staff/<int:pk>/invite/", staff.invite_again, name="staff_invite_again"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/invite/", views.invite_person, name="invite"),
    path("<int:pk>/people/<int:person_pk>/", views.switch_person, name="switch_person"),
    path("<int:pk>/people/<int:person_pk>/invite/", views.invite_again, name="invite_again"),
]
