"""What a check is handed: every probe of one run, the run's clock, and the hosts there are to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from launchready.measurement import Measurement
from launchready.model import Tree
from launchready.portal import Portal
from launchready.probes.browser import Browser
from launchready.probes.database import Database
from launchready.probes.dns import Dns
from launchready.probes.http import Http
from launchready.probes.network import Network
from launchready.probes.platform import Platforms
from launchready.probes.rdap import Rdap
from launchready.probes.repository import Repository
from launchready.probes.smtp import Smtp
from launchready.probes.surface import Host, find_hosts
from launchready.probes.tls import Tls


@dataclass
class Look:
    """The eyes of one run. Every question is asked once and its answer shared (`Network.once`)."""

    portal: Portal
    network: Network = field(default_factory=Network)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The moment certificates and registrations are judged at."""
    pictures: dict[str, Tree] = field(default_factory=dict)
    """Trees a check adds for the report, by title."""
    releasing: bool = False
    """The run is the preflight of a release: what the release itself brings is not there yet, and need not be."""
    root: Path | None = None
    """The folder of `launchready.toml`, where there is one."""
    measured: Measurement | None = None
    """What `launchready perf` has just measured; else the checks read the last one kept."""
    baseline: Measurement | None = None
    """What it is compared with; left out: the last one kept of another release."""
    crashes: list[str] = field(default_factory=list)
    """Tracebacks of checks that failed; shown with --debug."""

    def __post_init__(self) -> None:
        """Open the probes; none of them looks before it is asked."""
        self.dns = Dns(self.network, self.portal.dns)
        self.tls = Tls(self.network)
        self.http = Http(self.network, self.dns)
        self.smtp = Smtp(self.network, self.tls)
        self.rdap = Rdap(self.network, self.http)
        self.platforms = Platforms(self.network, self.dns)
        self.database = Database(self.network, self.dns)
        self.browser = Browser(self.network, self.dns)
        source = self.portal.repository
        self.repository = Repository(Path(source.path), self.network) if source else None
        self._hosts: tuple[Host, ...] = ()

    async def hosts(self) -> tuple[Host, ...]:
        """Root, www, the hosts the portal names, and those found; root first, each with its addresses."""
        self._hosts = await self.network.once("hosts", lambda: find_hosts(self.portal, self.dns, self.tls))
        return self._hosts

    def hosts_seen(self) -> tuple[str, ...]:
        """The names of the hosts a check asked for, once the run is over."""
        return tuple(host.name for host in self._hosts)

    async def close(self) -> None:
        """End what is still being asked and close sockets."""
        await self.network.drop()
        await self.http.close()
        await self.platforms.close()
        await self.browser.close()
