"""Django's entry to `companies`."""

from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    """The client companies, what of them each person may see, and the people in them."""

    name = "companies"
