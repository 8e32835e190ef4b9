"""A first `launchready.toml`: what can be seen of a portal from outside, with comments to correct it by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import tomlkit

from launchready.audit.mail_dkim import find_selectors
from launchready.audit.mail_domain import mail_domain
from launchready.cli.stop import Exit, Stop
from launchready.probes.failures import Failure
from launchready.probes.http import Page
from launchready.probes.look import Look

STAGING_LABELS = ("staging", "stage", "dev", "test", "testing", "preview", "demo", "uat", "qa")
"""Labels of hosts that are meant for the makers, not for visitors or search engines."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was seen."""

    domain: str
    canonical: str = ""
    """Where root and www end; empty when they do not end at one place."""
    hosts: tuple[str, ...] = ()
    """Labels of hosts that serve pages, besides root, www and those for staging."""
    staging: tuple[str, ...] = ()
    sends: bool | None = None
    selectors: tuple[str, ...] = ()


async def look_around(look: Look) -> Draft:
    """Look at the domain. Raises Stop when it does not exist, or nothing answers."""
    domain = look.portal.domain
    try:
        async with asyncio.timeout(look.network.left_s):
            answer = await look.dns.query(domain, "SOA")
            if isinstance(answer, Failure):
                raise Stop(f"nothing could be looked at: {answer}; is this machine connected?", Exit.UNPROVEN)
            if answer.status == "NXDOMAIN":
                raise Stop(f"{domain} does not exist (NXDOMAIN); is it spelt right, and registered?")
            (hosts, staging), canonical, mail, selectors = await asyncio.gather(
                _hosts(look), _canonical(look), mail_domain(domain, look.portal, look), _selectors(look)
            )
    except TimeoutError:
        raise Stop("the deadline passed first; run it again with --deadline", Exit.UNPROVEN) from None
    finally:
        await look.close()
    return Draft(domain, canonical, hosts, staging, mail.sends, selectors)


def written(draft: Draft) -> str:
    """The draft as the text of a `launchready.toml`, each key with what it is for; unknown ones are commented out."""
    lines = [
        "# What this portal is, for `launchready check`. Written from what could be seen from outside: correct it.",
        "# Secrets do not belong here; the file is refused if it holds one.",
        "",
        _key("domain", draft.domain),
        "",
        "# The one address people should end at.",
        _key("canonical", draft.canonical) if draft.canonical else f'# canonical = "https://www.{draft.domain}/"',
        "",
        "# Hosts that serve pages, besides root and www. A host named here must work; others are only looked for.",
        _key("hosts", list(draft.hosts)) if draft.hosts else '# hosts = ["app", "api"]',
        "",
        "# Hosts that must stay out of search engines.",
        _key("staging", list(draft.staging)) if draft.staging else '# staging = ["staging"]',
        "",
        "# First pages, read for mixed content and cookies on every host.",
        '# pages = ["/", "/login"]',
        "",
        "[mail]",
        "# Whether anything sends mail as this domain.",
        "# sends = true" if draft.sends is None else _key("sends", draft.sends),
        "# Selectors the sending services sign with: the s= of a DKIM-Signature header.",
        _key("dkim_selectors", list(draft.selectors)) if draft.selectors else '# dkim_selectors = ["google"]',
        "# Other domains behind the @ of the portal's mail.",
        f'# domains = ["mail.{draft.domain}"]',
        "",
        "# The source code beside this file: secrets, variables, build and run time.",
        "# [repository]",
        '# path = "."',
        "# public = false",
        "",
        "# What production holds: the file, or the names set in a hosting panel.",
        "# [environments.production]",
        '# env_file = ".env.production"',
        '# variables = ["DATABASE_URL"]',
        "",
        "# What DNS and Cloudflare are to be, for `launchready edge plan`: docs/edge.md.",
        "# [edge]",
        '# origin = ["203.0.113.10"]',
        "# [edge.tls]",
        '# hsts = "test"',
        "",
        "# The one path to a release, for `launchready deploy`: docs/releases.md.",
        "# [deploy]",
        '# adapter = "directories"',
        '# root = "/srv/portal"',
        '# build = ["pip install -r requirements.txt"]',
        '# web = "gunicorn portal.wsgi --bind 127.0.0.1:$PORT"',
        "",
        "# What must hold after a release, for `launchready verify`.",
        "# [verify]",
        '# pages = [{ path = "/", text = "Sign in" }]',
        "",
        "# Who is told when it does not: the variable that holds an address such as mailto://… or slack://…",
        "# [alerts]",
        '# routes = [{ name = "ops", url_env = "OPS_ALERT_URL" }]',
        "",
        "# A finding you live with, until a date:",
        "# [[accepted]]",
        '# check = "dns.caa"',
        '# reason = "our registrar cannot publish CAA before the move in January"',
        "# until = 2030-01-31",
    ]
    return "\n".join(lines) + "\n"


async def _hosts(look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = [h for h in await look.hosts() if h.addresses and h.name not in (look.portal.domain, _www(look))]
    pages = await asyncio.gather(*(look.http.get(f"https://{h.name}/") for h in found))
    labels = [
        h.name.removesuffix(f".{look.portal.domain}") for h, p in zip(found, pages, strict=True) if isinstance(p, Page)
    ]
    staging = tuple(label for label in labels if label in STAGING_LABELS)
    # A label with a dot would be read as a full name of its own.
    return tuple(_named(label, look) for label in labels if label not in staging), staging


def _named(label: str, look: Look) -> str:
    return f"{label}.{look.portal.domain}" if "." in label else label


async def _canonical(look: Look) -> str:
    chains = await asyncio.gather(*(look.http.follow(f"https://{h}/") for h in (look.portal.domain, _www(look))))
    ends = {_site(chain.end.url) for chain in chains if isinstance(chain.end, Page) and chain.end.status < 400}
    return ends.pop() if len(ends) == 1 else ""


async def _selectors(look: Look) -> tuple[str, ...]:
    found = await find_selectors(look.portal.domain, look.portal, look)
    return tuple(selector.name for selector in found if selector.usable)


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _www(look: Look) -> str:
    return f"www.{look.portal.domain}"


def _key(name: str, value: object) -> str:
    return f"{name} = {tomlkit.item(value).as_string()}"
