"""Parameters of the market-power study, each with its origin."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from gridagora.studies.contract import Origin, StudyConfig, parameter

FEEDER = "ieee34"

_PAPER = "OpenGridGym, IV-A4"
_CHOSEN = "ours, so that the printed prices come out"
_FREE = "ours, a free choice"


class Config(StudyConfig):
    """Parameters of the study; prices in c/kWh, powers in kW, intervals of one hour."""

    feeder_price: float = parameter(
        4.3, Origin.PRINTED, "c/kWh", _PAPER, "Fixed price of the feeder's supply."
    )
    unit_kw: float = parameter(
        600.0, Origin.FITTED, "kW", _CHOSEN, "Capacity of each of the five units.", gt=0
    )
    units: Mapping[str, str] = parameter(
        {"g1": "808", "g2": "820", "g3": "834", "g4": "844"},
        Origin.FITTED,
        "",
        "spread over the grid as printed; the buses are ours",
        "Buses of the four local producers; the fifth unit stands at the source.",
    )
    competitive_offers: Mapping[str, tuple[float, float]] = parameter(
        {"g1": (4.2, 4.9), "g2": (4.0, 4.8), "g3": (2.3, 4.1), "g4": (2.3, 4.1)},
        Origin.FITTED,
        "c/kWh",
        _CHOSEN,
        "Marginal cost of each producer at no output and at full output.",
    )
    raised_offers: Mapping[str, tuple[float, float]] = parameter(
        {
            "g1": (4.489, 5.089),
            "g2": (4.4485, 5.0485),
            "g3": (2.924, 7.724),
            "g4": (2.924, 7.724),
        },
        Origin.FITTED,
        "c/kWh",
        _CHOSEN,
        "What each producer offers once it has market power.",
    )
    limits_kw: Mapping[str, float] = parameter(
        {"l800_802": 300.0, "l814r_850": 340.0, "l816_824": 520.0},
        Origin.FITTED,
        "kW",
        "ours: the feeder's ampacities (8 to 10 MVA) never bind",
        "Limits of three lines; the others keep their ampacity.",
    )
    p_max: float = parameter(
        9.0, Origin.FITTED, "c/kWh", _CHOSEN, "Value of a consumer's first flexible kW."
    )
    p_min: float = parameter(
        3.0, Origin.FITTED, "c/kWh", _CHOSEN, "Value of a consumer's last kW."
    )
    firm_frac: float = parameter(
        0.26430,
        Origin.FITTED,
        "",
        _CHOSEN,
        "Part of a flexible consumer's nominal load that is firm.",
        ge=0,
        le=1,
    )
    flexible_8: tuple[str, ...] = parameter(
        ("802", "832"),
        Origin.FITTED,
        "",
        "2 of 28 bids; which ones is ours",
        "Buses whose bids are flexible when 8 % are.",
    )
    rigid_75: tuple[str, ...] = parameter(
        ("834", "836", "820", "822", "830", "802", "806"),
        Origin.FITTED,
        "",
        "7 of 28 bids; which ones is ours",
        "Buses whose bids stay inelastic when 75 % are flexible.",
    )
    n_draws: int = parameter(
        20,
        Origin.DERIVED,
        "",
        _FREE,
        "Random orders in which bids turn flexible.",
        ge=1,
    )
    controls: Literal["off", "static"] = parameter(
        "static",
        Origin.DERIVED,
        "",
        _FREE,
        "Whether regulators act in the power flow that follows the market.",
    )
    settlement: str = parameter(
        "rent-to-producers",
        Origin.DERIVED,
        "",
        "ours: eq. (8) needs the rent to be handed out",
        "Rule that turns the dispatch into money.",
    )

    @model_validator(mode="after")
    def _offers_cover_units(self) -> Self:
        for name in ("competitive_offers", "raised_offers"):
            offers: Mapping[str, tuple[float, float]] = getattr(self, name)
            if set(offers) != set(self.units):
                msg = (
                    f"{name} has {', '.join(sorted(offers))}, expected one offer for "
                    f"each of the units {', '.join(sorted(self.units))}"
                )
                raise ValueError(msg)
            falling = [unit for unit, (low, high) in offers.items() if high < low]
            if falling:
                msg = f"{name} falls with output for {', '.join(falling)}"
                raise ValueError(msg)
        return self
