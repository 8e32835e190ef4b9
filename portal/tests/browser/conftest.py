"""A real Chromium: the one named by CHROMIUM, or the system's. Without one these tests are skipped and say so."""

import os
import shutil

import pytest
from django.core.cache import cache
from playwright.sync_api import sync_playwright

from tests.world import make_world

# Playwright's loop runs in this thread; Django would take its queries for asynchronous ones.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def chromium_path() -> str | None:
    named = [os.environ.get("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "google-chrome"]
    return next(filter(None, (shutil.which(name) for name in named if name)), None)


@pytest.fixture(scope="session")
def chromium():
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium: set CHROMIUM to its path, or install it (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def world(transactional_db):
    cache.clear()
    return make_world()


@pytest.fixture
def open_page(chromium, live_server):
    """A page of a size and a colour scheme; what the console said must be nothing by the end."""
    contexts, said = [], []

    def new(width: int = 1280, scheme: str = "light"):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            has_touch=width < 500,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        # Aborted requests are downloads, or belong to a page that was left.
        page.on("requestfailed", lambda request: "ABORTED" in request.failure or said.append(f"failed: {request.url}"))
        contexts.append(context)
        return page

    new.said = said
    yield new
    for context in contexts:
        context.close()
    assert said == []
