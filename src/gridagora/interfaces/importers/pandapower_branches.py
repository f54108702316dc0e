"""Reactance and rating of pandapower's lines, transformers and impedances."""

import math
from collections.abc import Sequence

from gridagora.interfaces.importers.case_draft import CaseDraft
from gridagora.interfaces.importers.pandapower_json import Row


def line_values(row: Row, kv: float, sn_mva: float) -> tuple[float, float]:
    """Return the reactance of a line and what it carries at full current.

    Args:
        row: The line.
        kv: Nominal voltage of its first bus. kV.
        sn_mva: Power that 1 pu stands for. MVA.

    Returns:
        Reactance in pu, rating in MVA.
    """
    parallel = row.positive("parallel", 1.0)
    ohm = row.number("x_ohm_per_km") * row.number("length_km")
    rated_ka = row.number("max_i_ka", math.inf) * row.number("df", 1.0)
    rating_mva = math.sqrt(3) * kv * rated_ka * parallel
    return ohm / (kv**2 / sn_mva) / parallel, rating_mva


def impedance_reactance(row: Row, sn_mva: float, draft: CaseDraft) -> float:
    """Return the reactance of an impedance, the one from its first bus. pu."""
    forward, backward = row.number("xft_pu"), row.number("xtf_pu")
    if forward != backward:
        draft.note(
            f"{row.label} has another reactance from its second bus: left out, the one "
            "from its first holds both ways."
        )
    return forward / row.positive("sn_mva") * sn_mva


def transformer_values(
    row: Row, kv: Sequence[float], sn_mva: float, draft: CaseDraft
) -> tuple[float, float]:
    """Return the reactance of a transformer times its off-nominal ratio, and rating.

    The reactance is that of the short circuit without its resistance, seen from the
    low-voltage bus; DC power flow multiplies it by the ratio.

    Args:
        row: The transformer.
        kv: Nominal voltages of its high- and low-voltage bus. kV.
        sn_mva: Power that 1 pu stands for. MVA.
        draft: Where a shift of phase is noted.

    Returns:
        Reactance in pu, rating in MVA.
    """
    rated_mva, parallel = row.positive("sn_mva"), row.positive("parallel", 1.0)
    high, low, shift = _tapped(row, draft)
    z_pu, r_pu = (row.number(one) / 100 for one in ("vk_percent", "vkr_percent"))
    if abs(r_pu) > abs(z_pu):
        draft.faults.append(f"{row.label}: vkr_percent is more than vk_percent.")
        return math.nan, math.nan
    if shift:
        draft.note(
            f"{row.label} shifts the phase by {shift:g} degrees: left out; it matters "
            "only on a loop whose shifts do not cancel."
        )
    x_pu = math.copysign(math.sqrt(z_pu**2 - r_pu**2), z_pu)
    x_pu *= (low / kv[1]) ** 2 * sn_mva / rated_mva / parallel
    ratio = high / low / (kv[0] / kv[1])
    return x_pu * ratio, rated_mva * row.number("df", 1.0) * parallel


def _tapped(row: Row, draft: CaseDraft) -> tuple[float, float, float]:
    """Return voltages of both windings with their taps, in kV, and shift in degrees."""
    volts = {"hv": row.positive("vn_hv_kv"), "lv": row.positive("vn_lv_kv")}
    shift = row.number("shift_degree", 0.0)
    for tap in ("tap", "tap2"):
        side = str(row.cells.get(f"{tap}_side"))
        kind = f"{tap}_changer_type"
        if kind in row.cells and not row.has(kind):
            continue  # since version 3 this says that nothing changes
        neutral = row.number(f"{tap}_neutral", 0.0)
        steps = row.number(f"{tap}_pos", neutral) - neutral
        if not steps or side not in volts:
            continue
        sign = 1.0 if side == "hv" else -1.0
        part = steps * row.number(f"{tap}_step_percent", 0.0) / 100
        degrees = row.number(f"{tap}_step_degree", 0.0)
        if _only_shifts(row, tap):
            half = math.asin(max(-1.0, min(1.0, part / 2)))
            shift += sign * (steps * degrees or 2 * math.degrees(half))
            continue
        along = 1 + part * math.cos(math.radians(degrees))
        across = part * math.sin(math.radians(degrees))
        volts[side] *= math.hypot(along, across)
        shift += sign * math.degrees(math.atan2(across, along))
    if any(
        row.flag(name, default=False)
        for name in ("tap_dependent_impedance", "tap_dependency_table")
    ):
        draft.note(f"{row.label}: its impedance does not follow its tap here.")
    return volts["hv"], volts["lv"], shift


def _only_shifts(row: Row, tap: str) -> bool:
    """Return whether a tap changer turns the phase and leaves the voltage."""
    return row.cells.get(f"{tap}_changer_type") == "Ideal" or row.flag(
        f"{tap}_phase_shifter", default=False
    )
