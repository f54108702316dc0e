import pytest

from gridagora.errors import UnknownNameError
from gridagora.studies.registry import STUDIES, load_study


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_a_study_is_what_its_entry_says(name):
    study = load_study(name)

    assert study.name == name
    assert study.title == STUDIES[name].title
    assert bool(study.targets) == STUDIES[name].has_targets


def test_a_misspelt_study_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError) as caught:
        load_study("market-pover")

    assert str(caught.value) == (
        "no study is called 'market-pover'. Did you mean 'market-power'? "
        "Known: dlmp, market-power, self-play-bertrand, self-play-capacity, "
        "self-play-case, self-play-competition, self-play-duopoly, self-play-five-bus, "
        "self-play-six-bus, self-play-two-bus."
    )
