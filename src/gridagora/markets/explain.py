"""Why a place has its price, in words."""

from dataclasses import dataclass

import numpy as np

from gridagora.errors import UnknownNameError
from gridagora.markets.limit_shares import LimitShares
from gridagora.markets.linear_rows import AFTER_LOSS
from gridagora.types.arrays import FloatArray
from gridagora.types.linear_dispatch import LinearDispatch

_DIGITS = 6  # of the largest number of a price


def explain(dispatch: LinearDispatch, place: str) -> str:
    """Say in words what makes the price at a place.

    The numbers of the first paragraph add up to the price as it is printed: energy,
    losses and one line for each limit that binds and touches the price. Losses and
    limits are as the place draws; how much of them comes from drawing unevenly is said
    apart. Then comes the price of reactive power.

    Args:
        dispatch: A clearing.
        place: A bus, the ``.supply`` of a bus, or a terminal.

    Returns:
        Some lines of text.

    Raises:
        UnknownNameError: There is no such place.

    Example:
        A house at the end of a line that is full, where a kWh costs 0.3::

            One more kWh of demand at 'house' costs 0.352000:
              0.300000 for energy, at the price where the feeder begins
              0.012000 for the 0.0400 kWh of losses that it makes
              0.040000 for the flow through branch 'street' (12 kW of at most 12 kW)
    """
    return PriceReasons.of(dispatch).text(place)


@dataclass(frozen=True, slots=True, eq=False)
class PriceReasons:
    """What an explanation needs of a clearing, and no more, to be kept for long.

    Attributes:
        place: Names. Shape ``(n_place,)``.
        kvar_per_kw: Reactive power drawn with each kW. Shape ``(n_place,)``.
        energy_per_kwh: Price of energy where the feeder begins.
        prices: Price of active and of reactive power. Shape ``(2, n_place)``.
        unbalance: Part of them that comes from drawing unevenly. ``(2, n_place)``.
        limits: What is said of each limit that binds.
        shares: Its part of both prices. Shape ``(2, n_binding, n_place)``.
        no_price: Why there is none; empty when there is one.
    """

    place: tuple[str, ...]
    kvar_per_kw: FloatArray
    energy_per_kwh: float
    prices: FloatArray
    unbalance: FloatArray
    limits: tuple[str, ...]
    shares: FloatArray
    no_price: str = ""

    @classmethod
    def of(cls, dispatch: LinearDispatch) -> "PriceReasons":
        """Keep the reasons of a clearing."""
        grid, shares = dispatch.grid, LimitShares.of(dispatch)
        active, reactive = dispatch.active, dispatch.reactive
        said = f"{dispatch.outcome.value}: {dispatch.reason}".rstrip(": ")
        return cls(
            place=grid.place,
            kvar_per_kw=grid.kvar_per_kw,
            energy_per_kwh=float(active.energy[grid.source]),
            prices=np.stack([active.total, reactive.total]),
            unbalance=np.stack([active.unbalance, reactive.unbalance]),
            limits=tuple(_limit_text(dispatch, int(row)) for row in shares.row),
            shares=np.stack([shares.per_kwh, shares.per_kvarh]),
            no_price=said if np.isnan(active.total).any() else "",
        )

    def text(self, place: str) -> str:
        """Say what makes the price at a place; see ``explain``.

        Raises:
            UnknownNameError: There is no such place.
        """
        if place not in self.place:
            raise UnknownNameError("place", place, self.place)
        if self.no_price:
            return f"There is no price at {place!r}: the market was {self.no_price}."
        at = self.place.index(place)
        decimals = self._decimals(at)
        lines = self._paragraph(at, decimals, reactive=False)
        if any(self.prices[1]):
            lines += self._paragraph(at, decimals, reactive=True)
            lines += self._together(at, decimals)
        return "\n".join(lines)

    def _paragraph(self, at: int, decimals: int, *, reactive: bool) -> list[str]:
        """Say what makes one of the two prices."""
        kind, unit = int(reactive), "kvarh" if reactive else "kWh"
        price, shares = float(self.prices[kind, at]), self.shares[kind, :, at]
        energy = 0.0 if reactive else self.energy_per_kwh
        loss = price - energy - float(shares.sum())
        lost_kwh = loss / self.energy_per_kwh if self.energy_per_kwh else 0.0
        small = 0.5 * 10.0**-decimals
        touching = np.flatnonzero(np.abs(shares) >= small)
        parts = [] if reactive else [(energy, _ENERGY)]
        parts.append((loss, f"for the {lost_kwh:.4f} kWh of losses that it makes"))
        parts += [(float(shares[row]), f"for {self.limits[row]}") for row in touching]
        told = _adding_up([part for part, _ in parts], price, decimals, 1 - kind)
        verb = "costs" if price >= 0.0 else "earns"
        amount = f"{abs(price):.{decimals}f}"
        lines = [f"One more {unit} of demand at {self.place[at]!r} {verb} {amount}:"]
        lines += [f"  {one} {text}" for one, (_, text) in zip(told, parts, strict=True)]
        others = len(self.limits) - touching.size
        if others:
            lines.append(f"  {_elsewhere(others)}")
        uneven = float(self.unbalance[kind, at])
        if abs(uneven) >= small:
            lines.append(
                f"  Of this, {uneven:.{decimals}f} is because it is not drawn evenly "
                "over the phases of the bus."
            )
        return lines

    def _together(self, at: int, decimals: int) -> list[str]:
        ratio = float(self.kvar_per_kw[at])
        if ratio == 0.0:
            return []
        price = self.prices[0, at] + ratio * self.prices[1, at]
        return [
            f"Loads there draw {ratio:.4f} kvarh with each kWh: together "
            f"{price:.{decimals}f} per kWh."
        ]

    def _decimals(self, at: int) -> int:
        """Return how many decimals show the largest number in six digits."""
        parts = (self.energy_per_kwh, *self.prices[:, at], *self.shares[0, :, at])
        largest = max(abs(float(part)) for part in parts)
        if largest == 0.0:
            return 2
        return max(_DIGITS - 1 - int(np.floor(np.log10(largest))), 0)


_ENERGY = "for energy, at the price where the feeder begins"


def _adding_up(parts: list[float], total: float, decimals: int, rest: int) -> list[str]:
    """Write parts that still add up to a total as it is written.

    The part ``rest`` takes what rounding leaves.
    """
    unit = 10**decimals
    whole = [round(part * unit) for part in parts]
    whole[rest] += round(total * unit) - sum(whole)
    return [f"{number / unit:.{decimals}f}" for number in whole]


def _elsewhere(limits: int) -> str:
    if limits == 1:
        return "1 limit binds elsewhere and does not touch it."
    return f"{limits} limits bind elsewhere and do not touch it."


def _limit_text(dispatch: LinearDispatch, row: int) -> str:
    """Say which limit binds, where it stands and how far it may go."""
    limits = dispatch.limits
    name, kind, unit = limits.name[row], limits.kind[row], limits.unit[row]
    at_most = bool(limits.worth[row] > 0.0)
    bound = float(limits.high[row] if at_most else limits.low[row])
    value = float(limits.value[row])
    held = f"{value:.6g} {unit} of {'at most' if at_most else 'at least'} {bound:.6g}"
    lost = name.split(AFTER_LOSS)[-1]
    name = name.split(AFTER_LOSS)[0]
    return f"{_WORDS[kind].format(name=name, lost=lost)} ({held} {unit})"


_WORDS = {
    "flow": "the flow through branch {name!r}",
    "current": "the current in {name!r}",
    "voltage": "the voltage at {name!r}",
    "substation": "what the substation delivers",
    "outage": "the flow through branch {name!r} after loss of {lost!r}",
}
