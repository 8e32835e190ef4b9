"""Roots of one's own in Chromium's store: taken as they are, or said why not; a browser without them opens nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launchready.lab.authority import Authority
from launchready.lab.lab import Lab
from launchready.probes import browser
from launchready.probes.browser import Browser, NoBrowser
from launchready.probes.browser_trust import roots_of, trust
from launchready.probes.network import Network

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NSS is Chromium's store on Linux only")


@LINUX
async def test_a_root_is_written_below_the_home_it_is_for(authority: Authority, tmp_path: Path) -> None:
    assert await trust(tmp_path, authority.root_pem) == ""
    assert (tmp_path / ".pki" / "nssdb" / "cert9.db").stat().st_size > 0


@LINUX
async def test_what_is_no_certificate_is_refused_in_words(tmp_path: Path) -> None:
    assert "there is no certificate in it" in await trust(tmp_path, b"nonsense")


def test_each_certificate_of_a_file_is_read(authority: Authority) -> None:
    pem = authority.root_pem.decode()

    assert len(roots_of(f"# roots\n{pem}\n{pem}")) == 2


@LINUX
@pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-")
async def test_a_browser_that_cannot_trust_the_roots_opens_nothing_over_tls(authority: Authority) -> None:
    async with Lab(authority=authority) as lab:
        opened = Browser(Network(detours=lab.detours, closed=True, ca_pem=b"nonsense"), lab.look().dns)
        try:
            async with opened.profile("https://app.brightside.example/") as profile:
                assert isinstance(profile, NoBrowser)
                assert "cannot be told to trust" in str(profile)
                assert "libnss3" in profile.unlock
        finally:
            await opened.close()
