"""What a person does, in Chromium, on a phone and on a desk."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from approvals.models import Approval
from files.models import StoredFile
from invoices.models import Invoice
from tests.world import PASSWORD, draft

SIZES = pytest.mark.parametrize("width", [360, 1280])
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What of the page, apart from scrolling areas of its own, is cut off at the right.
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_TOO_SMALL = """() => [...document.querySelectorAll("a.button, button, input, select, .menu a")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 18 || box.height < 18))
  .map(([html]) => html)"""


def log_in(page, user):
    page.goto("/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def fits(page):
    page.wait_for_load_state("domcontentloaded")  # a page that is being left has no document
    assert page.evaluate(_WIDER) <= 0, f"{page.url} is wider than the screen"
    assert page.evaluate(_TOO_SMALL) == []


def menu(page, name):
    button = page.get_by_role("button", name="Menu")
    if button.is_visible():
        button.click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()


@SIZES
def test_log_in_look_around_upload_approve_log_out(world, open_page, width, tmp_path):
    page = open_page(width)
    log_in(page, world.ours.client)
    fits(page)
    expect(page.get_by_role("link", name=re.compile("Waiting approvals 1"))).to_be_visible()

    menu(page, "Files")
    page.get_by_role("link", name="Upload a file").click()
    letter = tmp_path / "letter.txt"
    letter.write_text("a letter")
    page.get_by_label("File").set_input_files(letter)
    fits(page)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("status").first).to_contain_text("letter.txt is uploaded")
    with page.expect_download() as download:
        page.get_by_role("link", name="letter.txt").click()
    assert download.value.path().read_text() == "a letter"

    menu(page, "Approvals")
    page.get_by_role("link", name=world.ours.approval.title).click()
    fits(page)
    page.get_by_label("Comment").fill("Lovely")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".trail")).to_contain_text("Lovely")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    assert Approval.unscoped.get(pk=world.ours.approval.pk).state == "approved"

    menu(page, "Onboarding")
    page.get_by_role("checkbox", name=world.ours.item.title).click()
    expect(page.get_by_role("checkbox", name=world.ours.item.title)).to_be_checked()

    menu(page, "Invoices")
    page.get_by_role("link", name=world.ours.invoice.number).click()
    expect(page.locator(".sum")).to_contain_text("178.49 EUR")
    fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")

    if page.get_by_role("button", name="Menu").is_visible():
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/account/login/"))


@SIZES
def test_staff_write_an_invoice_with_a_further_line_and_send_it(world, open_page, width):
    page = open_page(width)
    page.on("dialog", lambda dialog: dialog.accept())
    log_in(page, world.ours.staff)
    menu(page, "Invoices")
    page.get_by_role("link", name="New invoice").click()
    page.get_by_label("Company").select_option(world.ours.company.name)
    page.get_by_label("Tax in percent").fill("19")
    for number, (what, quantity, price) in enumerate([("Design", "2", "100"), ("Texts", "1.5", "80"), ("Discount", "1", "-20")], 1):  # fmt: skip  # noqa: E501
        if number > 2:
            page.get_by_role("button", name="Add a line").click()
        line = page.get_by_role("group", name=f"Line {number}")
        line.get_by_label("Description").fill(what)
        line.get_by_label("Quantity").fill(quantity)
        line.get_by_label("Unit price").fill(price)
    fits(page)
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator(".sum")).to_contain_text("357.00 EUR")
    page.get_by_role("button", name="Send to the client").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sent")
    page.get_by_role("button", name="Mark as paid").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Paid")
    assert Invoice.unscoped.get(total_minor=35700).state == "paid"


def test_pages_of_invoices_turn_without_loading_the_frame(world, open_page):
    for _ in range(60):
        draft(world.ours.company, world.owner)
    page = open_page()
    log_in(page, world.ours.staff)
    page.goto("/invoices/")
    page.evaluate("window.same = true")
    first = page.locator("tbody th a").first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    assert page.locator("tbody th a").first.inner_text() != first
    page.go_back()
    expect(page.locator("tbody th a").first).to_have_text(first)
    assert page.evaluate("window.same")
    page.reload()
    expect(page.get_by_text("Page 1 of 3")).to_be_visible()


def test_a_file_that_is_too_large_is_told_before_it_is_sent(world, open_page, tmp_path):
    page = open_page(360)
    log_in(page, world.ours.client)
    page.goto("/files/upload/")
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 300_000)
    page.get_by_label("File").set_input_files(large)
    expect(page.get_by_text("This file is too large.")).to_be_visible()
    page.get_by_role("button", name="Upload").click()
    assert page.url.endswith("/files/upload/")
    assert StoredFile.unscoped.filter(name="large.txt").count() == 0


def test_an_open_dashboard_stays_fresh(world, open_page):
    page = open_page()
    page.clock.install()
    log_in(page, world.ours.client)
    expect(page.locator("[data-number=pending_approvals]")).to_have_text("1")
    page.wait_for_load_state("load")  # the script sets its timer then; the clock must not run before
    Approval.unscoped.filter(company=world.ours.company).update(state="withdrawn")
    page.clock.run_for(61_000)
    expect(page.locator("[data-number=pending_approvals]")).to_have_text("0")


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(world, open_page):
    page = open_page()
    log_in(page, world.ours.client)
    page.goto("/invoices/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        what, outline = page.evaluate(
            "[document.activeElement.innerText, getComputedStyle(document.activeElement).outlineStyle]"
        )
        if what and len(what) < 60:
            assert outline != "none", what
            seen.add(what.strip())
    assert {"All", "Paid", world.ours.invoice.number} <= seen


def test_on_a_phone_the_menu_opens_and_closes_by_keyboard(world, open_page):
    page = open_page(360)
    log_in(page, world.ours.client)
    link = page.get_by_role("link", name="Approvals", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()


def test_without_scripts_the_portal_works(world, chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, world.ours.client)
    page.goto(f"/approvals/{world.ours.approval.pk}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".trail")).to_contain_text("approved")
    context.close()


def pages_of(world):
    ours = world.ours
    return [
        "/", "/invoices/", "/invoices/new/", f"/invoices/{ours.invoice.pk}/", f"/invoices/{ours.draft.pk}/",
        f"/invoices/{ours.draft.pk}/edit/", "/approvals/", "/approvals/new/", f"/approvals/{ours.approval.pk}/",
        "/files/", "/files/upload/", "/onboarding/", f"/onboarding/companies/{ours.company.pk}/", "/companies/",
        "/companies/new/", f"/companies/{ours.company.pk}/", f"/companies/{ours.company.pk}/invite/",
        "/companies/staff/", f"/companies/staff/{ours.staff.pk}/", "/account/", "/account/password/",
        "/account/two-factor/", "/account/two-factor/off/",
    ]  # fmt: skip


OUTSIDE = ["/account/login/", "/account/reset/", "/account/reset/sent/", "/account/invitation/old/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@SIZES
def test_every_page_is_accessible_and_fits(world, open_page, width, scheme):
    page, axe, wrong = open_page(width, scheme), Axe(), []

    def look(path):
        page.goto(path)
        fits(page)
        found = axe.run(page, options=_RULES)
        wrong.extend(
            (path, one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found.response["violations"]
        )

    for path in OUTSIDE:
        look(path)
    log_in(page, world.owner)
    for path in pages_of(world):
        look(path)
    assert wrong == []
    # Chromium itself reports the 410 of an old invitation.
    open_page.said[:] = [line for line in open_page.said if "410" not in line]


@SIZES
def test_long_words_and_big_numbers_break_no_page(world, open_page, width):
    world.ours.company.name = "W" * 120
    world.ours.company.save()
    world.ours.client.name = "M" * 120
    world.ours.client.save()
    Approval.unscoped.filter(pk=world.ours.approval.pk).update(title="Q" * 150, details="D" * 3000)
    StoredFile.unscoped.filter(pk=world.ours.file.pk).update(name="f" * 196 + ".txt", size_bytes=10**15)
    Invoice.unscoped.filter(pk=world.ours.invoice.pk).update(
        subtotal_minor=8 * 10**9, tax_minor=8 * 10**8, total_minor=88 * 10**8, note="n" * 300
    )
    page = open_page(width)
    for user in (world.ours.client, world.owner):
        log_in(page, user)
        for path in pages_of(world):
            if user is world.owner or "new" not in path:
                page.goto(path)
                if page.locator("h1").inner_text() != "Not for this account":
                    fits(page)
        page.context.clear_cookies()
    open_page.said[:] = [line for line in open_page.said if "403" not in line and "404" not in line]


def test_error_pages_look_like_the_portal(open_page, world):
    page = open_page(360)
    page.goto("/nowhere/")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    fits(page)
    open_page.said.clear()  # Chromium itself reports the 404
