"""Planted mistakes of mail servers: MX, STARTTLS, MTA-STS, TLS-RPT, BIMI, reverse names, block lists."""

from __future__ import annotations

from dataclasses import replace

from launchready.lab.faults.mail import dmarc, spf
from launchready.lab.healthy import DOMAIN, MAIL, SECURITY_HEADERS, STRAY
from launchready.lab.world import (
    Certificate,
    Change,
    Fault,
    Issuer,
    MailServer,
    Response,
    Trouble,
    World,
    both,
    certificate,
    mail_server,
    records,
    route,
)
from launchready.model import Severity

MX, SECOND = f"mail.{DOMAIN}", f"mx2.{DOMAIN}"
REVERSE4 = "99.88.192.in-addr.arpa"
REVERSE6 = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.1.0.0.2.ip6.arpa"
POLICY_HOST, POLICY_PATH = f"mta-sts.{DOMAIN}", "/.well-known/mta-sts.txt"


def policy(*mx: str, mode: str = "enforce", age_s: int = 604_800) -> Change:
    """Another MTA-STS policy."""
    lines = ("version: STSv1", f"mode: {mode}", *(f"mx: {pattern}" for pattern in mx or (MX,)), f"max_age: {age_s}")
    return _served(Response(200, _TEXT, "\n".join(lines)))


def _served(response: Response) -> Change:
    return route(POLICY_HOST, POLICY_PATH, response)


def _second_exchanger(trouble: Trouble = Trouble.NONE) -> Change:
    """A second exchanger, named in MX, reverse DNS and, by a wildcard, the MTA-STS policy."""

    def listen(world: World) -> World:
        return replace(world, mail_servers=(*world.mail_servers, MailServer(SECOND, STRAY, trouble=trouble)))

    return both(
        records(DOMAIN, add=("@ 300 MX 20 mx2", f"mx2 300 A {STRAY[0]}", f"mx2 300 AAAA {STRAY[1]}")),
        records(REVERSE4, add=(f"66 300 PTR {SECOND}.",)),
        records(REVERSE6, add=(f"6.6.0.0 300 PTR {SECOND}.",)),
        policy(f"*.{DOMAIN}"),
        listen,
    )


def _listed(zone: str, code: str) -> Change:
    return records(zone, add=(f"25.99.88.192 300 A {code}",))


def _reverse4(*names: str) -> Change:
    return records(REVERSE4, drop=("25 PTR",), add=tuple(f"25 300 PTR {name}" for name in names))


_TEXT = (("Content-Type", "text/plain"), *SECURITY_HEADERS)
_ONLY_SERVICE_SENDS = "v=spf1 include:spf.mailer.example -all"
_BIMI = f"v=BIMI1; l=https://www.{DOMAIN}/static/logo.svg"

_EXCHANGERS = (
    Fault(
        "mx-silent",
        "The second mail server does not listen",
        "mail.mx.reachable",
        Severity.HIGH,
        _second_exchanger(Trouble.REFUSES),
        subject=SECOND,
        twin=_second_exchanger(),
    ),
    Fault(
        "mx-gone",
        "The only MX record names a host that does not exist",
        "mail.mx.reachable",
        Severity.BLOCKER,
        both(
            spf(_ONLY_SERVICE_SENDS),
            records(DOMAIN, drop=("@ MX",), add=("@ 300 MX 10 gone",)),
            policy(f"gone.{DOMAIN}"),
        ),
        subject=DOMAIN,
    ),
    Fault(
        "mx-address",
        "An MX record names an address",
        "mail.mx.reachable",
        Severity.HIGH,
        both(spf(_ONLY_SERVICE_SENDS), records(DOMAIN, add=(f"@ 300 MX 20 {MAIL[0]}.",))),
        also=("mail.mtasts",),
    ),
    Fault(
        "mx-alias",
        "The MX record names an alias",
        "mail.mx.reachable",
        Severity.NICE,
        both(
            records(DOMAIN, drop=("@ MX",), add=("@ 300 MX 10 mx", "mx 300 CNAME mail")),
            mail_server(MX, certificate=Certificate(names=(MX, f"mx.{DOMAIN}"))),
            policy(f"mx.{DOMAIN}"),
        ),
        subject=f"mx.{DOMAIN}",
    ),
    Fault(
        "mx-null-and-real",
        "A null MX record stands beside a real one",
        "mail.mx.reachable",
        Severity.HIGH,
        records(DOMAIN, add=("@ 300 MX 0 .",)),
        subject=DOMAIN,
    ),
    Fault(
        "mx-without-starttls",
        "The mail server offers no encryption",
        "mail.mx.starttls",
        Severity.HIGH,
        mail_server(MX, certificate=None),
        subject=MX,
    ),
    Fault(
        "mx-self-signed-under-mta-sts",
        "The mail server's certificate is self-signed, under a policy that insists on a valid one",
        "mail.mx.starttls",
        Severity.HIGH,
        mail_server(MX, certificate=Certificate(issuer=Issuer.SELF)),
        subject=MX,
        # A certificate for several names, its own among them.
        twin=mail_server(MX, certificate=Certificate(names=(f"imap.{DOMAIN}", MX))),
    ),
    Fault(
        "mx-certificate-expired",
        "The mail server's certificate has run out",
        "mail.mx.starttls",
        Severity.NICE,
        both(mail_server(MX, certificate=Certificate(from_days=-90, until_days=-2)), policy(mode="testing")),
        subject=MX,
        also=("mail.mtasts",),
    ),
)

_POLICIES = (
    Fault(
        "mta-sts-absent",
        "There is no MTA-STS policy",
        "mail.mtasts",
        Severity.NICE,
        records(DOMAIN, drop=("_mta-sts TXT",)),
        subject=DOMAIN,
    ),
    Fault(
        "mta-sts-redirect",
        "The MTA-STS policy is a redirect, which senders do not follow",
        "mail.mtasts",
        Severity.HIGH,
        _served(Response(301, (("Location", f"https://www.{DOMAIN}{POLICY_PATH}"),))),
    ),
    Fault(
        "mta-sts-page",
        "The MTA-STS policy's address serves a web page",
        "mail.mtasts",
        Severity.HIGH,
        _served(Response(200, (("Content-Type", "text/html"),), "<!doctype html><h1>Hello</h1>")),
        twin=_served(
            Response(
                200,
                (("Content-Type", "text/plain; charset=utf-8"), *SECURITY_HEADERS),
                f"version: STSv1\nmode: enforce\nmx: {MX}\nmx: *.mailer.example\nmax_age: 604800\nnote: by hand\n",
            )
        ),
    ),
    Fault(
        "mta-sts-wrong-certificate",
        "The MTA-STS policy is served with a certificate for another host",
        "mail.mtasts",
        Severity.HIGH,
        certificate(POLICY_HOST, names=(f"www.{DOMAIN}",)),
    ),
    Fault(
        "mta-sts-other-server",
        "The MTA-STS policy insists, and does not name the mail server",
        "mail.mtasts",
        Severity.HIGH,
        policy(f"*.mail.{DOMAIN}", "mx.oldhost.example"),
        twin=policy(f"*.{DOMAIN}"),
    ),
    Fault(
        "mta-sts-testing",
        "The MTA-STS policy is only tried out",
        "mail.mtasts",
        Severity.NICE,
        policy(mode="testing"),
    ),
    Fault(
        "mta-sts-short",
        "Senders forget the MTA-STS policy within minutes",
        "mail.mtasts",
        Severity.NICE,
        policy(age_s=300),
    ),
    Fault(
        "tls-reports-absent",
        "Nobody hears when the MTA-STS policy holds mail back",
        "mail.tlsrpt",
        Severity.NICE,
        records(DOMAIN, drop=("_smtp._tls TXT",)),
        # Reports may go to a web address as well.
        twin=records(
            DOMAIN,
            drop=("_smtp._tls TXT",),
            add=(f'_smtp._tls 300 TXT "v=TLSRPTv1;rua=https://app.{DOMAIN}/tls,mailto:tls@{DOMAIN}"',),
        ),
    ),
    Fault(
        "bimi-without-dmarc",
        "A logo is published for mail, but DMARC is not enforced",
        "mail.bimi",
        Severity.NICE,
        both(
            records(DOMAIN, add=(f'default._bimi 300 TXT "{_BIMI}"',)),
            dmarc(f"v=DMARC1; p=none; rua=mailto:dmarc@{DOMAIN}"),
        ),
        also=("mail.dmarc.policy",),
        twin=records(DOMAIN, add=(f'default._bimi 300 TXT "{_BIMI}"',)),
    ),
    Fault(
        "bimi-logo-gone",
        "The logo published for mail is not there",
        "mail.bimi",
        Severity.NICE,
        records(DOMAIN, add=(f'default._bimi 300 TXT "v=BIMI1; l=https://www.{DOMAIN}/logo-old.svg; a=;"',)),
        # Declined on purpose.
        twin=records(DOMAIN, add=('default._bimi 300 TXT "v=BIMI1; l=; a=;"',)),
    ),
)

_REPUTATION = (
    Fault(
        "reverse-name-missing",
        "The mail server's address has no reverse name",
        "mail.fcrdns",
        Severity.HIGH,
        records(REVERSE4, drop=("25 PTR",)),
        subject=MX,
        # Two names, one of which leads back.
        twin=_reverse4("old.hosting.example.", f"{MX}."),
    ),
    Fault(
        "reverse-name-leads-elsewhere",
        "The mail server's reverse name does not lead back to it",
        "mail.fcrdns",
        Severity.HIGH,
        _reverse4("out.mailer.example."),
        subject=MX,
    ),
    Fault(
        "reverse-name-generic",
        "The mail server's reverse name is one that every customer gets",
        "mail.fcrdns",
        Severity.NICE,
        both(
            _reverse4("192-88-99-25.hosting.example."),
            records("hosting.example", add=(f"192-88-99-25 300 A {MAIL[0]}",)),
        ),
        subject=MX,
    ),
    Fault(
        "sender-without-reverse-name",
        "A named sending address has no reverse name",
        "mail.fcrdns",
        Severity.HIGH,
        records(REVERSE4, drop=("35 PTR",)),
        subject="192.88.99.35",
        settings={"mail": {"sending_hosts": ["192.88.99.35"]}},
    ),
    Fault(
        "block-list-spamhaus",
        "The mail server is on the Spamhaus block list",
        "mail.blocklist",
        Severity.BLOCKER,
        _listed("zen.spamhaus.org", "127.0.0.4"),
        subject=MX,
    ),
    Fault(
        "block-list-spamcop",
        "The mail server is on the SpamCop block list",
        "mail.blocklist",
        Severity.HIGH,
        _listed("bl.spamcop.net", "127.0.0.2"),
        subject=MX,
    ),
    Fault(
        "block-list-policy",
        "The mail server sends from an address that Spamhaus says should not",
        "mail.blocklist",
        Severity.HIGH,
        _listed("zen.spamhaus.org", "127.0.0.10"),
        subject=MX,
        # It only receives: the mail service sends.
        twin=both(_listed("zen.spamhaus.org", "127.0.0.10"), spf(_ONLY_SERVICE_SENDS)),
    ),
    Fault(
        "block-list-receiver",
        "A mail server that only receives is on the Spamhaus block list",
        "mail.blocklist",
        Severity.NICE,
        both(_listed("zen.spamhaus.org", "127.0.0.3"), spf(_ONLY_SERVICE_SENDS)),
        # The list turns the resolver away: not checked, and no listing.
        twin=both(
            records("zen.spamhaus.org", drop=("2.0.0.127 A",), add=("2.0.0.127 300 A 127.255.255.254",)),
            _listed("zen.spamhaus.org", "127.255.255.254"),
        ),
    ),
)

FAULTS = (*_EXCHANGERS, *_POLICIES, *_REPUTATION)
