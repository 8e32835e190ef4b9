"""The line a buyer has, and what measured times become on it.

The model is the arithmetic of `probes/shaping.py`, through which a measurement is driven where that is possible: round
trips of the handshakes, slow start, bandwidth each way. Loss, jitter and a busy Wi-Fi are in neither.
"""

from __future__ import annotations

import difflib

from launchready.measurement import Line, Phases
from launchready.portal import Portal
from launchready.portal_performance import BroadbandSettings
from launchready.probes.shaping import INITIAL_WINDOW, MOST_WINDOW

_WPT = "WebPageTest, connectivity.ini.sample"
_OFCOM = "Ofcom, UK Home Broadband Performance 2023 (medians of all fixed lines: 69.4 down, 18.4 up)"

LINES: dict[str, Line] = {
    line.name: line
    for line in (
        Line("business", 69.0, 18.0, 28.0, f"{_OFCOM}; round trip of {_WPT}, Cable"),
        Line("fibre", 1000.0, 200.0, 10.0, "BEREC, Guidelines on Very High Capacity Networks, BoR (20) 165, fixed"),
        Line("cable", 5.0, 1.0, 28.0, f"{_WPT}, Cable"),
        Line("dsl", 1.5, 0.384, 50.0, f"{_WPT}, DSL"),
        Line("4g", 9.0, 9.0, 170.0, f"{_WPT}, 4G"),
        Line("none", 0.0, 0.0, 0.0, "as measured from here"),
    )
}
"""By name. `business` is what is meant by normal business broadband; `cable`, `dsl` and `4g` are what WebPageTest
means by them, for comparison. Megabits per second, milliseconds."""

_HELLO, _CERTIFICATES = 1500, 3000
"""Bytes a TLS handshake sends (with a post-quantum key) and receives."""
_TELLING_S = 0.005
"""From this round trip on, the time of a TLS handshake tells how many of them it took."""


def line_of(portal: Portal) -> Line:
    """The line of `[performance] broadband`; without that section, `business`.

    Raises ValueError for people where it names a line that is not known.
    """
    wanted = portal.performance.broadband if portal.performance else "business"
    if isinstance(wanted, BroadbandSettings):
        return Line(wanted.name, wanted.down_mbps, wanted.up_mbps, wanted.rtt_ms, wanted.source)
    if line := LINES.get(wanted.strip().lower()):
        return line
    near = difflib.get_close_matches(wanted.strip().lower(), LINES, n=1, cutoff=0.4)
    meant = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(
        f"[performance] broadband: there is no line {wanted!r}{meant} Known are {', '.join(LINES)}; "
        "your own is a table with down_mbps, up_mbps and rtt_ms"
    )


def as_seen(
    phases: Phases,
    sent: int,
    received: int,
    line: Line,
    *,
    fresh: bool,
    own_rtt_s: float,
    tls_round_trips: int | None = None,
) -> Phases:
    """What `phases` would have been for a buyer whose way to the server is `line`.

    `sent` and `received` are bytes on the wire, head and body. `own_rtt_s` is the round trip from here, of the times
    connections took; it is taken out, as are the rounds of slow start it was paid in. What is left is the server's own
    time and stays, and so does the lookup: name servers are not behind the line. `fresh`: a connection was opened for
    it. A kept one has the initial window again, since a buyer reads before the next click (RFC 5681 section 4.1).
    `tls_round_trips`: 1 for TLS 1.3 (RFC 8446 section 2), 2 for 1.2; left out, it is told from the times where the way
    is long enough, else 1.
    """
    rtt_s = line.rtt_ms / 1000
    if not (line.down_mbps or line.up_mbps or rtt_s):
        return phases
    connect_s = tls_s = 0.0
    if fresh:
        connect_s = rtt_s
        if phases.tls_s:
            rounds = tls_round_trips or _tls_rounds(phases.tls_s, own_rtt_s)
            said_s = _HELLO / _bytes_s(line.up_mbps) + _CERTIFICATES / _bytes_s(line.down_mbps)
            tls_s = max(0.0, phases.tls_s - rounds * own_rtt_s) + rounds * rtt_s + said_s
    own_up_s, own_down_s = (sending_s(size, 0.0, own_rtt_s) for size in (sent, received))
    server_s = max(0.0, phases.wait_s - own_rtt_s - own_up_s)
    streamed_s = max(0.0, phases.transfer_s - own_down_s)
    return Phases(
        phases.lookup_s if fresh else 0.0,
        connect_s,
        tls_s,
        server_s + rtt_s + sending_s(sent, line.up_mbps, rtt_s),
        max(streamed_s, sending_s(received, line.down_mbps, rtt_s)),
    )


def through_relay(phases: Phases, line: Line, *, fresh: bool) -> Phases:
    """The phases of a request that went through the relay, with its handshake where it belongs; they add up the same.

    A kernel accepts connections on loopback at once, so the relay takes that round trip from what comes next: TLS, or
    the wait for the answer.
    """
    if not fresh:
        return phases
    late_s = min(line.rtt_ms / 1000, phases.tls_s or phases.wait_s)
    if phases.tls_s:
        return Phases(
            phases.lookup_s, phases.connect_s + late_s, phases.tls_s - late_s, phases.wait_s, phases.transfer_s
        )
    return Phases(phases.lookup_s, phases.connect_s + late_s, 0.0, phases.wait_s - late_s, phases.transfer_s)


def sending_s(size: int, mbps: float, rtt_s: float) -> float:
    """From the first byte sent to the last one, in TCP's slow start (RFC 5681 section 3.1, RFC 6928).

    A window of ten segments leaves, then nothing until the first acknowledgement is back, then twice as much; once a
    window takes the line longer than a round trip there are no more pauses. `mbps` 0: as fast as it comes.
    """
    rate = _bytes_s(mbps)
    window, left, elapsed_s = INITIAL_WINDOW, size, 0.0
    while rtt_s and window < left and window / rate < rtt_s:
        left -= window
        elapsed_s += rtt_s
        window = min(2 * window, MOST_WINDOW)
    return elapsed_s + left / rate


def _tls_rounds(tls_s: float, own_rtt_s: float) -> int:
    return 2 if own_rtt_s >= _TELLING_S and tls_s / own_rtt_s >= 1.8 else 1


def _bytes_s(mbps: float) -> float:
    return mbps * 1e6 / 8 if mbps else float("inf")
