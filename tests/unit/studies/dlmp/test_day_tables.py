import numpy as np
import pytest

from gridagora.studies.dlmp.day_tables import PARTS


def test_parts_of_every_price_add_up(tables):
    prices = tables["day_prices"]
    parts = prices[[f"{part}_usd_per_mwh" for part in PARTS]].sum(axis=1)

    assert len(prices) == 2 * 96 * 37
    np.testing.assert_allclose(parts, prices["price_usd_per_mwh"], atol=1e-9 * 100)


def test_opendss_finds_the_voltages_that_the_market_promised(tables):
    assert tables["day"]["voltage_gap_pu"].max() < 2e-6


def test_voltage_limits_are_kept_when_they_are_asked_for(tables, config):
    day = tables["day"].set_index("scenario")
    low, high = config.voltage_pu

    assert day.loc["day-kept", "lowest_voltage_pu"].min() >= low - 1e-6
    assert day.loc["day-kept", "highest_voltage_pu"].max() <= high + 1e-6
    assert day.loc["day-free", "highest_voltage_pu"].max() > high + 0.005
    assert day.loc["day-free", "lowest_voltage_pu"].min() < low


def test_no_voltage_makes_a_price_where_none_is_limited(tables):
    free = tables["day_prices"].query("scenario == 'day-free'")
    kept = tables["day_prices"].query("scenario == 'day-kept'")

    assert not free["voltage_usd_per_mwh"].any()
    assert kept["voltage_usd_per_mwh"].abs().max() > 20
    kinds = tables["day_limits"].groupby("scenario")["kind"].unique()
    assert set(kinds["day-kept"]) == {"flow", "voltage"}
    assert set(kinds["day-free"]) == {"flow"}


def test_power_of_a_day_balances_with_the_losses(tables):
    day = tables["day"]
    bought = day["demand_kw"] + day["export_kw"] + day["promised_loss_kw"]

    np.testing.assert_allclose(day["import_kw"] + day["local_kw"], bought, atol=1e-6)


def test_the_battery_sells_what_was_in_it_and_no_more(tables, config):
    bills = tables["day_bills"].query("scenario == 'day-kept' and account == '738'")
    sold_kwh = -bills.query("role == 'producer'")["energy_kwh"].item()

    assert 0 < sold_kwh <= config.battery[2] + 0.1


def test_all_money_of_a_day_sums_to_zero(tables):
    sums = tables["day_bills"].groupby("scenario")[["energy_wh", "money_nano"]].sum()

    assert (sums == 0).all().all()


def test_explanations_name_what_binds(tables):
    kept = tables["explanations"].query("scenario == 'day-kept'")

    assert kept["bus"].tolist() == 2 * ["722", "738", "740"]
    noon, evening = kept["interval"].unique()
    assert noon < 64 <= evening
    assert "voltage at '740" in kept["explanation"].iloc[2]
    assert "l704_720" in kept["explanation"].iloc[3]


def test_days_differ_by_the_voltage_limits_only(tables):
    day = tables["day"]
    kept, free = (day[day["scenario"] == name] for name in ("day-kept", "day-free"))

    assert kept["source_price_usd_per_mwh"].tolist() == pytest.approx(
        free["source_price_usd_per_mwh"].tolist()
    )
