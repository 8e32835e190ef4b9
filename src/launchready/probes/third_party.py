"""Whose a host is, as far as its name tells: the portal's own, another organisation's, or rented and so nobody knows.

By registrable domain of the Public Suffix List, not by lists of known companies, which are never whole and put own
files on a rented CDN down to whoever rents it out. Asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from ipaddress import ip_address
from typing import Any

from launchready.probes.rdap import registered_domain

_SHARED = frozenset(
    f"{name}.googleapis.com"
    for name in ("ajax", "fonts", "maps", "translate", "www", "apis", "youtube", "imasdk", "identitytoolkit")
)
"""Google's own services below a suffix that the list has as rented."""
_RENTED = (
    "b-cdn.net", "digitaloceanspaces.com", "imgix.net", "cloudinary.com", "fastly.net", "kxcdn.com", "cdn77.org",
    "core.windows.net", "edgekey.net", "edgesuite.net", "llnwd.net", "stackpathcdn.com", "wpengine.com", "bunny.run",
)  # fmt: skip
"""Where customers get a name of their own, too, but the list does not say so."""


def is_third_party(host: str, own: Iterable[str]) -> bool:
    """Whether a host is surely of another organisation than those in `own`.

    A name that is rented below the domain of a CDN, a storage or a host (the list's private section, such as
    `d1.cloudfront.net` and `shop.netlify.app`) may well hold the portal's own files: it is none, nor is an address.
    """
    name = host.rstrip(".").lower()
    if not name or "." not in name or _is_address(name) or is_rented(name):
        return False
    return registered_domain(name) not in {registered_domain(one.rstrip(".").lower()) for one in own}


def is_rented(name: str) -> bool:
    """Whether a name is one that customers get from a CDN, a storage or a host."""
    if name in _SHARED:
        return False
    if any(name.endswith(f".{suffix}") for suffix in _RENTED):
        return True
    found = _all_suffixes().privatesuffix(name)
    return found != registered_domain(name) if found else registered_domain(name) != name


def organisation(host: str) -> str:
    """What a host's owner is called here: the registrable domain."""
    return registered_domain(host.rstrip(".").lower())


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def _all_suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
