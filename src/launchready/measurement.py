"""A measurement of the portal's core flows: what was seen, as plain data that can be kept, compared and judged.

Imports nothing of ours. Times are seconds, sizes bytes. Texts that came from the portal are hostile; none is secret:
cookies, tokens and query values are taken out before anything gets here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OFTEN = 0.95
"""The confidence every interval here is for."""


@dataclass(frozen=True, slots=True)
class Line:
    """A buyer's way to the internet."""

    name: str
    down_mbps: float
    """0: as fast as it comes."""
    up_mbps: float
    rtt_ms: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Phases:
    """How long each phase of one request took; they add up to the whole."""

    lookup_s: float = 0.0
    connect_s: float = 0.0
    tls_s: float = 0.0
    wait_s: float = 0.0
    """From the request sent until the first byte: the server's time and one round trip."""
    transfer_s: float = 0.0

    @property
    def total_s(self) -> float:
        """All of them."""
        return self.lookup_s + self.connect_s + self.tls_s + self.wait_s + self.transfer_s


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile with its distribution-free confidence interval; a bound that the sample cannot give is None."""

    q: float
    value_s: float
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """How long something took, many times."""

    n: int
    p50: Quantile
    p95: Quantile
    p99: Quantile
    mean_s: float
    max_s: float
    counts: tuple[tuple[int, int], ...] = ()
    """The HDR histogram: (index of bucket, how many), see `performance/statistics.py`."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One step of one flow at one pace."""

    flow: str
    step: str
    user: str
    route: str
    """Method and path with numbers and ids replaced: `GET /invoices/{id}`."""
    pace: str
    """`two` prospects at once, or `arrivals` at `rate_per_s`."""
    target_s: float
    seen: Distribution | None
    """As a buyer on the line sees it; None where nothing came through."""
    server: Distribution | None
    """What the portal itself took: the waits for first bytes, without the round trips."""
    cold_s: float | None = None
    """The first time, on a fresh connection, as a buyer on the line sees it."""
    phases: Phases = Phases()
    """The medians, on the line."""
    received: int = 0
    """Bytes on the wire, in the median."""
    failures: int = 0
    rate_per_s: float = 0.0
    needs: int = 0
    """How many more times until the interval can decide; 0: it does."""


@dataclass(frozen=True, slots=True)
class JsonList:
    """A list in a JSON answer, or in JSON inside a page."""

    path: str
    rows: int
    size: int
    """Bytes of it."""
    fields: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    """Fields whose values are nowhere on the page; known only where a browser has shown it."""
    unshown_size: int = 0


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """What an answer's body is made of."""

    kind: str
    """`html`, `json`, `image`, `script`, `style`, `font`, `empty` or `other`."""
    size: int = 0
    """Inflated."""
    json_size: int = 0
    """Of JSON, alone or inside the page."""
    lists: tuple[JsonList, ...] = ()
    rows: int = 0
    """Rows of the longest table or list in the HTML."""
    paged: bool = False
    """Whether it links or names a next page."""
    pixels: tuple[int, int] | None = None
    """Width and height of an image."""
    squeezed: int = 0
    """What gzip makes of it; 0 where that was not tried."""
    preconnects: tuple[str, ...] = ()
    """Origins that an HTML page has browsers connect to early, as `https://host`."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a walk through a flow and its answer, without the body."""

    flow: str
    step: str
    user: str
    method: str
    url: str
    """Values of the query taken out."""
    route: str
    hop: int
    """0 for the step's own request, 1 for what its redirect led to, and so on."""
    status: int
    phases: Phases
    sent: int
    received: int
    http_version: str
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case; of `set-cookie` the name and attributes only."""
    signed_in: bool = False
    """Whether a session's cookie or token was sent."""
    facts: BodyFacts = BodyFacts("empty")


@dataclass(frozen=True, slots=True)
class Statement:
    """One normalized statement of the database during a route's requests; values are placeholders."""

    text: str
    calls: float
    """Per request."""
    rows: float
    """Per call."""
    ms: float
    """Per call, in the mean."""
    share: float
    """Of the route's time in the database, 0 to 1."""
    table: str = ""
    code: str = ""
    """`file:line` or function that sends it, where traces say so."""


@dataclass(frozen=True, slots=True)
class RouteQueries:
    """What one step asks the database for, per request."""

    source: str
    """`pg_stat_statements`, `mysql` or `traces`."""
    flow: str
    step: str
    user: str
    route: str
    requests: int
    calls: float
    """Statements per request."""
    database_s: float
    """Per request, in the database."""
    server_s: float
    """Per request, of the portal as a whole."""
    statements: tuple[Statement, ...] = ()
    """The ones that matter, by time."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A statement that reads a whole table for want of an index."""

    route: str
    table: str
    table_rows: int
    statement: str
    calls: float
    """Per request."""
    ms: float
    """Per call."""
    create: str
    """The statement that makes the index, to paste."""
    cost_before: float = 0.0
    cost_after: float | None = None
    """The planner's, with a hypothetical index; None where it could not be asked."""


@dataclass(frozen=True, slots=True)
class SerialCalls:
    """Calls of one request that wait for each other although they could be one, or for another's server."""

    route: str
    what: str
    """`GET api.example.net` or the like."""
    calls: float
    seconds: float
    """Per request, together."""
    code: str = ""
    kind: str = "http"
    """`http`, `rpc`, `cache`; `wait` for one call that takes most of the route's time; `mail`, `message`."""
    of_s: float = 0.0
    """Per request, the route's whole time."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a page loads in a browser."""

    url: str
    kind: str
    """`document`, `script`, `style`, `image`, `font`, `fetch` or `other`."""
    start_s: float
    end_s: float
    received: int
    status: int
    third_party: bool
    """Of another organisation than the portal."""
    blocking: bool
    """Nothing is drawn until it is there."""
    protocol: str = ""
    size: int = 0
    """Inflated."""
    shown: tuple[int, int] | None = None
    """Of an image: the size it is drawn at, in device pixels."""
    natural: tuple[int, int] | None = None
    depth: int = 0
    """How many answers had to come before this could be asked for."""
    after: str = ""
    """URL of the last of them, where that is known."""
    main_s: float = 0.0
    """How long this script held the main thread, as far as it held it for more than a moment."""
    headers: tuple[tuple[str, str], ...] = ()
    """As in `Exchange`; empty where nobody wrote them down."""
    facts: BodyFacts | None = None
    """Of JSON that the page asked for, against the text that the page shows; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A step's page opened in a real browser, on the line."""

    flow: str
    step: str
    user: str
    url: str
    route: str
    first_paint_s: float | None
    lcp_s: float | None
    """Largest contentful paint."""
    data_s: float | None
    """Until the account's own data is seen."""
    load_s: float | None
    blank_s: float = 0.0
    """How long nothing was seen after the first answer."""
    long_tasks_s: float = 0.0
    """Time the main thread was taken for more than 50 ms at a time, beyond those 50 ms, until the data was seen."""
    round_trips: int = 0
    """Answers that had to come one after another until the data was there."""
    errors: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    wait_s: float = 0.0
    """Until the first byte of the page's own answer."""
    data_by: str = ""
    """How the data was told: `text` (the step's), `growth` (of what is visible); empty: it could not be told."""
    visits: int = 1
    """Of so many visits this one took the middle place."""
    spread_s: tuple[float, float] | None = None
    """The fastest and the slowest of them, by the same clock."""
    core: float = 1.0
    """How much of a core the browser's machine had to give meanwhile, 0 to 1: with little of it, times tell nothing."""


@dataclass(frozen=True, slots=True)
class Untold:
    """What could not be measured, and why."""

    flow: str
    step: str
    reason: str
    unlock: str = ""
    saved: str = ""
    """The redacted answer, kept beside the measurement."""
    part: str = "times"
    """What is missing: `times`, `queries`, `browser`, `growth`, `traces`."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of `launchready perf`."""

    domain: str
    url: str
    release: str
    """What was live, as far as it is known."""
    at: datetime
    elapsed_s: float
    requests: int
    line: Line
    way: str
    """How the line comes in: `relay` (driven through it), `model` (computed from phases and bytes) or `none`."""
    steps: tuple[StepTimes, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    queries: tuple[RouteQueries, ...] = ()
    scans: tuple[Scan, ...] = ()
    serial: tuple[SerialCalls, ...] = ()
    visits: tuple[Visit, ...] = ()
    untold: tuple[Untold, ...] = ()
    traced: tuple[str, ...] = ()
    """Routes of which the portal's own traces came."""
    framework: str = ""
    """Of the portal: `django`, `rails`, `laravel`, `express`…, as its code or its answers tell."""
    small: str = ""
    large: str = ""
    """The users whose accounts are compared."""
    first_s: float | None = None
    """What a buyer waits for the very first answer of the run, that of a login before any flow too."""
    first_again_s: float | None = None
    """The same asked once more, where the first time was beyond the target."""
    first_route: str = ""
