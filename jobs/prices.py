"""Hourly prices of hardware: the dated list prices in ``prices.toml``."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Price:
    dollars_per_hour: float
    terms: str
    """Conditions and date, as in ``Spot in us-central1, 2026-11``."""


def tpu_prices(slice_name: str, nearest: str | None = None) -> list[Price]:
    """All known prices of a slice such as ``v3-8``; by region, on demand first.

    With ``nearest``, only those of that region, or of the table's first where it has none there.
    """
    regions = list(_table()["tpu"].get(slice_name, {}))
    if nearest is not None:
        regions = [nearest] if nearest in regions else regions[:1]
    return [price for region in regions for spot in (False, True) if (price := tpu_price(slice_name, region, spot))]


def tpu_price(slice_name: str, region: str, spot: bool) -> Price | None:
    """Price of the whole slice with its host; None when the table has none."""
    found = _table()["tpu"].get(slice_name, {}).get(region)
    return Price(found["spot" if spot else "on_demand"], _terms(region, spot)) if found else None


def cpu_price(vcpu: float, gib: float, region: str, spot: bool) -> Price | None:
    """Price of this share of an otherwise full machine; None when the table has none."""
    found = None if spot else _table()["cpu"].get(region)
    return Price(vcpu * found["vcpu"] + gib * found["gib"], _terms(region, spot)) if found else None


def region_of(zone: str) -> str:
    """``us-central1-a`` lies in ``us-central1``."""
    return zone.rpartition("-")[0]


def _terms(region: str, spot: bool) -> str:
    return f"{'Spot' if spot else 'on demand'} in {region}, {_table()['as_of']}"


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("jobs") / "prices.toml").read_text("utf-8"))
