"""Planted mistakes of SPF."""

from __future__ import annotations

from launchready.lab.healthy import DOMAIN, quoted
from launchready.lab.world import Change, Fault, both, records
from launchready.model import Severity


def spf(*texts: str) -> Change:
    """The domain's SPF record, or records, instead of its own."""
    return records(DOMAIN, drop=("@ TXT",), add=tuple(f"@ 300 TXT {quoted(text)}" for text in texts))


def included(number: int, text: str = "v=spf1 ip4:192.88.99.35 -all") -> Change:
    """So many names `i0`… with an SPF record each."""
    return records(DOMAIN, add=tuple(f'i{n} 300 TXT "{text}"' for n in range(number)))


def _includes(number: int) -> str:
    return " ".join(f"include:i{n}.{DOMAIN}" for n in range(number))


HEALTHY = "v=spf1 mx include:spf.mailer.example -all"
NESTED = f"v=spf1 a:{DOMAIN} mx:{DOMAIN} exists:%{{i}}.lists.mailer.example -all"
FAULTS = (
    Fault("spf-missing", "A domain that sends mail has no SPF record", "mail.spf.missing", Severity.BLOCKER,
          records(DOMAIN, drop=("@ TXT",)), DOMAIN, also=("mail.dmarc.alignment",),
          twin=records(DOMAIN, add=('@ 300 TXT "some-site-verification=v=spf1"',)), settings={"mail": {"sends": True}}),
    Fault("spf-nearly", "The record begins with `v=spf1;`, which receivers do not take for SPF", "mail.spf.missing",
          Severity.BLOCKER, spf("v=spf1; mx -all"), DOMAIN, also=("mail.dmarc.alignment",)),
    Fault("spf-two-records", "A second SPF record was added for a new service", "mail.spf.single", Severity.BLOCKER,
          spf(HEALTHY, "v=spf1 ip4:192.88.99.36 -all"), DOMAIN, also=("mail.dmarc.alignment",),
          twin=records(DOMAIN, add=('@ 300 TXT "google-site-verification=abc"',))),
    Fault("spf-unknown-mechanism", "The record says `ipv4:` instead of `ip4:`", "mail.spf.syntax", Severity.BLOCKER,
          spf("v=spf1 mx ipv4:192.88.99.35 -all"), DOMAIN, also=("mail.dmarc.alignment",)),
    Fault("spf-bad-network", "A network of the record has a prefix length of 33", "mail.spf.syntax", Severity.BLOCKER,
          spf("v=spf1 mx ip4:192.88.99.0/33 -all"), DOMAIN, also=("mail.dmarc.alignment",),
          twin=spf("v=spf1 a/24//64 mx/28 ip4:192.88.99.0/24 include:spf.mailer.example ~all")),
    Fault("spf-after-all", "A service was added after `-all`, where it is never reached", "mail.spf.syntax",
          Severity.NICE, spf("v=spf1 mx -all include:spf.mailer.example"), DOMAIN),
    Fault("spf-eleven-lookups", "Eleven services are included, and receivers stop at ten", "mail.spf.lookups",
          Severity.BLOCKER, both(included(11), spf(f"v=spf1 {_includes(11)} -all")), DOMAIN,
          also=("mail.dmarc.alignment",), twin=both(included(10), spf(f"v=spf1 {_includes(10)} -all"))),
    Fault("spf-nested-lookups", "Three includes hide nine more", "mail.spf.lookups", Severity.BLOCKER,
          both(included(3, NESTED), spf(f"v=spf1 {_includes(3)} -all")),
          DOMAIN, also=("mail.dmarc.alignment",)),
    Fault("spf-void-lookups", "Three names of the record no longer exist", "mail.spf.voids", Severity.HIGH,
          spf(f"v=spf1 a:gone1.{DOMAIN} a:gone2.{DOMAIN} a:gone3.{DOMAIN} mx -all"), DOMAIN,
          twin=spf(f"v=spf1 a:gone1.{DOMAIN} a:gone2.{DOMAIN} mx -all")),
    Fault("spf-dead-include", "An included service has no record any more", "mail.spf.dead_include", Severity.BLOCKER,
          spf("v=spf1 mx include:spf.gone.mailer.example -all"), DOMAIN, also=("mail.dmarc.alignment",)),
    Fault("spf-includes-itself", "The record includes itself", "mail.spf.dead_include", Severity.BLOCKER,
          spf(f"v=spf1 include:{DOMAIN} -all"), DOMAIN, also=("mail.dmarc.alignment",)),
    Fault("spf-dead-redirect", "The record is redirected to a domain without one", "mail.spf.dead_include",
          Severity.BLOCKER, spf("v=spf1 redirect=gone.mailer.example"), DOMAIN, also=("mail.dmarc.alignment",),
          twin=spf("v=spf1 redirect=spf.mailer.example")),
    Fault("spf-lets-all", "The record ends in +all", "mail.spf.permissive", Severity.BLOCKER,
          spf("v=spf1 mx +all"), DOMAIN),
    Fault("spf-says-nothing", "The record ends in ?all", "mail.spf.permissive", Severity.HIGH,
          spf("v=spf1 mx ?all"), DOMAIN, twin=spf("v=spf1 mx ~all")),
    Fault("spf-no-all", "The record has no `all` at its end", "mail.spf.permissive", Severity.HIGH,
          spf("v=spf1 mx include:spf.mailer.example"), DOMAIN),
    Fault("spf-huge-network", "The record names a whole /8", "mail.spf.permissive", Severity.HIGH,
          spf("v=spf1 mx ip4:192.0.0.0/8 -all"), DOMAIN),
    Fault("spf-ptr", "The record uses the deprecated ptr", "mail.spf.ptr", Severity.NICE,
          spf("v=spf1 mx ptr -all"), DOMAIN),
)  # fmt: skip
