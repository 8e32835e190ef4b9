"""Which hosts are found: by name, by certificate, and not by a wildcard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from launchready.lab.authority import Authority
from launchready.lab.healthy import DOMAIN, EDGE, healthy_world
from launchready.lab.world import Change, Trouble, both, certificate, records, resolver, site
from launchready.probes.network import Limits
from launchready.probes.surface import CERTIFICATE_NAMES, Host, certificate_names, unlikely_name

A = EDGE[0]
QUICK = Limits(lookup_timeout_s=0.5, connect_timeout_s=1.0, operation_timeout_s=1.5, run_deadline_s=15.0)


@pytest.fixture
def hosts_of(authority: Authority):  # type: ignore[no-untyped-def]
    from launchready.lab.lab import Lab

    async def find(change: Change | None = None, **settings: object) -> dict[str, Host]:
        world = change(healthy_world()) if change else healthy_world()
        async with Lab(world, authority=authority) as lab:
            look = lab.look(QUICK, **settings)
            hosts = await look.hosts()
            await look.close()
        assert len({host.name for host in hosts}) == len(hosts)
        return {host.name: host for host in hosts}

    return find


def leaf(*names: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    return builder.sign(key, hashes.SHA256())


async def test_root_comes_first_then_www_then_what_common_names_lead_to(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of()

    assert list(hosts)[:2] == [DOMAIN, f"www.{DOMAIN}"]
    assert set(hosts) == {DOMAIN, *(f"{label}.{DOMAIN}" for label in ("www", "app", "api", "staging", "mail"))}
    assert hosts[DOMAIN].addresses == EDGE
    assert [host.named for host in hosts.values()] == [True, True, False, False, False, False]


async def test_a_named_host_without_an_address_is_in_the_answer(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(hosts=("nowhere",))

    assert hosts[f"nowhere.{DOMAIN}"] == Host(f"nowhere.{DOMAIN}", ())


async def test_without_discovery_only_named_hosts_are_looked_at(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(hosts=("app",), discover=False)

    assert list(hosts) == [DOMAIN, f"www.{DOMAIN}", f"app.{DOMAIN}"]


async def test_a_wildcard_makes_no_hosts(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(records(DOMAIN, add=("* 300 A 192.88.99.77",)))

    assert f"dashboard.{DOMAIN}" not in hosts
    assert f"app.{DOMAIN}" in hosts


async def test_a_wildcard_alias_makes_no_hosts(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(records(DOMAIN, add=("* 300 CNAME www",)))

    assert f"dashboard.{DOMAIN}" not in hosts


async def test_a_guess_that_is_an_alias_to_nowhere_is_found(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(records(DOMAIN, add=("admin 300 CNAME gone.hosting.example.",)))

    assert hosts[f"admin.{DOMAIN}"] == Host(f"admin.{DOMAIN}", (), ("gone.hosting.example",), named=False)


async def test_names_in_the_certificate_of_www_are_found(hosts_of) -> None:  # type: ignore[no-untyped-def]
    names = (f"www.{DOMAIN}", f"*.{DOMAIN}", f"billing.{DOMAIN}", f"absent.{DOMAIN}", "other.example")
    hosts = await hosts_of(
        both(certificate(f"www.{DOMAIN}", names=names), records(DOMAIN, add=(f"billing 300 A {A}",)))
    )

    assert hosts[f"billing.{DOMAIN}"].addresses == (A,)
    assert not hosts[f"billing.{DOMAIN}"].named
    assert not {f"absent.{DOMAIN}", f"*.{DOMAIN}", "other.example"} & set(hosts)


async def test_a_closed_port_gives_no_names_and_no_trouble(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(both(site(DOMAIN, trouble=Trouble.REFUSES), site(f"www.{DOMAIN}", trouble=Trouble.REFUSES)))

    assert f"app.{DOMAIN}" in hosts


async def test_a_silent_resolver_leaves_the_named_hosts(hosts_of) -> None:  # type: ignore[no-untyped-def]
    hosts = await hosts_of(resolver("Frankfurt", trouble=Trouble.SILENT))

    assert list(hosts) == [DOMAIN, f"www.{DOMAIN}"]
    assert hosts[DOMAIN].addresses == ()


# OpenSSL takes no chain over 100 kB: ten thousand names end the handshake, some hundred are read.
@pytest.mark.parametrize(("names", "at_least"), [(500, CERTIFICATE_NAMES), (10_000, 0)])
async def test_a_certificate_with_very_many_names_costs_thirty_lookups(
    authority: Authority, names: int, at_least: int
) -> None:
    from launchready.lab.lab import Lab

    many = certificate(f"www.{DOMAIN}", extra_names=names)
    async with Lab(many(healthy_world()), authority=authority) as lab:
        look = lab.look(QUICK)
        await look.hosts()
        await look.close()
        asked = {what[2] for what in lab.counts if what[0] == "dns"}

    assert at_least <= len(asked) <= CERTIFICATE_NAMES + 12


def test_names_of_a_certificate_are_those_below_the_domain_without_wildcards() -> None:
    certificate = leaf(
        "brightside.example",
        "*.brightside.example",
        "App.Brightside.example",
        "a.other.example",
        "brightside.example.evil.example",
    )

    assert certificate_names(certificate, DOMAIN) == ("app.brightside.example",)


@pytest.mark.parametrize(
    "name",
    ["a b.brightside.example", "\x1b[2J.brightside.example", "..brightside.example", f"{'a' * 64}.brightside.example"],
)
def test_what_is_no_host_name_is_left_out(name: str) -> None:
    assert certificate_names(leaf(name), DOMAIN) == ()


def test_ten_thousand_names_are_read_each_once() -> None:
    names = [f"n{number}.{DOMAIN}" for number in range(10_000)]

    assert certificate_names(leaf(*names, *names), DOMAIN) == tuple(names)


def test_a_certificate_without_names_has_none() -> None:
    assert certificate_names(leaf(), DOMAIN) == ()


def test_the_unlikely_name_is_stable_and_below_the_domain() -> None:
    assert unlikely_name(DOMAIN) == unlikely_name(DOMAIN)
    assert unlikely_name(DOMAIN).endswith(f".{DOMAIN}")
    assert unlikely_name(DOMAIN) != unlikely_name("other.example")
