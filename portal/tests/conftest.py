import pytest
from django.core.cache import cache

from tests.world import World, make_world


@pytest.fixture
def world(db) -> World:
    cache.clear()
    return make_world()


@pytest.fixture(autouse=True)
def own_mail_backend(settings):
    # Django's test runner puts a backend of its own in place; the portal's is what is tested.
    settings.EMAIL_BACKEND = "outbox.backend.OutboxBackend"
