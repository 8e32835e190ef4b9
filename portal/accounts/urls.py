"""Addresses under `/account/`."""

from django.urls import path

from accounts import account, login, passwords, two_factor

app_name = "accounts"
urlpatterns = [
    path("", account.home, name="home"),
    path("login/", login.LoginView.as_view(), name="login"),
    path("login/code/", login.code, name="code"),
    path("logout/", login.LogoutView.as_view(), name="logout"),
    path("password/", passwords.ChangeView.as_view(), name="password"),
    path("reset/", passwords.ResetView.as_view(), name="reset"),
    path("reset/sent/", passwords.ResetSentView.as_view(), name="reset_sent"),
    path("reset/<uidb64>/<token>/", passwords.ResetConfirmView.as_view(), name="reset_confirm"),
    path("invitation/<token>/", passwords.invitation, name="invitation"),
    path("two-factor/", two_factor.enable, name="two_factor"),
    path("two-factor/off/", two_factor.disable, name="two_factor_off"),
]
