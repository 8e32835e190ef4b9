"""Records at a provider that is not Cloudflare, by octoDNS: here the files of its own YamlProvider, really written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from launchready.lab.healthy import DOMAIN

TOML = f"""domain = "{DOMAIN}"
[edge]
provider = "octodns.provider.yaml.YamlProvider"
origin = ["192.88.99.10"]
caa = ["ca.example"]
ttl = 300
[edge.options]
directory = "env/ZONES"
[edge.mail]
spf = ["mx"]
dmarc = "none"
"""
ZONE = f"""---
? ''
: - ttl: 300
    type: MX
    value:
      exchange: mail.{DOMAIN}.
      preference: 10
  - ttl: 300
    type: TXT
    value: google-site-verification=abc
old:
  ttl: 300
  type: A
  value: 192.88.99.66
"""


def zone_file(it: Any) -> Path:
    path: Path = it.folder / "zones" / f"{DOMAIN}.yaml"
    return path


async def with_zone(it: Any, monkeypatch: Any) -> Path:
    monkeypatch.setenv("ZONES", str(it.folder / "zones"))
    zone_file(it).parent.mkdir()
    zone_file(it).write_text(ZONE, encoding="utf-8")
    return zone_file(it)


def names(text: str) -> dict[str, Any]:
    """The zone's records by name and type: values in order; marks of ownership left out."""
    import yaml

    found: dict[str, Any] = {}
    for name, held in (yaml.safe_load(text) or {}).items():
        for one in held if isinstance(held, list) else [held]:
            values = one.get("values") or [one.get("value")]
            found[f"{name} {one['type']}"] = sorted(map(str, values))
    return found


async def test_records_are_written_and_those_of_others_are_kept_and_undone(place: Any, monkeypatch: Any) -> None:
    async with place(toml=TOML) as it:
        path = await with_zone(it, monkeypatch)
        before = names(path.read_text())
        ran = await it.run("apply", "--yes", "--no-checks")

        held = names(path.read_text())
        assert ran.code in (0, 1), ran
        assert held[" A"] == ["192.88.99.10"]
        assert held["www A"] == ["192.88.99.10"]
        assert held["old A"] == ["192.88.99.66"]
        assert "google-site-verification=abc" in held[" TXT"]
        assert any("v=spf1 mx -all" in text for text in held[" TXT"])
        assert any("v=DMARC1" in text for text in held["_dmarc TXT"])
        assert it.zone.calls == []
        again = await it.run("plan")
        assert again.code == 0, again.out

        undone = await it.run("undo", "--yes")
        assert undone.code == 0, undone
        assert names(path.read_text()) == before


async def test_a_record_of_somebody_else_is_not_replaced_there_either(place: Any, monkeypatch: Any) -> None:
    toml = TOML.replace("ttl = 300\n", 'ttl = 300\nhosts = { old = "192.88.99.10" }\n')
    async with place(toml=toml) as it:
        path = await with_zone(it, monkeypatch)
        ran = await it.run("apply", "--yes", "--no-checks")
        assert names(path.read_text())["old A"] == ["192.88.99.66"], ran
        assert ran.code == 1
        await it.run("apply", "--yes", "--no-checks", "--take", "old A")
        assert names(path.read_text())["old A"] == ["192.88.99.10"]


async def test_a_variable_that_is_not_set_and_a_class_that_is_not_there_are_told(place: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("ZONES", raising=False)
    async with place(toml=TOML) as it:
        ran = await it.run("plan")
        assert ran.code in (2, 3), ran
        assert "ZONES" in ran.err
        (it.folder / "launchready.toml").write_text(TOML.replace("octodns.provider.yaml.Yaml", "octodns_nowhere.No"))
        ran = await it.run("plan")
        assert ran.code in (2, 3), ran
        assert "octodns" in ran.err
