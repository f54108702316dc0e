"""Parameters of the DLMP study, each with its origin."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from gridagora.studies.contract import Origin, StudyConfig, parameter

FEEDER = "ieee37"
N_INTERVAL = 96
INTERVAL_HOURS = 0.25

_EXAMPLE = "ours: a worked example of eqs. (12) to (18), the paper prints no numbers"
_FREE = "ours, a free choice"
_SHAPE = "ours: a typical working day"

_NIGHT_TO_DAWN = (0.55, 0.51, 0.49, 0.48, 0.49, 0.54)
_MORNING = (0.64, 0.74, 0.77, 0.76, 0.74, 0.73)
_AFTERNOON = (0.72, 0.71, 0.71, 0.74, 0.82, 0.95)
_EVENING = (1.06, 1.10, 1.06, 0.95, 0.79, 0.65)
_LOAD = (*_NIGHT_TO_DAWN, *_MORNING, *_AFTERNOON, *_EVENING)
_CHEAP = (32.0, 30.0, 29.0, 29.0, 31.0, 36.0)
_BUSY = (47.0, 58.0, 55.0, 46.0, 38.0, 33.0)
_SUNNY = (30.0, 29.0, 31.0, 37.0, 48.0, 66.0)
_DEAR = (84.0, 92.0, 80.0, 62.0, 48.0, 39.0)
_PRICE = (*_CHEAP, *_BUSY, *_SUNNY, *_DEAR)


class Config(StudyConfig):
    """Parameters of the study; prices in $/MWh, powers in kW."""

    source_price: float = parameter(
        50.0, Origin.DERIVED, "$/MWh", _EXAMPLE, "LMP at the substation, one hour."
    )
    diesel: Mapping[str, tuple[float, float, float]] = parameter(
        {
            "729": (200.0, 60.0, 0.1),
            "735": (200.0, 70.0, 0.1),
            "718": (150.0, 65.0, 0.1),
        },
        Origin.DERIVED,
        "",
        _EXAMPLE,
        "Diesel engines by bus: capacity (kW), marginal cost at 0 ($/MWh), its rise "
        "per kW.",
    )
    reduction: Mapping[str, tuple[float, float, float]] = parameter(
        {"738": (0.3, 90.0, 0.4), "701": (0.2, 85.0, 0.4), "722": (0.3, 95.0, 0.4)},
        Origin.DERIVED,
        "",
        _EXAMPLE,
        "Buses with demand response: part of the load that can be left out, marginal "
        "cost of the first kW ($/MWh), its rise per kW.",
    )
    limits_kw: Mapping[str, float] = parameter(
        {"l730_709": 560.0, "l704_720": 300.0},
        Origin.DERIVED,
        "kW",
        _EXAMPLE,
        "Limits of two lines in the paper's market; the others keep their ampacity.",
    )
    day_limits_kw: Mapping[str, float] = parameter(
        {"l704_720": 320.0},
        Origin.DERIVED,
        "kW",
        _FREE,
        "Limits of lines during the day; the others keep their ampacity.",
    )
    export_price: float = parameter(
        0.0,
        Origin.PRINTED,
        "$/MWh",
        "OpenGridGym, eq. (12): max(0, P_source)",
        "What exports to the transmission grid earn.",
    )
    reductions: Literal["uncharged", "paid-by-beneficiaries"] = parameter(
        "paid-by-beneficiaries",
        Origin.PRINTED,
        "",
        "OpenGridGym, IV-C: paid for by other consumers that benefit",
        "What demand response earns beyond not being charged.",
    )
    load_frac: tuple[float, ...] = parameter(
        _LOAD,
        Origin.DERIVED,
        "",
        _SHAPE,
        "Load in each hour of the day as part of the feeder's load.",
        min_length=24,
        max_length=24,
    )
    source_prices: tuple[float, ...] = parameter(
        _PRICE,
        Origin.DERIVED,
        "$/MWh",
        _SHAPE,
        "LMP at the substation in each hour of the day.",
        min_length=24,
        max_length=24,
    )
    pv: Mapping[str, float] = parameter(
        {"711": 700.0, "740": 700.0, "725": 300.0},
        Origin.DERIVED,
        "kW",
        _FREE,
        "Photovoltaic plants by bus: power at noon. They cost nothing to run.",
    )
    daylight_h: tuple[float, float] = parameter(
        (6.0, 20.0), Origin.DERIVED, "h", _FREE, "Sunrise and sunset."
    )
    battery: tuple[str, float, float, float] = parameter(
        ("738", 100.0, 300.0, 75.0),
        Origin.DERIVED,
        "",
        _FREE,
        "A charged battery that sells: bus, power (kW), energy (kWh), price ($/MWh).",
    )
    voltage_pu: tuple[float, float] = parameter(
        (0.99, 1.05),
        Origin.DERIVED,
        "pu",
        _FREE,
        "Least and most voltage between phases where voltages are kept.",
    )
    markups: tuple[float, ...] = parameter(
        (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0),
        Origin.DERIVED,
        "",
        _FREE,
        "What learners may multiply their marginal cost by; the first is the truth.",
    )
    learners: tuple[str, ...] = parameter(
        ("policy-gradient", "epsilon-greedy", "ucb"),
        Origin.DERIVED,
        "",
        _FREE,
        "Learning algorithms of producers and demand-response providers.",
    )
    n_rounds: int = parameter(
        1_000, Origin.DERIVED, "", _FREE, "Clearings in which they learn.", ge=10
    )
    n_seeds: int = parameter(
        3, Origin.DERIVED, "", _FREE, "Independent runs of each learner.", ge=1
    )
    trust_feeders: tuple[str, ...] = parameter(
        ("ieee13", "ieee34", "ieee37", "ieee123"),
        Origin.DERIVED,
        "",
        _FREE,
        "Feeders on which prices are compared with differences of total cost.",
    )
    trust_places: int = parameter(
        8,
        Origin.DERIVED,
        "",
        "ours: a sample; `make validate` takes every load bus",
        "Places of each feeder, spread evenly over its load buses.",
        ge=1,
    )

    @model_validator(mode="after")
    def _first_markup_is_the_truth(self) -> Self:
        if self.markups[:1] != (1.0,) or list(self.markups) != sorted(
            set(self.markups)
        ):
            msg = f"markups are {self.markups}, expected to rise from 1.0"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _sun_sets_after_it_rises(self) -> Self:
        rise, fall = self.daylight_h
        if not 0 <= rise < fall <= 24:
            msg = f"daylight_h is {self.daylight_h}, expected 0 <= sunrise < sunset"
            raise ValueError(msg)
        return self
