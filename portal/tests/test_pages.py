"""What every page has: a title, one main heading, labels, and a way out of an error."""

import re
from html.parser import HTMLParser

import pytest

from tests.addresses import all_addresses
from tests.world import logged_in


class Outline(HTMLParser):
    """Collects what assistive technology needs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.open_buttons: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values and "__prefix__" not in values["id"]:
            self.ids.append(values["id"])
        if tag == "label" and "for" in values:
            self.labels.add(values["for"])
        if tag in ("input", "select", "textarea") and values.get("type") != "hidden" and "hidden" not in values:
            self.controls.append(values)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))


PAGES = [address for address in all_addresses() if address.pattern not in ("healthz", "readyz", "robots.txt")]


@pytest.mark.parametrize("address", PAGES, ids=lambda address: address.name)
@pytest.mark.parametrize("who", ["owner", "client"])
def test_pages_are_well_formed(world, address, who):
    user = world.owner if who == "owner" else world.ours.client
    answer = logged_in(user).get(address.of(world.ours), follow=True)
    if "html" not in answer.headers["Content-Type"] or not answer.content:
        return
    page = answer.content.decode()
    assert '<html lang="en">' in page
    assert re.search(r"<title>\S.+ · Client portal</title>", page)
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))
    for control in outline.controls:
        assert control.get("id") in outline.labels or control.get("aria-label"), control
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_neither_request_nor_database(status):
    from django.template.loader import render_to_string

    page = render_to_string(f"{status}.html")
    assert "Client portal" in page
    assert '<a class="button" href="/">' in page


def test_errors_are_tied_to_their_fields(world):
    page = logged_in(world.owner).post("/companies/new/", {"name": "", "billing_email": "x"}).content.decode()
    assert re.search(r'id="id_billing_email"[^>]*', page)
    wrong = re.search(r"<input[^>]*name=\"billing_email\"[^>]*>", page)[0]
    assert 'aria-invalid="true"' in wrong
    described = re.search(r'aria-describedby="([^"]+)"', wrong)[1]
    assert all(f'id="{part}"' in page for part in described.split())


def test_messages_after_an_act_are_announced(world):
    answer = logged_in(world.ours.client).post("/account/", {"name": "Ada"}, follow=True)
    assert 'role="status"' in answer.content.decode()
    assert "Your profile is saved" in answer.content.decode()


def test_robots_stay_outside(client, db):
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"
    assert 'content="noindex"' in client.get("/account/login/").content.decode()


def test_migrations_are_complete(db):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
