"""Whether an address can be reached from the whole internet, by IANA's special-purpose registries.

The registries are kept here as data, with the RFC of each block, because Python's `is_private` and `is_global`
changed their answers between patch releases (3.11.9, 3.12.4) and name no block. Looks at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_IPV4 = """
0.0.0.0/8           no   this network                       RFC 791
0.0.0.0/32          no   no address at all                  RFC 1122
10.0.0.0/8          no   private use                        RFC 1918
100.64.0.0/10       no   shared by carrier-grade NAT        RFC 6598
127.0.0.0/8         no   loopback                           RFC 1122
169.254.0.0/16      no   link-local                         RFC 3927
172.16.0.0/12       no   private use                        RFC 1918
192.0.0.0/24        no   IETF protocol assignments          RFC 6890
192.0.0.9/32        yes  Port Control Protocol anycast      RFC 7723
192.0.0.10/32       yes  TURN anycast                       RFC 8155
192.0.2.0/24        no   documentation                      RFC 5737
192.31.196.0/24     yes  AS112                              RFC 7535
192.52.193.0/24     yes  AMT                                RFC 7450
192.88.99.0/24      yes  former 6to4 relay anycast          RFC 7526
192.168.0.0/16      no   private use                        RFC 1918
192.175.48.0/24     yes  AS112                              RFC 7534
198.18.0.0/15       no   benchmarking                       RFC 2544
198.51.100.0/24     no   documentation                      RFC 5737
203.0.113.0/24      no   documentation                      RFC 5737
224.0.0.0/4         no   multicast                          RFC 5771
240.0.0.0/4         no   reserved                           RFC 1112
255.255.255.255/32  no   limited broadcast                  RFC 919
"""
"""https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast, which has a registry of its own.

For 192.88.99.0/24 the registry's columns are empty since the allocation ended (RFC 7526): nothing says that it is
not reachable. 192.88.99.2/32 (6a44, RFC 6751, an experiment of 2012) is left out.
"""

_IPV6 = """
::/0                no   outside the global unicast space   RFC 4291
2000::/3            yes  global unicast                     RFC 4291
::/128              no   no address at all                  RFC 4291
::1/128             no   loopback                           RFC 4291
::ffff:0:0/96       no   IPv4-mapped                        RFC 4291
64:ff9b::/96        yes  IPv4 through NAT64                 RFC 6052
64:ff9b:1::/48      no   local NAT64                        RFC 8215
100::/64            no   discard-only                       RFC 6666
100:0:0:1::/64      no   dummy prefix                       RFC 9780
2001::/23           no   IETF protocol assignments          RFC 2928
2001::/32           yes  Teredo                             RFC 4380
2001:1::1/128       yes  Port Control Protocol anycast      RFC 7723
2001:1::2/128       yes  TURN anycast                       RFC 8155
2001:1::3/128       yes  DNS-SD SRP anycast                 RFC 9665
2001:2::/48         no   benchmarking                       RFC 5180
2001:3::/32         yes  AMT                                RFC 7450
2001:4:112::/48     yes  AS112                              RFC 7535
2001:10::/28        no   former ORCHID                      RFC 4843
2001:20::/28        yes  ORCHIDv2                           RFC 7343
2001:30::/28        yes  drone remote identification        RFC 9374
2001:db8::/32       no   documentation                      RFC 3849
2002::/16           yes  6to4                               RFC 3056
2620:4f:8000::/48   yes  AS112                              RFC 7534
3fff::/20           no   documentation                      RFC 9637
5f00::/16           no   segment routing                    RFC 9602
fc00::/7            no   unique local                       RFC 4193
fe80::/10           no   link-local                         RFC 4291
fec0::/10           no   former site-local                  RFC 3879
ff00::/8            no   multicast                          RFC 4291
"""
"""https://www.iana.org/assignments/iana-ipv6-special-registry. For "N/A" (6to4) what is carried decides."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of addresses set aside, as a registry lists it."""

    network: str
    name: str
    rfc: str
    reachable: bool
    """"Globally Reachable" in the registry."""

    def __str__(self) -> str:
        return f"{self.name}, {self.rfc}"


def globally_reachable(address: str) -> bool:
    """Whether packets for this address can come from anywhere; False for what is no address."""
    return why_unreachable(address) is None


@lru_cache(maxsize=1024)
def why_unreachable(address: str) -> str | None:
    """None for a globally reachable address; else the block it is in, such as `private use, RFC 1918`.

    An IPv6 address that carries an IPv4 address (IPv4-mapped, NAT64, 6to4) is no better than what it carries.
    """
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return "not an address"
    block = _block(parsed)
    inner = _carried(parsed)
    if inner is not None and (reason := why_unreachable(str(inner))):
        return f"{block.name if block else 'IPv6'} form of {inner} ({reason})"
    return None if block is None or block.reachable else str(block)


def special_block(address: str) -> Block | None:
    """The narrowest listed block an address is in, None for an ordinary one. Raises ValueError for no address."""
    return _block(ip_address(address))


def _block(address: IPv4Address | IPv6Address) -> Block | None:
    return next((block for network, block in _BLOCKS if address in network), None)


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _read(table: str) -> list[Block]:
    rows = (line.split(None, 2) for line in table.strip().splitlines())
    split = ((network, answer, *rest.split("RFC ")) for network, answer, rest in rows)
    return [Block(network, name.strip(), f"RFC {rfc}", answer == "yes") for network, answer, name, rfc in split]


_NAT64 = IPv6Network("64:ff9b::/96")
_BLOCKS = sorted(
    ((ip_network(block.network), block) for block in _read(_IPV4) + _read(_IPV6)),
    key=lambda pair: pair[0].prefixlen,
    reverse=True,
)
"""Narrowest first: an exception inside a block is met before the block."""


def place_of(host: str) -> tuple[str, ...]:
    """The addresses of a host that needs no lookup (RFC 6761 section 6.3); empty for all others."""
    try:
        return (str(ip_address(host)),)
    except ValueError:
        return ("127.0.0.1", "::1") if host == "localhost" else ()
