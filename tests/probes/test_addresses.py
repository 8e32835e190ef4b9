"""Addresses are judged by IANA's registries, not by what a Python release thinks of them."""

from __future__ import annotations

import pytest

from launchready.lab import healthy
from launchready.probes.addresses import globally_reachable, special_block, why_unreachable


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.0.0.1", "private use, RFC 1918"),
        ("172.31.255.255", "private use, RFC 1918"),
        ("192.168.1.1", "private use, RFC 1918"),
        ("127.0.0.1", "loopback, RFC 1122"),
        ("0.0.0.0", "no address at all, RFC 1122"),
        ("100.64.0.1", "shared by carrier-grade NAT, RFC 6598"),
        ("169.254.169.254", "link-local, RFC 3927"),
        ("203.0.113.9", "documentation, RFC 5737"),
        ("224.0.0.1", "multicast, RFC 5771"),
        ("255.255.255.255", "limited broadcast, RFC 919"),
        ("::1", "loopback, RFC 4291"),
        ("::", "no address at all, RFC 4291"),
        ("fd00::1", "unique local, RFC 4193"),
        ("fe80::1%eth0", "link-local, RFC 4291"),
        ("2001:db8::1", "documentation, RFC 3849"),
        ("3fff::1", "documentation, RFC 9637"),
        ("2001:0:0:1::", None),
        ("4000::1", "outside the global unicast space, RFC 4291"),
        ("::ffff:10.0.0.1", "IPv4-mapped form of 10.0.0.1 (private use, RFC 1918)"),
        ("::ffff:8.8.8.8", "IPv4-mapped, RFC 4291"),
        ("64:ff9b::10.0.0.1", "IPv4 through NAT64 form of 10.0.0.1 (private use, RFC 1918)"),
        ("2002:c0a8:0101::1", "6to4 form of 192.168.1.1 (private use, RFC 1918)"),
        ("not an address", "not an address"),
        ("", "not an address"),
    ],
)
def test_an_unreachable_address_is_named_by_its_block(address: str, reason: str | None) -> None:
    assert why_unreachable(address) == reason


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "100.128.0.1",
        "192.0.0.9",
        "192.0.1.1",
        "192.88.99.10",
        "2001:20::10",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "64:ff9b::8.8.8.8",
        "2002:0808:0808::1",
        "2620:4f:8000::1",
    ],
)
def test_a_reachable_address_has_no_reason(address: str) -> None:
    assert globally_reachable(address)


@pytest.mark.parametrize("address", [*healthy.ORIGIN, *healthy.MAIL, healthy.RELAY, *healthy.STRAY])
def test_the_labs_addresses_are_globally_reachable_by_the_registry(address: str) -> None:
    assert globally_reachable(address)
    block = special_block(address)
    assert block is not None
    assert block.reachable


@pytest.mark.parametrize("address", healthy.EDGE)
def test_the_labs_edge_is_globally_reachable_too(address: str) -> None:
    assert globally_reachable(address)


def test_an_ordinary_ipv4_address_is_in_no_block() -> None:
    assert special_block("8.8.8.8") is None
