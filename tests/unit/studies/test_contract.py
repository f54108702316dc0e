import pytest
from pydantic import Field, ValidationError

from gridagora.studies.contract import Origin, StudyConfig, parameters


class Toy(StudyConfig):
    limit_kw: float = Field(
        default=3.0,
        description="Limit of the line.",
        json_schema_extra={"unit": "kW", "origin": "printed", "where": "table 1"},
    )
    plain: int = 2


def test_parameters_are_listed_with_unit_and_origin():
    table = parameters(Toy(limit_kw=4.0)).set_index("parameter")

    assert table.loc["limit_kw"].to_dict() == {
        "value": "4.0",
        "unit": "kW",
        "origin": Origin.PRINTED.value,
        "where": "table 1",
        "meaning": "Limit of the line.",
    }
    assert table.loc["plain", "unit"] == ""
    assert table.loc["seed", "value"] == "1"


@pytest.mark.parametrize(
    "wrong", [{"limit": 1.0}, {"limit_kw": float("nan")}, {"seed": -1}]
)
def test_unknown_keys_and_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Toy(**wrong)


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Toy().plain = 3
