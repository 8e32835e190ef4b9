"""Exchange rates of a service outside, asked for once at the start and kept."""

import json
import os
import urllib.request

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN")
SERVICE = os.environ["RATES_URL"]
kept: dict[str, float] = {}


def fetch(symbols: str) -> dict[str, float]:
    """The rates of these currencies."""
    with urllib.request.urlopen(f"{SERVICE}?symbols={symbols}", timeout=3) as answer:
        return dict(json.load(answer))


def load() -> None:
    """All of them, in one call."""
    kept.update(fetch(",".join(CURRENCIES)))


def current() -> dict[str, float]:
    """What is kept."""
    return kept
