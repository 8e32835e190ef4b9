"""Companies and their checklists."""

from companies.models import Company
from onboarding.models import ChecklistItem
from onboarding.progress import Progress
from tests.world import logged_in


def test_a_new_company_starts_with_the_usual_steps(world):
    sent = {"name": "Cedar Books", "address": "", "billing_email": "billing@cedar.example"}
    answer = logged_in(world.owner).post("/companies/new/", sent)
    cedar = Company.unscoped.get(name="Cedar Books")
    assert answer.headers["Location"] == f"/companies/{cedar.pk}/"
    assert ChecklistItem.unscoped.filter(company=cedar).count() == 6


def test_a_client_ticks_a_step_and_opens_it_again(world):
    browser, item = logged_in(world.ours.client), world.ours.item
    browser.post(f"/onboarding/items/{item.pk}/")
    item.refresh_from_db()
    assert item.done_by == world.ours.client
    assert "1 of 6 steps done" in browser.get("/onboarding/", follow=True).content.decode()
    browser.post(f"/onboarding/items/{item.pk}/")
    item.refresh_from_db()
    assert (item.done_at, item.done_by) == (None, None)


def test_staff_add_a_step_at_the_end(world):
    company = world.ours.company
    logged_in(world.ours.staff).post(f"/onboarding/companies/{company.pk}/add/", {"title": "Send the contract"})
    last = ChecklistItem.unscoped.filter(company=company).last()
    assert (last.title, last.position) == ("Send the contract", 7)


def test_progress():
    assert (Progress(1, 3).percent, Progress(0, 0).percent, Progress(3, 3).percent) == (33, 100, 100)


def test_the_agency_sees_the_progress_of_each_company(world):
    logged_in(world.ours.client).post(f"/onboarding/items/{world.ours.item.pk}/")
    page = logged_in(world.owner).get("/onboarding/").content.decode()
    assert "Alder Bikes: 16 percent" in page
    assert "Birch Clinic: 0 percent" in page


def test_staff_close_and_reopen_the_access_of_a_person(world):
    browser = logged_in(world.ours.staff)
    path = f"/companies/{world.ours.company.pk}/people/{world.ours.client.pk}/"
    for active in (False, True):
        assert browser.get(path).status_code == 405
        browser.post(path)
        world.ours.client.refresh_from_db()
        assert world.ours.client.is_active is active


def test_companies_are_found_by_name(world):
    browser = logged_in(world.owner)
    assert "Birch Clinic" not in browser.get("/companies/?q=alder").content.decode()
    assert "No company of yours is called that" in browser.get("/companies/?q=%25").content.decode()
    assert "<script>" not in browser.get("/companies/?q=<script>").content.decode()


def test_a_name_belongs_to_one_company(world):
    sent = {"name": "Birch Clinic", "billing_email": "a@b.example"}
    answer = logged_in(world.ours.staff).post(f"/companies/{world.ours.company.pk}/edit/", sent)
    assert "already exists" in answer.content.decode()
