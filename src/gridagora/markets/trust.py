"""DLMPs against the cost of one more kWh, and straight lines against the grid."""

from collections.abc import Callable, Sequence

import numpy as np

from gridagora.markets.agreement import Agreement, Linearise, clear_on_grid
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid, Response

CostOfMore = Callable[[FloatArray, FloatArray], float]
"""Takes further demand by place in kW and kvar; returns total cost in currency/h."""

TIGHT = Agreement(tolerance_kw=1e-5, tolerance_pu=1e-9)
"""For costs whose small differences count."""

_UNIQUE = 1e-2  # of the largest price: one-sided prices nearer than that are one


def cost_of_more(
    linearise: Linearise,
    dispatch: LinearDispatch,
    limits: GridLimits,
    *,
    agreement: Agreement = TIGHT,
) -> CostOfMore:
    """Return a function that clears anew with further demand that no order names.

    The whole problem is solved again each time: models and OpenDSS until both agree,
    from the dispatch on.

    Args:
        linearise: As for ``clear_on_grid``.
        dispatch: The clearing whose orders and fixed demand to take.
        limits: What it kept.
        agreement: When to stop.

    Returns:
        Declared cost less declared value, as a function of further demand; ``inf``
        where no dispatch serves it.
    """

    def from_dispatch(
        demand_kw: FloatArray | None = None, demand_kvar: FloatArray | None = None
    ) -> LinearGrid:
        if demand_kw is None:
            return linearise(dispatch.net_demand_kw, dispatch.net_demand_kvar)
        return linearise(demand_kw, demand_kvar)

    def cost_per_h(more_kw: FloatArray, more_kvar: FloatArray) -> float:
        again = clear_on_grid(
            from_dispatch,
            dispatch.orders,
            limits,
            fixed_kw=dispatch.fixed_kw + more_kw,
            fixed_kvar=dispatch.fixed_kvar + more_kvar,
            agreement=agreement,
        )
        if again.dispatch.outcome not in (Outcome.CLEARED, Outcome.ONE_SIDED):
            return np.inf
        return -welfare_per_h(again.dispatch)

    return cost_per_h


def price_errors(
    dispatch: LinearDispatch,
    cost: CostOfMore,
    places: Sequence[str],
    *,
    step: float = 0.1,
) -> Columns:
    """Compare DLMPs with differences of total cost, the problem solved again.

    Where total cost has a kink the price is not unique: any between the two one-sided
    ones is a price.

    Args:
        dispatch: The clearing whose prices to check.
        cost: Total cost with further demand, ``cost_of_more``.
        places: Names of places.
        step: Change of demand. kW and kvar.

    Returns:
        Two rows for each place, one for each price.

        * ``place``, ``unit``: where, and ``kWh`` or ``kvarh``.
        * ``dlmp``: the price.
        * ``left``, ``right``: cost of the last and of the next unit.
        * ``central``: their mean.
        * ``error``: price less ``central`` where the price is unique, else how far it
          lies outside of the two.
        * ``unique``: whether the two agree to a hundredth of the largest price.
        * ``inside``: whether the price lies between the two, by the same measure.

    Raises:
        UnknownNameError: There is no such place.
    """
    grid = dispatch.grid
    nothing = np.zeros(grid.n_place)
    start = cost(nothing, nothing)
    rows: list[tuple[float, float, float]] = []
    for place in places:
        more = nothing.copy()
        more[grid.bus_index(place)] = step
        at = grid.bus_index(place)
        for price, change in (
            (dispatch.price_per_kwh[at], (more, nothing)),
            (dispatch.price_per_kvarh[at], (nothing, more)),
        ):
            before, after = cost(-change[0], -change[1]), cost(*change)
            rows.append((float(price), (start - before) / step, (after - start) / step))
    dlmp, left, right = np.array(rows).reshape(-1, 3).T
    close = _UNIQUE * float(np.abs(dispatch.price_per_kwh).max())
    central = 0.5 * (left + right)
    unique = np.abs(right - left) <= close
    low, high = np.minimum(left, right), np.maximum(left, right)
    outside = np.maximum(np.maximum(low - dlmp, dlmp - high), 0.0)
    return {
        "place": [place for place in places for _ in range(2)],
        "unit": ["kWh", "kvarh"] * len(places),
        "dlmp": dlmp,
        "left": left,
        "right": right,
        "central": central,
        "error": np.where(unique, dlmp - central, outside),
        "unique": unique,
        "inside": outside <= close,
    }


def model_errors(dispatch: LinearDispatch, solved: LinearGrid) -> Columns:
    """Compare what a model promised at its dispatch with the grid there.

    Args:
        dispatch: A clearing on a model that was taken elsewhere, in one step.
        solved: The grid at the dispatch: the model taken there.

    Returns:
        Four rows: ``quantity`` (``voltage``, ``flow``, ``current``, ``loss``), its
        ``unit``, the ``largest_error`` and ``where`` it is, what was ``promised`` there
        and what the grid ``solved``.
    """
    old = dispatch.grid
    more_kw = dispatch.net_demand_kw - old.demand_kw
    more_kvar = dispatch.net_demand_kvar - old.demand_kvar
    pairs: tuple[tuple[str, str, Response, Response], ...] = (
        ("voltage", "pu", old.voltages, solved.voltages),
        ("flow", "kW", old.flows, solved.flows),
        ("current", "A", old.currents, solved.currents),
        ("loss", "kW", old.loss, solved.loss),
    )
    worst = []
    for _, _, model, truth in pairs:
        promised = model.after(more_kw, more_kvar)
        at = int(np.abs(promised - truth.value).argmax())
        worst.append((model.name[at], float(promised[at]), float(truth.value[at])))
    return {
        "quantity": [name for name, *_ in pairs],
        "unit": [unit for _, unit, *_ in pairs],
        "largest_error": [abs(promised - solved) for _, promised, solved in worst],
        "where": [where for where, *_ in worst],
        "promised": [promised for _, promised, _ in worst],
        "solved": [true for *_, true in worst],
    }
