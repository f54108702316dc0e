"""The register of shipped feeders."""

import pytest

from gridagora.errors import UnknownNameError
from gridagora.grids.feeders import FEEDERS, get_feeder


@pytest.mark.parametrize("name", sorted(FEEDERS))
def test_every_feeder_has_its_script_and_its_source(name):
    feeder = get_feeder(name)

    assert feeder.path.is_file()
    assert "Kersting" in feeder.source


def test_an_unknown_feeder_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        get_feeder("iee34")
    assert str(caught.value) == (
        "no feeder is called 'iee34'. Did you mean 'ieee34'? "
        "Known: ieee123, ieee13, ieee34, ieee37."
    )
