"""From the network options of a command line to the eyes of one run. Raises Stop naming the option that is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from launchready.cli.stop import Stop
from launchready.portal import DnsSettings, Portal, ResolverSettings
from launchready.probes.look import Look
from launchready.probes.network import Detour, Limits, Network, detours_of


@dataclass(frozen=True, slots=True)
class Reach:
    """The network options as they were typed."""

    resolvers: tuple[str, ...]
    connect_to: tuple[str, ...]
    closed: bool
    ca_file: Path | None
    timeout_s: float
    deadline_s: float
    discover: bool


def look_at(portal: Portal, reach: Reach) -> Look:
    """Eyes on the portal, as the options want them."""
    changes: dict[str, object] = {}
    if reach.resolvers:
        named = tuple(map(_resolver, reach.resolvers))
        changes["dns"] = DnsSettings(resolvers=named, compare_public=portal.dns.compare_public)
    if not reach.discover:
        changes["discover"] = False
    usual = Limits()
    limits = Limits(
        lookup_timeout_s=min(usual.lookup_timeout_s, reach.timeout_s),
        connect_timeout_s=min(usual.connect_timeout_s, reach.timeout_s),
        operation_timeout_s=reach.timeout_s,
        run_deadline_s=reach.deadline_s,
    )
    network = Network(limits, _detours(reach.connect_to), closed=reach.closed, ca_pem=_roots(reach.ca_file))
    return Look(portal.model_copy(update=changes), network)


def _resolver(text: str) -> ResolverSettings:
    name, equals, place = text.rpartition("=")
    address, port = place, "53"
    if place.startswith("["):
        address, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif place.count(":") == 1:
        address, _, port = place.partition(":")
    try:
        ip_address(address)
        number = int(port)
    except ValueError:
        raise Stop(
            f"--resolver {text!r}: expected NAME=ADDRESS or NAME=ADDRESS:PORT, such as office=192.0.2.1"
        ) from None
    if not 0 < number < 65536 or (equals and not name):
        raise Stop(f"--resolver {text!r}: expected a name and a port from 1 to 65535")
    return ResolverSettings(name=name or address, address=address, port=number)


def _detours(texts: Iterable[str]) -> tuple[Detour, ...]:
    lines: list[str] = []
    for text in texts:
        if not text.startswith("@"):
            lines.append(text)
            continue
        try:
            lines += Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"--connect-to {text}: cannot be read: {_reason(error)}") from None
    try:
        return detours_of(lines)
    except ValueError as error:
        raise Stop(str(error)) from None


def _roots(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise Stop(f"--ca-file {path}: cannot be read: {_reason(error)}") from None
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise Stop(f"--ca-file {path}: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
    from cryptography import x509

    try:
        x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Stop(f"--ca-file {path}: a certificate in it cannot be read: {error}") from None
    return pem


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
