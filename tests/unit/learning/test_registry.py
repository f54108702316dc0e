import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.learning.registry import LEARNERS, learner_class
from gridagora.types.learner import Learner


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_every_learner_follows_the_protocol(name):
    learner: Learner = learner_class(name)(3, 4)
    assert (learner.n_player, learner.n_action) == (3, 4)
    action = learner.choose(np.random.default_rng(1))
    learner.learn(action, np.array([1.0, 2.0, 3.0]))
    for chosen in (action, learner.greedy()):
        assert chosen.shape == (3,)
        assert chosen.dtype == np.int64
        assert ((chosen >= 0) & (chosen < 4)).all()


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_a_state_stays_as_it_was_when_its_learner_goes_on(name):
    learner = learner_class(name)(1, 2)
    learner.learn(np.array([0]), np.array([1.0]))
    state = learner.get_state()
    kept = {key: array.copy() for key, array in state.items()}
    for reward in (-5.0, 9.0):
        learner.learn(np.array([1]), np.array([reward]))
    moved = learner.get_state()
    assert all(np.array_equal(state[key], kept[key]) for key in state)
    assert all(not np.array_equal(moved[key], kept[key]) for key in state)


def test_an_unknown_name_is_refused_with_what_was_meant():
    with pytest.raises(UnknownNameError) as caught:
        learner_class("usb")
    assert str(caught.value) == (
        "no learner is called 'usb'. Did you mean 'ucb'? Known: epsilon-greedy, "
        "policy-gradient, roth-erev, ucb."
    )
