"""What is said of a refused certificate, by cause: the problem in one sentence, and the way out. Data."""

from __future__ import annotations

from launchready.probes.chain import Cause

PROBLEMS = {
    Cause.SELF_SIGNED: "The certificate of {host} is signed by nobody but itself: browsers show a warning.",
    Cause.EXPIRED: "The certificate of {host} has expired: browsers show a warning instead of the page.",
    Cause.NOT_YET_VALID: "The certificate of {host} is not valid yet: browsers show a warning until it is.",
    Cause.WRONG_HOST: "{host} shows a certificate that is for another name: browsers show a warning.",
    Cause.INCOMPLETE: "{host} does not send its whole certificate chain: phones and API clients refuse it.",
    Cause.UNTRUSTED_ROOT: "The certificate of {host} comes from an authority that browsers do not trust.",
    Cause.TOO_LONG: "The certificate of {host} is valid for longer than browsers allow.",
    Cause.OTHER: "Browsers refuse the certificate of {host}.",
}
"""Each takes `host`."""

_ISSUE = (
    "Get a certificate for {host} from an authority browsers trust: with certbot `certbot --nginx -d {host}`, or add "
    "{host} as a custom domain at your hosting and wait until it says that the certificate is active."
)

FIXES = {
    Cause.SELF_SIGNED: _ISSUE + " What is shown now is often a server's default certificate: no site is set up there.",
    Cause.EXPIRED: "Renew it now (`certbot renew`, then reload the web server), and find out why it did not renew by "
    "itself: a server that was not reloaded shows the old one although a new one is on disk.",
    Cause.NOT_YET_VALID: "Set the clock of the machine that issued it right, or put the previous certificate back "
    "until this one begins.",
    Cause.WRONG_HOST: _ISSUE + " A wildcard covers one label only: `*.example.com` covers neither `example.com` nor "
    "`a.b.example.com`.",
    Cause.INCOMPLETE: "Install the full chain: leaf first, then the certificate of {issuer}. With certbot name "
    "`fullchain.pem`, not `cert.pem`, as the certificate file; else download the issuer's intermediate and append it.",
    Cause.UNTRUSTED_ROOT: _ISSUE + " Cloudflare's Origin CA and the like are trusted by the edge only: where that is "
    "meant, let the host be proxied.",
    Cause.TOO_LONG: "Have it issued for a shorter time and renewed by itself.",
    Cause.OTHER: _ISSUE,
}
"""Each takes `host` and `issuer`."""
