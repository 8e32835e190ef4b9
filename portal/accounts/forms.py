"""Forms of the account pages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from accounts.models import User, canonical_email

_LONGEST_EMAIL = 254  # RFC 5321, and what the table of failures takes


class LoginForm(AuthenticationForm):
    """Says the same for a wrong address, a wrong password and a closed account."""

    error_messages = {  # noqa: RUF012 - Django's attribute
        "invalid_login": "E-mail and password do not match. Passwords tell capital letters from small ones.",
        "inactive": "E-mail and password do not match. Passwords tell capital letters from small ones.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["username"].label = "E-mail"

    def clean_username(self) -> str:
        """One spelling an account, so that failures add up; nothing that no account can have."""
        email = canonical_email(self.cleaned_data["username"])
        if len(email) > _LONGEST_EMAIL:
            raise self.get_invalid_login_error()
        return email


class CodeForm(forms.Form):
    """A code of six digits, or a backup code."""

    code = forms.CharField(
        max_length=16,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        """Codes are often shown in groups."""
        return str(self.cleaned_data["code"]).replace(" ", "")


class PasswordForm(forms.Form):
    """Asks for the password again before something that weakens the account."""

    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Compares with the account's."""
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError("This is not your password.")
        return str(self.cleaned_data["password"])


class EnableForm(CodeForm, PasswordForm):
    """The first code of the app, and the password: a session left open must not lock its owner out."""

    field_order = ("code", "password")


class ProfileForm(forms.ModelForm):
    """What people change about themselves. The e-mail is the login: a new address is a new invitation."""

    class Meta:
        model = User
        fields = ("name",)
