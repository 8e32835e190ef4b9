"""Health endpoints: what a handler looks at, in four frameworks, and what is not understood."""

from __future__ import annotations

import pytest
from tests.conftest import Judge

from launchready.hardening.release_health import USUAL, _handlers
from launchready.lab.faults.health import _DEPLOY
from launchready.lab.source import files
from launchready.model import Status

FLASK = '@app.route("/healthz")\ndef healthz():\n    '
FAST = '@router.get("/health")\nasync def health({}):\n    '


@pytest.mark.parametrize(
    ("path", "text", "constant"),
    [
        ("app.py", FLASK + 'return "ok"\n', True),
        ("app.py", FLASK + 'return jsonify(status="ok", at=datetime.now().isoformat())\n', True),
        ("app.py", FLASK + 'db.session.execute(text("SELECT 1"))\n    return "ok"\n', False),
        ("app.py", FLASK + 'return jsonify(redis=redis.get("x"))\n', False),
        ("app.py", FLASK + 'return {"region": os.environ.get("REGION")}\n', True),
        ("api.py", FAST.format("") + 'return {"status": "ok"}\n', True),
        ("api.py", FAST.format("session=Depends(get_session)") + 'return {"status": "ok"}\n', False),
        ("api.py", FAST.format("") + 'await database.ping()\n    return {"status": "ok"}\n', False),
        ("app.py", FLASK + 'return ("ok", 200) if pool.ready else ("no", 503)\n', False),
        ("app.py", FLASK + 'if not READY:\n        return "no", 503\n    return "ok"\n', False),
        ("api.py", FAST.format("db: Annotated[Session, Depends(get_db)]") + 'return {"status": "ok"}\n', False),
        ("api.py", FAST.format("").replace('health")', 'health", dependencies=[Depends(db)])') + "return {}\n", False),
        ("server/a.js", 'app.get("/healthz", (req, res) => res.status(ready ? 200 : 503).end());\n', False),
        ("server/a.js", 'app.get("/healthz", (req, res) => res.send("ok"));\n', True),
        ("server/a.js", 'router.get("/ready", function (req, res) {\n  res.sendStatus(200);\n});\n', True),
        ("server/a.js", 'app.get("/ready", async (req, res) => {\n  await db.ping();\n  res.send("ok");\n});\n', False),
        ("server/a.ts", 'app.get("/healthz", (req, res) => { if (!db.up) { res.status(503) } res.end() });\n', False),
    ],
)
def test_a_constant_answer_is_told_from_one_that_looks(path: str, text: str, constant: bool) -> None:
    [handler] = _handlers({path: text}, frozenset(USUAL))

    assert handler.constant is constant


@pytest.mark.parametrize(
    "text",
    ['app.get("/healthz", healthcheck);\n', 'app.get("/invoices", (req, res) => res.send("ok"));\n', "app.get('/up'"],
)
def test_a_handler_from_elsewhere_is_not_guessed(text: str) -> None:
    assert _handlers({"server/a.js": text}, frozenset(USUAL)) == []


@pytest.mark.parametrize(
    ("import_", "view"),
    [("from .views import h", "h"), ("from . import views", "views.h"), ("from ..a.views import h", "h")],
)
def test_views_that_django_imports_from_beside_are_found(import_: str, view: str) -> None:
    sources = {
        "src/a/settings.py": 'ROOT_URLCONF = "a.urls"\n',
        "src/a/urls.py": f'from django.urls import path\n{import_}\nurlpatterns = [path("healthz", {view})]\n',
        "src/a/views.py": 'def h(request):\n    return HttpResponse("ok")\n',
    }

    assert [(one.path, one.constant) for one in _handlers(sources, frozenset(USUAL))] == [("src/a/views.py", True)]


def test_of_two_sites_of_django_the_one_that_is_deployed_counts() -> None:
    def site(name: str, view: str) -> dict[str, str]:
        return {
            f"{name}/settings.py": f'ROOT_URLCONF = "{name}.urls"\n',
            f"{name}/urls.py": f'from {name} import views\nurlpatterns = [path("", include("{name}.more"))]\n',
            f"{name}/more.py": f'from {name}.views import h\nurlpatterns = [re_path(r"^readyz$", h)]\n',
            f"{name}/views.py": f"def h(request):\n    {view}\n",
        }

    sources = site("good", "return HttpResponse(ping())") | site("bad", 'return HttpResponse("ok")')

    [live] = _handlers({**sources, "Procfile": "web: DJANGO_SETTINGS_MODULE=bad.settings run"}, frozenset(USUAL))
    [other] = _handlers({**sources, "Procfile": "web: DJANGO_SETTINGS_MODULE=good.settings run"}, frozenset(USUAL))

    assert (live.path, live.constant, other.constant) == ("bad/views.py", True, False)


async def test_no_code_that_is_understood_is_not_checked(judge: Judge) -> None:
    outcome = await judge("release.health", files({"config/routes.rb": 'get "up" => "rails/health#show"\n'}), **_DEPLOY)

    assert outcome.status is Status.NOT_CHECKED
