import math

import pytest

from gridagora.interfaces.importers.case_draft import CaseDraft
from gridagora.interfaces.importers.pandapower_branches import (
    impedance_reactance,
    line_values,
    transformer_values,
)
from gridagora.interfaces.importers.pandapower_json import Row


@pytest.fixture
def draft():
    return CaseDraft("case 'x'", 1.0)


def notes(draft):
    draft.add_branch("a-b", ("a", "b"), limit_mw=1.0, reactance_pu=1.0)
    return list(draft.build(None).left_out[1:])


def transformer(**cells):
    """25 MVA, 110/20 kV; short circuit 13 % with 5 % of resistance: 12 % reactance."""
    return Row(
        "trafo",
        0,
        {
            "sn_mva": 25.0,
            "vn_hv_kv": 110.0,
            "vn_lv_kv": 20.0,
            "vk_percent": 13.0,
            "vkr_percent": 5.0,
            **cells,
        },
        [],
    )


def test_a_line_has_its_ohms_over_those_of_the_voltage_level():
    cells = {
        "x_ohm_per_km": 0.4,
        "length_km": 5.0,
        "max_i_ka": 0.3,
        "df": 0.9,
        "parallel": 2,
    }

    reactance, rating = line_values(Row("line", 0, cells, []), 20.0, 10.0)

    # 2 ohm over 20^2 / 10 = 40 ohm, twice in parallel; sqrt(3) 20 kV 0.27 kA 2
    assert reactance == pytest.approx(0.025)
    assert rating == pytest.approx(math.sqrt(3) * 20 * 0.27 * 2)


def test_an_impedance_changes_to_the_base_of_the_network(draft):
    even = Row("impedance", 0, {"xft_pu": 0.2, "xtf_pu": 0.2, "sn_mva": 50.0}, [])
    odd = Row("impedance", 1, {"xft_pu": 0.2, "xtf_pu": 0.3, "sn_mva": 50.0}, [])

    assert impedance_reactance(even, 100.0, draft) == pytest.approx(0.4)
    assert impedance_reactance(odd, 100.0, draft) == pytest.approx(0.4)
    assert notes(draft) == [
        "impedance 1 has another reactance from its second bus: left out, the one from "
        "its first holds both ways."
    ]


def test_a_transformer_has_what_its_resistance_leaves_of_the_short_circuit(draft):
    reactance, rating = transformer_values(
        transformer(parallel=2, df=0.8), (110.0, 20.0), 100.0, draft
    )

    # sqrt(0.13^2 - 0.05^2) = 0.12 on 25 MVA: 0.48 on 100 MVA, halved by two
    assert reactance == pytest.approx(0.24)
    assert rating == pytest.approx(40.0)
    assert notes(draft) == []


def test_a_winding_off_the_bus_voltage_is_a_tap(draft):
    reactance, _ = transformer_values(
        transformer(vn_hv_kv=115.5, vn_lv_kv=21.0), (110.0, 20.0), 25.0, draft
    )

    # 0.12 (21/20)^2, times the ratio 115.5/21 over 110/20, which is 1
    assert reactance == pytest.approx(0.12 * 1.05**2)


@pytest.mark.parametrize(
    ("side", "factor"),
    [
        ("hv", 1.05),  # the ratio alone
        ("lv", 1.05),  # the winding squared, over the ratio
    ],
)
def test_a_tap_off_its_middle_changes_the_winding_on_its_side(draft, side, factor):
    tapped = transformer(
        tap_side=side, tap_pos=3, tap_neutral=1, tap_step_percent=2.5, tap_step_degree=0
    )

    reactance, _ = transformer_values(tapped, (110.0, 20.0), 25.0, draft)

    assert reactance == pytest.approx(0.12 * factor)
    assert notes(draft) == []


def test_a_slanted_tap_changes_voltage_and_phase(draft):
    tapped = transformer(
        tap_side="lv",
        tap_pos=2,
        tap_neutral=0,
        tap_step_percent=5.0,
        tap_step_degree=90,
    )

    reactance, _ = transformer_values(tapped, (110.0, 20.0), 25.0, draft)

    # 1 + 0.1 i: sqrt(1.01) long, 5.71059 degrees, backwards on the low side
    assert reactance == pytest.approx(0.12 * math.sqrt(1.01))
    assert notes(draft) == [
        "trafo 0 shifts the phase by -5.71059 degrees: left out; it matters only on a "
        "loop whose shifts do not cancel."
    ]


@pytest.mark.parametrize(
    "kind", [{"tap_phase_shifter": True}, {"tap_changer_type": "Ideal"}]
)
def test_an_ideal_shifter_leaves_the_voltage(draft, kind):
    by_degrees = transformer(tap_side="hv", tap_pos=4, tap_step_degree=5.0, **kind)
    by_percent = transformer(tap_side="lv", tap_pos=1, tap_step_percent=100.0, **kind)

    for one in (by_degrees, by_percent):
        one.cells["tap_neutral"] = 0
        reactance, _ = transformer_values(one, (110.0, 20.0), 25.0, draft)
        assert reactance == pytest.approx(0.12)
    first, second = notes(draft)
    assert "shifts the phase by 20 degrees" in first
    assert "shifts the phase by -60 degrees" in second  # 2 asin(1/2)


@pytest.mark.parametrize(
    "cells",
    [
        {"tap_changer_type": None},  # since version 3: nothing changes
        {"tap_side": None},
        {"tap_pos": None},
        {"tap_pos": 1},
    ],
)
def test_a_tap_that_does_nothing_changes_nothing(draft, cells):
    tapped = transformer(
        **{"tap_side": "hv", "tap_pos": 3, "tap_neutral": 1, "tap_step_percent": 9.0}
        | cells
    )

    assert transformer_values(tapped, (110.0, 20.0), 25.0, draft)[0] == pytest.approx(
        0.12
    )


def test_shifts_of_windings_and_tables_of_impedances_are_named(draft):
    transformer_values(
        transformer(shift_degree=150, tap_dependency_table=True),
        (110.0, 20.0),
        25.0,
        draft,
    )

    assert notes(draft) == [
        "trafo 0: its impedance does not follow its tap here.",
        "trafo 0 shifts the phase by 150 degrees: left out; it matters only on a loop "
        "whose shifts do not cancel.",
    ]


def test_more_resistance_than_impedance_is_a_fault(draft):
    values = transformer_values(transformer(vk_percent=4.0), (110.0, 20.0), 1.0, draft)

    assert all(map(math.isnan, values))
    assert draft.faults == ["trafo 0: vkr_percent is more than vk_percent."]
