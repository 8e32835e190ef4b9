"""Calls of other servers within a request: which of them waited for each other, and which took most of the time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from launchready.measurement import SerialCalls
from launchready.performance.routes import route_of
from launchready.performance.trace_trees import first, is_mail_port, system_of
from launchready.probes.otlp_spans import Span

MOST_WAITED = 0.5
"""The part of a route's time above which one call is what it waits for."""
MAIL = (
    "api.sendgrid.com", "api.eu.sendgrid.com", "api.postmarkapp.com", "api.mailgun.net", "api.eu.mailgun.net",
    "api.resend.com", "mandrillapp.com", "api.brevo.com", "api.sendinblue.com", "api.mailjet.com", "api.sparkpost.com",
    "api.eu.sparkpost.com", "api.smtp2go.com", "api.mailersend.com", "smtp.maileroo.com", "api.zeptomail.com",
)  # fmt: skip
"""Hosts that take mail over HTTP, from the vendors' API references."""
MESSAGES = ("hooks.slack.com", "slack.com", "api.twilio.com", "discord.com", "api.vonage.com", "api.telegram.org")
"""Hosts that take a message for somebody who does not wait."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of another server."""

    host: str
    endpoint: str
    """`GET api.example.net/rates/{id}`."""
    kind: str
    """`http`, `rpc`, `cache`, `mail` or `message`."""
    start_ns: int
    end_ns: int
    place: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0, self.end_ns - self.start_ns) / 1e9


def call_of(span: Span, place: str) -> Call:
    """A span as a call. Values of the address, and who logs in by it, are left out."""
    host, path = _address(span)
    method = str(first(span, "http.request.method", "http.method")).upper()
    service, procedure = str(first(span, "rpc.service")), str(first(span, "rpc.method"))
    kind = "http" if method else "rpc"
    if cache := system_of(span):
        kind, host = "cache", host or cache
        endpoint = f"{str(first(span, 'db.operation.name', 'db.operation')).upper()[:40]} {cache} {host}".strip()
    elif method:
        endpoint = route_of(method, path or "/").replace(" ", f" {host}", 1)
    else:
        endpoint = f"{service}/{procedure} {host}".strip("/ ")
    mailer = service.upper() in ("SES", "SESV2", "PINPOINTEMAIL")
    if mailer or is_mail_port(span) or _of(host, MAIL) or (host.startswith("email.") and _of(host, ("amazonaws.com",))):
        kind = "mail"
    elif _of(host, MESSAGES):
        kind = "message"
    return Call(host, endpoint[:200], kind, span.start_ns, span.end_ns, place)


def serial_of(route: str, made: Sequence[Sequence[Call]], server_s: float) -> list[SerialCalls]:
    """What is worth a look, per request in the mean of all of them: `made` holds the calls of each."""
    found: list[SerialCalls] = []
    hosts: dict[str, set[str]] = defaultdict(set)
    for calls in made:
        for call in calls:
            hosts[call.host].add(call.endpoint)
    for host, endpoints in hosts.items():
        told = [
            one
            for endpoint in sorted(endpoints)
            if (
                one := _judged(
                    route, endpoint, [[c for c in calls if c.endpoint == endpoint] for calls in made], server_s
                )
            )
        ]
        if not any(one.calls >= 2 for one in told) and len(endpoints) > 1:
            together = _judged(route, host, [[c for c in calls if c.host == host] for calls in made], server_s)
            told = [together] if together and together.calls >= 2 else told
        found += told
    return sorted(found, key=lambda one: -one.seconds)


def _judged(route: str, what: str, made: Sequence[Sequence[Call]], server_s: float) -> SerialCalls | None:
    chains = [_one_after_another(calls) for calls in made]
    calls, seconds = (
        total / len(made) for total in (sum(map(len, chains)), sum(c.seconds for one in chains for c in one))
    )
    every = [call for chain in chains for call in chain]
    kind = every[0].kind
    if calls < 2 and kind not in ("mail", "message"):
        if seconds < MOST_WAITED * server_s:
            return None
        kind = "wait"
    places = Counter(call.place for call in every)
    return SerialCalls(route, what, round(calls, 2), seconds, places.most_common(1)[0][0], kind, server_s)


def _one_after_another(calls: Sequence[Call]) -> list[Call]:
    """The most calls of which none began before another had ended."""
    chain: list[Call] = []
    for call in sorted(calls, key=lambda c: c.end_ns):
        if not chain or call.start_ns >= chain[-1].end_ns:
            chain.append(call)
    return chain


def _address(span: Span) -> tuple[str, str]:
    url = str(first(span, "url.full", "http.url"))
    try:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    except ValueError:
        host = path = ""
    return (host or str(first(span, "server.address", "net.peer.name", "http.host", "peer.service")))[:100], path


def _of(host: str, known: tuple[str, ...]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in known)
