"""`launchready.toml`: what is accepted, and what is refused with a sentence that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from launchready.portal import Portal, PortalError, domain_name, parse_portal, read_portal


def test_a_domain_alone_is_a_full_description() -> None:
    portal = parse_portal('domain = "example.com"')

    assert portal.named_hosts == ("example.com", "www.example.com")
    assert portal.staging_hosts == ("staging.example.com",)
    assert portal.mail_domains == ("example.com",)


def test_hosts_are_labels_or_full_names() -> None:
    portal = parse_portal('domain = "example.com"\nhosts = ["app", "portal.example.net"]\nstaging = ["next"]')

    assert portal.named_hosts == (
        "example.com",
        "www.example.com",
        "app.example.com",
        "portal.example.net",
        "next.example.com",
    )


def test_a_portal_table_is_the_same_as_the_top_level() -> None:
    assert parse_portal('[portal]\ndomain = "example.com"') == parse_portal('domain = "example.com"')


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("https://Example.com/login?x=1", "example.com"),
        ("example.com.", "example.com"),
        ("example.com:8443", "example.com"),
        ("user@example.com", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
    ],
)
def test_a_domain_is_taken_as_people_paste_it(pasted: str, meant: str) -> None:
    assert domain_name(pasted) == meant


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2.1", "[2001:db8::1]", "exa mple.com", "a" * 64 + ".com"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*"):
        domain_name(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("domain = ", "not valid TOML"),
        ("hosts = []", "'domain' is missing"),
        ('domain = "example.com"\nhost = ["app"]', "unknown key 'host'; did you mean 'hosts'?"),
        ('domain = "example.com"\n[mail]\ndkim_selector = ["x"]', "did you mean 'dkim_selectors'?"),
        (
            'domain = "example.com"\n[[dns.resolvers]]\nname = "eu"\naddr = "192.0.2.1"\naddress = "192.0.2.1"',
            "did you mean 'address'?",
        ),
        ('domain = "example.com"\n[[accepted]]\ncheck = "dns.caa"\nreason = "later"', "until' is missing"),
        ('domain = "localhost"', "not a full domain name"),
        ('domain = "example.com"\nhosts = "app"', "hosts"),
        ('domain = "example.com"\n[mail]\npassword = "hunter2"', "literal secret"),
        ('domain = "example.com"\ncanonical = "https://u:hunter2@example.com/"', "literal secret"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(text: str, says: str) -> None:
    with pytest.raises(PortalError) as refused:
        parse_portal(text, "launchready.toml")

    assert says in str(refused.value)
    assert str(refused.value).startswith("launchready.toml")
    assert "hunter2" not in str(refused.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(PortalError, match="launchready init"):
        read_portal(tmp_path / "launchready.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "launchready.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PortalError, match="cannot be read"):
        read_portal(path)


def test_a_portal_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Portal(domain="example.com").domain = "example.net"
