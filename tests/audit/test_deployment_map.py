from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from launchready.audit.deployment_map import deployment_map, draw
from launchready.audit.operators import dns_operator, operators_of
from launchready.audit.platform_files import env_entries, environment_of, host_of, is_platform_file, read_platform_files
from launchready.audit.platform_yaml import Unreadable, read_yaml
from launchready.audit.services_by_name import SERVICES, service_of_host, service_of_variable
from launchready.lab.healthy import DOMAIN
from launchready.lab.source import files, with_source
from launchready.lab.world import Change, both, records, registration, response_headers
from launchready.model import DeploymentMap, Finding, MapNode, Part, Severity

Draw = Callable[..., Awaitable[DeploymentMap]]


@pytest.fixture
def drawn(authority: object) -> Draw:
    """`await drawn(change)`: the map of the changed world, with the findings of all checks on it."""
    from launchready import gate
    from launchready.lab.healthy import healthy_world
    from launchready.lab.lab import Lab

    async def run(change: Change | None = None, checks: tuple[str, ...] = (), **settings: object) -> DeploymentMap:
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:  # type: ignore[arg-type]
            look = lab.look(**settings)
            chosen = [gate.catalogue()[id] for id in checks] if checks else []
            report = await gate.run(look.portal, look, chosen, draw=draw)
        assert not look.crashes, look.crashes[0]
        assert report.map is not None
        return report.map

    return run


def node(drawn: DeploymentMap, id: str) -> MapNode:
    return next(n for n in drawn.nodes if n.id == id)


def ways(drawn: DeploymentMap) -> set[tuple[str, str]]:
    names = {n.id: n.name for n in drawn.nodes}
    return {(names[e.origin], names[e.target]) for e in drawn.edges}


async def test_the_healthy_portal_from_domain_to_database(drawn: Draw) -> None:
    found = await drawn(with_source())

    assert ways(found) >= {
        (DOMAIN, "Own name servers"),
        ("Own name servers", f"app.{DOMAIN}"),
        (f"app.{DOMAIN}", "Cloudflare"),
        ("Cloudflare", "portal"),
        ("portal", "PostgreSQL portal-db"),
        ("portal", "Postmark"),
        ("portal", "Stripe"),
        ("Repository", "GitHub Actions"),
        ("GitHub Actions", "portal"),
        ("Own name servers", f"mail.{DOMAIN}"),
        (f"Mail sent as {DOMAIN}", "spf.mailer.example"),
    }
    assert found.environments == ("production", "staging")
    assert "on Render" in node(found, "app:production:portal").details
    assert found.must_change == ()


async def test_without_a_repository_the_application_is_drawn_as_not_seen(drawn: Draw) -> None:
    found = await drawn()

    assert not node(found, "app:production:application").known
    assert not [n for n in found.nodes if n.part is Part.CODE]


async def test_findings_stand_on_the_node_they_are_about(drawn: Draw) -> None:
    change = both(
        registration(DOMAIN, expires_days=5),
        records(DOMAIN, drop=("@ CAA",), add=()),
        response_headers(f"www.{DOMAIN}", put={"Server": "Apache/2.4.1 (Debian)"}),
    )
    found = await drawn(change, ("domain.registration.expiry", "dns.caa", "http.banners"))

    places = {finding.check: n.id for n, finding in found.must_change}
    assert places["domain.registration.expiry"] == "domain"
    assert places["dns.caa"] == "dns"
    assert places["http.banners"] == f"host:www.{DOMAIN}"


async def test_nothing_is_asked_anew_after_the_checks(authority: object) -> None:
    from launchready import gate
    from launchready.lab.lab import Lab

    looks = []
    for picture in (None, draw):
        async with Lab(authority=authority) as lab:  # type: ignore[arg-type]
            look = lab.look()
            looks.append((await gate.run(look.portal, look, draw=picture)).looks)
    assert looks[0] == looks[1]


async def test_a_map_that_fails_leaves_the_report(authority: object) -> None:
    from launchready import gate
    from launchready.lab.lab import Lab

    async def fails(*_: object) -> DeploymentMap:
        raise RuntimeError("planted")

    async with Lab(authority=authority) as lab:  # type: ignore[arg-type]
        look = lab.look()
        report = await gate.run(look.portal, look, [gate.catalogue()["dns.caa"]], draw=fails)
    assert report.map is None
    assert report.outcomes
    assert "planted" in look.crashes[0]


async def test_an_edge_is_told_by_its_headers(drawn: Draw) -> None:
    found = await drawn(response_headers(f"app.{DOMAIN}", put={"CF-RAY": "8f1c-FRA", "Server": "cloudflare"}))

    assert (f"app.{DOMAIN}", "Cloudflare") in ways(found)
    assert (f"api.{DOMAIN}", "Cloudflare") in ways(found)


async def test_a_platform_without_an_edge_is_where_the_application_runs(drawn: Draw) -> None:
    found = await drawn(
        both(*(response_headers(f"{h}.{DOMAIN}", put={"rndr-id": "1f-2a"}) for h in ("www", "app", "api")))
    )

    assert "on Render" in node(found, "app:production:application").details


async def test_hostile_files_are_passed_over(drawn: Draw) -> None:
    bomb = "a: &a {k: 1}\n" + "".join(
        f"b{i}: &b{i}\n  <<: [{', '.join(['*' + ('a' if i == 0 else f'b{i - 1}')] * 9)}]\n" for i in range(9)
    )
    found = await drawn(
        files(
            {
                "render.yaml": "services: " + "[" * 20_000,
                "fly.toml": "app = ",
                "vercel.json": "[1,2",
                "docker-compose.yml": bomb,
                "Procfile": "\0\0\0",
                "app.json": '{"addons": [[[]], 7, null], "env": []}',
                ".env.production": "=\nDATABASE_URL=postgres://[::bad\n" + "A" * 5000,
            }
        )
    )

    assert node(found, "domain").name == DOMAIN


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("STRIPE_SECRET_KEY", "Stripe"),
        ("NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY", "Stripe"),
        ("PROD_STRIPE_KEY", "Stripe"),
        ("SENTRY_DSN", "Sentry"),
        ("VITE_SENTRY_DSN", "Sentry"),
        ("AWS_S3_BUCKET", "Amazon S3"),
        ("AWS_ACCESS_KEY_ID", "AWS"),
        ("AWS_SES_REGION", "Amazon SES"),
        ("POSTMARK_TOKEN", "Postmark"),
        ("OPENAI_API_KEY", "OpenAI"),
        ("DATABASE_URL", "Database"),
        ("POSTGRES_PASSWORD", "PostgreSQL"),
        ("PGHOST", "PostgreSQL"),
        ("REDIS_URL", "Redis"),
        ("UPSTASH_REDIS_REST_URL", "Upstash"),
        ("SUPABASE_SERVICE_ROLE_KEY", "Supabase"),
        ("TWILIO_AUTH_TOKEN", "Twilio"),
        ("EMAIL_HOST", "Mail server"),
    ],
)
def test_a_service_is_known_by_the_names_of_its_variables(name: str, service: str) -> None:
    found = service_of_variable(name)
    assert found is not None
    assert found.name == service


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "PORT", "STRIPES", "MY_LAWS", "ADDRESS", "SESSION_NAME", "", "_", "DBT",
     "CREDISTRIBUTE", "PRESEND"],
)  # fmt: skip
def test_a_name_that_tells_nothing_is_drawn_nowhere(name: str) -> None:
    assert service_of_variable(name) is None


def test_there_are_forty_services_and_none_twice() -> None:
    names = [service.name for service in SERVICES]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


def test_a_host_names_its_service() -> None:
    assert getattr(service_of_host("ep-x.eu-central-1.aws.neon.tech"), "name", "") == "Neon"
    assert getattr(service_of_host("x.rds.amazonaws.com"), "name", "") == "Amazon RDS"
    assert service_of_host("notneon.tech") is None


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("postgres://user:hunter2@db.example.com:5432/portal", "db.example.com"),
        ("smtp.postmarkapp.com", "smtp.postmarkapp.com"),
        ("smtp.postmarkapp.com:587", "smtp.postmarkapp.com"),
        ("https://x:y@[::1", ""),
        ("sk_live_abcdef", ""),
        ("hunter2", ""),
        ("a secret. with dots", ""),
        (7, ""),
    ],
)
def test_of_a_value_only_its_host_is_kept(value: object, host: str) -> None:
    assert host_of(value) == host


def test_operators_by_header_alias_and_address() -> None:
    assert [o.name for o in operators_of([("x-vercel-id", "fra1::x")], [], [])] == ["Vercel"]
    assert [o.name for o in operators_of([], ["portal.onrender.com"], [])] == ["Render"]
    assert [o.name for o in operators_of([("rndr-id", "1"), ("cf-ray", "1")], [], [])] == ["Cloudflare", "Render"]
    assert [o.name for o in operators_of([], [], ["104.16.1.1"])] == ["Cloudflare"]
    assert operators_of([("server", "nginx")], ["nononrender.com"], ["not an address"]) == ()


def test_who_runs_the_name_servers() -> None:
    assert dns_operator(["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]) == "Cloudflare"
    assert dns_operator(["ns-1.awsdns-00.com"]) == "Amazon Route 53"
    assert dns_operator(["ns1.notcloudflare.com"]) == ""


def test_render_projects_and_their_environments() -> None:
    text = """
projects:
  - name: portal
    environments:
      - name: Staging
        services: [{type: web, name: web, runtime: python, envVars: [{key: SENTRY_DSN, sync: false}]}]
        databases: [{name: portal-db-staging}]
"""
    found = read_platform_files({"render.yaml": text})
    assert [(a.name, a.environment, a.variables) for a in found.apps] == [("web", "staging", ("SENTRY_DSN",))]
    assert [(s.name, s.environment) for s in found.stores] == [("portal-db-staging", "staging")]


def test_a_compose_file_counts_where_nothing_else_says_what_runs() -> None:
    compose = "services: {db: {image: 'postgres:16'}, web: {build: ., ports: ['80:80'], environment: [A=1]}}"
    alone = read_platform_files({"compose.yaml": compose})
    assert [a.name for a in alone.apps] == ["web"]
    assert [s.engine for s in alone.stores] == ["PostgreSQL"]
    beside = read_platform_files({"compose.dev.yaml": compose, "fly.toml": 'app = "portal"'})
    assert [a.platform for a in beside.apps] == ["Fly.io"]


def test_expos_app_json_is_no_herokus() -> None:
    assert read_platform_files({"app.json": '{"expo": {"name": "x"}, "name": "x"}'}).apps == ()


def test_every_platforms_file_is_read() -> None:
    found = read_platform_files(
        {
            "fly.staging.toml": 'app = "portal-staging"\n[env]\nA = "redis://x.io"\n[[mounts]]\nsource="data"',
            "wrangler.toml": 'name = "edge"\n[[r2_buckets]]\nbucket_name = "files"\n[env.staging]\nname = "s"',
            "netlify.toml": '[build.environment]\nNODE_VERSION = "22"',
            "railway.json": '{"build": {"builder": "NIXPACKS"}}',
            "vercel.json": '{"crons": [{}], "env": {"A": "@a"}}',
            "app.yaml": "runtime: python312\nenv_variables: {SENTRY_DSN: x}",
            "Procfile": "web: gunicorn\nworker: celery\nrelease: migrate",
        }
    )
    told = {(a.platform, a.name, a.environment) for a in found.apps}
    assert told >= {
        ("Fly.io", "portal-staging", "staging"), ("Cloudflare Workers", "edge", "production"),
        ("Cloudflare Workers", "s", "staging"), ("Netlify", "site", "production"),
        ("Railway", "service", "production"), ("Vercel", "site", "production"),
        ("Google App Engine", "default", "production"), ("", "web", "production"), ("", "worker", "production"),
    }  # fmt: skip
    assert {s.name for s in found.stores} == {"data", "files"}
    assert found.unread == ()


def test_small_readers() -> None:
    assert dict(env_entries("export A=1\n# B=2\nC = 'x'\n")) == {"A": "1", "C": "x"}
    assert environment_of("docker-compose.prod.yml") == "production"
    assert environment_of("product") == ""
    assert is_platform_file("deploy/render.yaml")
    assert not is_platform_file("a/b/render.yaml")
    with pytest.raises(Unreadable):
        read_yaml("{" * 30_000)
    with pytest.raises(Unreadable):
        read_yaml("!!python/object/apply:os.system ['id']")
    assert read_yaml("") is None


def test_a_finding_about_nothing_on_the_map_is_about_the_domain() -> None:
    from launchready.audit.deployment_findings import place_findings

    bare = DeploymentMap(DOMAIN, (MapNode("domain", Part.DOMAIN, DOMAIN),), ())
    placed = place_findings(bare, [Finding("https://[x", "Odd.", severity=Severity.NICE, check="x.y")])
    assert len(placed.nodes[0].findings) == 1
    assert deployment_map  # the pure half is public


async def test_manifests_made_to_be_slow_are_not(drawn: Draw) -> None:
    slow = {"requirements.txt": "\n" * 1_500_000, "pyproject.toml": "-" * 1_500_000, "package.json": '"' * 1_500_000}
    async with asyncio.timeout(20):
        await drawn(files(slow))
