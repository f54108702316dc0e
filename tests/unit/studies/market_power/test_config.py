import pytest
from pydantic import ValidationError

from gridagora.studies.contract import Origin, parameters
from gridagora.studies.market_power.config import Config


def test_every_parameter_states_its_origin_and_where_it_is_from():
    table = parameters(Config())

    assert set(table["origin"]) <= {origin.value for origin in Origin}
    assert table["where"].str.len().min() > 0
    assert table["meaning"].str.endswith(".").all()


def test_only_the_feeder_price_is_printed():
    table = parameters(Config())

    printed = table.loc[table["origin"] == Origin.PRINTED.value, "parameter"]
    assert printed.to_list() == ["feeder_price"]


def test_every_unit_needs_an_offer():
    with pytest.raises(ValidationError, match="one offer for each of the units g1"):
        Config(raised_offers={"g1": (4.0, 5.0)})


def test_an_offer_cannot_fall_with_output():
    offers = {**Config().raised_offers, "g2": (5.0, 4.0)}

    with pytest.raises(ValidationError, match="raised_offers falls with output for g2"):
        Config(raised_offers=offers)


@pytest.mark.parametrize(
    "wrong", [{"unit_kw": 0}, {"firm_frac": 1.1}, {"n_draws": 0}, {"controls": "maybe"}]
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Config(**wrong)
