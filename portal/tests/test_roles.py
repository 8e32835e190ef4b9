"""Who may open what. The table names every address: a new one fails here until somebody decides."""

import pytest

from tests.addresses import all_addresses
from tests.world import logged_in

EVERYBODY = {
    "/healthz", "/readyz", "/robots.txt",
    "accounts:login", "accounts:reset", "accounts:reset_sent", "accounts:reset_confirm", "accounts:invitation",
}  # fmt: skip
OWNER = {
    "companies:create",
    "companies:staff",
    "companies:staff_invite",
    "companies:staff_edit",
    "companies:staff_invite_again",
}
AGENCY = {
    "approvals:create", "companies:index", "companies:edit", "companies:invite", "companies:invite_again",
    "companies:switch_person",
    "invoices:create", "invoices:edit", "invoices:move", "invoices:delete", "onboarding:add",
}  # fmt: skip
PEOPLE = {
    "accounts:home", "accounts:code", "accounts:logout", "accounts:password", "accounts:two_factor",
    "accounts:two_factor_off", "api_dashboard", "api_invoices", "approvals:index", "approvals:detail", "approvals:act",
    "companies:detail", "dashboard:home", "files:index", "files:upload", "files:download", "files:delete",
    "invoices:index", "invoices:detail", "invoices:pdf", "onboarding:index", "onboarding:checklist", "onboarding:tick",
}  # fmt: skip


def key(address) -> str:
    return address.name or f"/{address.pattern}"


def test_every_address_is_in_the_table():
    assert {key(address) for address in all_addresses()} == EVERYBODY | OWNER | AGENCY | PEOPLE


@pytest.mark.parametrize("address", all_addresses(), ids=key)
def test_each_role_gets_what_the_table_says(world, address, client):
    path, name = address.of(world.ours), key(address)
    reader = {role: logged_in(user) for role, user in people(world)}

    def answers(browser):
        return {browser.get(path).status_code, browser.post(path).status_code}

    if name in EVERYBODY:
        assert not answers(client) & {403, 500}
        assert client.get(path).status_code in (200, 410)
        return
    assert client.get(path).headers["Location"].startswith("/account/login/")
    assert client.post(path).status_code == 302
    for role, browser in reader.items():
        refused = (name in OWNER and role != "owner") or (name in AGENCY and role == "client")
        assert (403 in answers(browser)) == refused, role


def people(world):
    return [("client", world.ours.client), ("staff", world.ours.staff), ("owner", world.owner)]
