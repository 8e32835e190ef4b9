"""Planted mistakes of DKIM and DMARC, and of domains that send no mail."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN, RSA_2048
from launchready.lab.world import Change, Fault, both, records
from launchready.model import Severity

RSA_1024 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDHS8qU93NwxiSrk03dIhVC26rm+RzxUHaJLa2+9Ypakv0ucUYHHjh3R6G5hab28ZEoLzKbT6ft"
    "b7sJBTI3TPnUy0BQjhzNjeMzPradWlh29cntcb/tC4rqzN+q5Eu8Qi2HQLKmfp7mhqhQY+IYoRCnILXusONhjlt5xAN8xunDtwIDAQAB"
)
RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMs1izOT/Y2SSpxeV1eAOGu+Kg6fcF7HJdvq6s8ZrJF1qv791uPVTiyHk0jXJhwIEnjSKxjpUyORB8jD"
    "5JYpN10CAwEAAQ=="
)
ED25519 = "tjW6HiwDd+tBW2GBQGyPBE1IWgiQ0di9PEiV1ZLHSd8="
"""Public keys, for planting; their private halves were thrown away."""

REPORTS = f"rua=mailto:dmarc@{DOMAIN}"
NEWS = "news." + DOMAIN


def dkim(text: str, *more: str, selector: str = "s1") -> Change:
    """Another key record at `s1`, or one at another selector beside it."""
    lines = tuple(f"{selector}._domainkey 300 TXT {_strings(value)}" for value in (text, *more))
    return records(DOMAIN, drop=("s1._domainkey TXT",) if selector == "s1" else (), add=lines)


def dmarc(*texts: str) -> Change:
    """Other TXT records at `_dmarc`; none at all without an argument."""
    return records(DOMAIN, drop=("_dmarc TXT",), add=tuple(f"_dmarc 300 TXT {_strings(text)}" for text in texts))


def spf(text: str) -> Change:
    """Another SPF record."""
    return records(DOMAIN, drop=("@ TXT",), add=(f'@ 300 TXT "{text}"',))


def _strings(text: str, size: int = 250) -> str:
    return " ".join(f'"{text[i : i + size]}"' for i in range(0, len(text), size)) or '""'


_NAMED = {"mail": {"dkim_selectors": ["s1"]}}
_RSA = f"v=DKIM1; k=rsa; p={RSA_2048}"

_DKIM = (
    Fault(
        "dkim-key-missing",
        "There is no key at the DKIM selector that the mail is signed with",
        "mail.dkim.missing",
        Severity.BLOCKER,
        records(DOMAIN, drop=("s1._domainkey TXT",)),
        subject=DOMAIN,
        # The key lives at the mail service, and the selector is an alias of it.
        twin=both(
            records(DOMAIN, drop=("s1._domainkey TXT",), add=("s1._domainkey 300 CNAME s1.keys.mailer.example.",)),
            records("mailer.example", add=(f"s1.keys 300 TXT {_strings(_RSA)}",)),
        ),
        settings=_NAMED,
    ),
    Fault(
        "dkim-second-selector-missing",
        "One of two DKIM selectors in use has no key",
        "mail.dkim.missing",
        Severity.HIGH,
        both(),
        subject=f"ed7._domainkey.{DOMAIN}",
        # Ed25519 beside RSA.
        twin=dkim(f"v=DKIM1; k=ed25519; p={ED25519}", selector="ed7"),
        settings={"mail": {"dkim_selectors": ["s1", "ed7"]}},
    ),
    Fault(
        "dkim-key-revoked",
        "The DKIM key that the mail is signed with is revoked",
        "mail.dkim.revoked",
        Severity.HIGH,
        dkim("v=DKIM1; k=rsa; p="),
        subject=f"s1._domainkey.{DOMAIN}",
        # An old key, retired at a selector nobody signs with any more.
        twin=dkim("v=DKIM1; p=", selector="k1"),
        settings=_NAMED,
    ),
    Fault(
        "dkim-testing",
        "The DKIM key still says that it is only a test",
        "mail.dkim.testing",
        Severity.NICE,
        dkim(f"v=DKIM1; k=rsa; t=y; p={RSA_2048}"),
        subject=f"s1._domainkey.{DOMAIN}",
        twin=dkim(f"v=DKIM1; k=rsa; t=s; p={RSA_2048}"),
    ),
    Fault(
        "dkim-512-bits",
        "The DKIM key is so short that anyone can compute its secret half",
        "mail.dkim.key",
        Severity.BLOCKER,
        dkim(f"v=DKIM1; k=rsa; p={RSA_512}"),
        subject=f"s1._domainkey.{DOMAIN}",
        # The same long key in strings cut where a panel pleased.
        twin=records(DOMAIN, drop=("s1._domainkey TXT",), add=(f"s1._domainkey 300 TXT {_strings(_RSA, 97)}",)),
    ),
    Fault(
        "dkim-1024-bits",
        "The DKIM key has 1,024 bits",
        "mail.dkim.key",
        Severity.NICE,
        dkim(f"v=DKIM1; k=rsa; p={RSA_1024}"),
        subject=f"s1._domainkey.{DOMAIN}",
    ),
    Fault(
        "dkim-key-cut",
        "The DKIM key was cut on its way into the panel",
        "mail.dkim.key",
        Severity.HIGH,
        dkim(f"v=DKIM1; k=rsa; p={RSA_2048[:250]}"),
        subject=f"s1._domainkey.{DOMAIN}",
        # Blanks within Base64 mean nothing, and neither does a missing v=.
        twin=dkim(f"k=rsa; p={RSA_2048[:64]} {RSA_2048[64:]};"),
    ),
    Fault(
        "dkim-two-records",
        "An old and a new DKIM key share one selector",
        "mail.dkim.key",
        Severity.HIGH,
        dkim(_RSA, f"v=DKIM1; k=rsa; p={RSA_1024}"),
        subject=f"s1._domainkey.{DOMAIN}",
    ),
    Fault(
        "dkim-version-not-first",
        "The DKIM record names its version in the wrong place",
        "mail.dkim.key",
        Severity.HIGH,
        dkim(f"k=rsa; v=DKIM1; p={RSA_2048}"),
        subject=f"s1._domainkey.{DOMAIN}",
    ),
    Fault(
        "dkim-sha1-only",
        "The DKIM key allows SHA-1 only",
        "mail.dkim.key",
        Severity.HIGH,
        dkim(f"v=DKIM1; h=sha1; k=rsa; p={RSA_2048}"),
        twin=dkim(f"v=DKIM1; h=sha1:sha256; k=rsa; s=email; p={RSA_2048}"),
    ),
    Fault(
        "dkim-only-ed25519",
        "The only DKIM key is Ed25519, which some receivers do not know",
        "mail.dkim.key",
        Severity.NICE,
        dkim(f"v=DKIM1; k=ed25519; p={ED25519}"),
    ),
)

_DMARC = (
    Fault(
        "dmarc-missing",
        "There is no DMARC record",
        "mail.dmarc.missing",
        Severity.BLOCKER,
        dmarc(),
        subject=DOMAIN,
        # No record of its own, but the registry above publishes one for the names below it.
        twin=both(dmarc(), records("example", add=(f'_dmarc 300 TXT "v=DMARC1; p=reject; {REPORTS}; psd=y"',))),
    ),
    Fault(
        "dmarc-two-records",
        "There are two DMARC records, so none counts",
        "mail.dmarc.single",
        Severity.BLOCKER,
        dmarc(f"v=DMARC1; p=reject; {REPORTS}", "v=DMARC1; p=none"),
        subject=DOMAIN,
        # Several TXT records, one of them DMARC.
        twin=dmarc(f"v=DMARC1; p=reject; {REPORTS}", "site-verification=1f0c", "v=spf1 -all"),
    ),
    Fault(
        "dmarc-lower-case",
        "The DMARC record begins with v=dmarc1, which receivers do not know",
        "mail.dmarc.syntax",
        Severity.BLOCKER,
        dmarc(f"v=dmarc1; p=reject; {REPORTS}"),
        subject=DOMAIN,
        # Odd, and right by the grammar of RFC 9989 section 4.8.
        twin=dmarc(f"V = DMARC1 ;{REPORTS} ; adkim=R;P = Reject ; xseen=1"),
    ),
    Fault(
        "dmarc-policy-mistyped",
        "The DMARC policy is mistyped, so receivers read it as none",
        "mail.dmarc.syntax",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=rejct; {REPORTS}"),
        subject=DOMAIN,
    ),
    Fault(
        "dmarc-tag-mistyped",
        "The tag for reports is mistyped, so nobody receives them",
        "mail.dmarc.syntax",
        Severity.NICE,
        dmarc(f"v=DMARC1; p=reject; rau=mailto:dmarc@{DOMAIN}"),
        also=("mail.dmarc.reports",),
    ),
    Fault(
        "dmarc-share",
        "The DMARC policy holds for a quarter of the mail, or for all of it, as the receiver reads it",
        "mail.dmarc.syntax",
        Severity.NICE,
        dmarc(f"v=DMARC1; p=reject; pct=25; {REPORTS}"),
        # Removed by RFC 9989, and harmless.
        twin=dmarc(f"v=DMARC1; p=reject; pct=100; rf=afrf; ri=3600; {REPORTS}; fo=1"),
    ),
    Fault(
        "dmarc-none",
        "The DMARC policy only watches",
        "mail.dmarc.policy",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=none; {REPORTS}"),
        subject=DOMAIN,
        twin=dmarc(f"v=DMARC1; p=quarantine; {REPORTS}"),
    ),
    Fault(
        "dmarc-tried-out",
        "The DMARC policy is quarantine, but only tried out",
        "mail.dmarc.policy",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=quarantine; t=y; {REPORTS}"),
        subject=DOMAIN,
        twin=dmarc(f"v=DMARC1; p=quarantine; t=n; {REPORTS}"),
    ),
    Fault(
        "dmarc-reject-tried-out",
        "The DMARC policy is reject, but only tried out",
        "mail.dmarc.policy",
        Severity.NICE,
        dmarc(f"v=DMARC1; p=reject; t=y; {REPORTS}"),
    ),
    Fault(
        "dmarc-subdomain-inherits-none",
        "A mail subdomain inherits a policy of none",
        "mail.dmarc.policy",
        Severity.HIGH,
        both(
            dmarc(f"v=DMARC1; p=reject; sp=none; {REPORTS}"),
            records(DOMAIN, add=('news 300 TXT "v=spf1 include:spf.mailer.example -all"',)),
        ),
        subject=NEWS,
        also=("mail.dmarc.subdomains",),
        # The tree walk finds the domain's own record, and nothing at the subdomain is needed.
        twin=records(DOMAIN, add=('news 300 TXT "v=spf1 include:spf.mailer.example -all"',)),
        settings={"mail": {"domains": [NEWS]}},
    ),
    Fault(
        "dmarc-subdomains-open",
        "The DMARC record leaves the subdomains open",
        "mail.dmarc.subdomains",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=reject; sp=none; {REPORTS}"),
        # sp absent: subdomains inherit; np only makes it plain.
        twin=dmarc(f"v=DMARC1; p=quarantine; np=reject; {REPORTS}"),
    ),
    Fault(
        "dmarc-made-up-subdomains-open",
        "The DMARC record leaves subdomains open that do not exist",
        "mail.dmarc.subdomains",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=reject; np=none; {REPORTS}"),
        twin=dmarc(f"v=DMARC1; p=reject; sp=quarantine; {REPORTS}"),
    ),
    Fault(
        "dmarc-no-reports",
        "Nobody receives the DMARC reports",
        "mail.dmarc.reports",
        Severity.NICE,
        dmarc("v=DMARC1; p=reject"),
        subject=DOMAIN,
    ),
    Fault(
        "dmarc-reports-to-nowhere",
        "The DMARC reports go to a domain that does not exist",
        "mail.dmarc.reports",
        Severity.NICE,
        dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@brihgtside.example"),
    ),
    Fault(
        "dmarc-reports-not-agreed",
        "The DMARC reports go to a service that has not agreed to receive them",
        "mail.dmarc.external",
        Severity.NICE,
        both(
            dmarc("v=DMARC1; p=reject; rua=mailto:brightside@mailer.example"),
            records("mailer.example", add=("@ 300 MX 10 out",)),
        ),
        # Agreed for everyone, by a wildcard.
        twin=both(
            dmarc("v=DMARC1; p=reject; rua=mailto:brightside@mailer.example"),
            records("mailer.example", add=("@ 300 MX 10 out", '*._report._dmarc 300 TXT "v=DMARC1;"')),
        ),
    ),
    Fault(
        "dmarc-nothing-aligned",
        "The DMARC policy is reject, and neither SPF nor DKIM lets any mail pass",
        "mail.dmarc.alignment",
        Severity.BLOCKER,
        records(DOMAIN, drop=("s1._domainkey TXT", "@ TXT")),
        subject=DOMAIN,
        also=("mail.dkim.missing", "mail.spf.missing"),
        settings=_NAMED,
    ),
)

_SILENT = (
    Fault(
        "silent-unsaid",
        "The domain sends no mail, and neither SPF nor DMARC says so",
        "mail.silent",
        Severity.HIGH,
        dmarc(f"v=DMARC1; p=none; {REPORTS}"),
        subject=DOMAIN,
        # A parked domain that says so three times.
        twin=both(
            spf("v=spf1 -all"),
            records(DOMAIN, drop=("@ MX",), add=("@ 300 MX 0 .",)),
        ),
        settings={"mail": {"sends": False}},
    ),
    Fault(
        "silent-without-null-mx",
        "The domain sends no mail and takes none, but has no null MX record",
        "mail.silent",
        Severity.NICE,
        both(spf("v=spf1 -all"), records(DOMAIN, drop=("@ MX",))),
        subject=DOMAIN,
        # It takes mail and sends none.
        twin=spf("v=spf1 -all"),
    ),
)

FAULTS = (*_DKIM, *_DMARC, *_SILENT)
