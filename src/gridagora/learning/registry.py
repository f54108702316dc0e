"""Which learners there are, by the names that configurations use."""

from collections.abc import Mapping

from gridagora.errors import UnknownNameError
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.policy_gradient import PolicyGradient
from gridagora.learning.roth_erev import RothErev
from gridagora.learning.ucb import UCB

LearnerClass = type[UCB] | type[PolicyGradient] | type[EpsilonGreedy] | type[RothErev]
"""Called with the number of players, the number of actions, and its own parameters."""

LEARNERS: Mapping[str, LearnerClass] = {
    "epsilon-greedy": EpsilonGreedy,
    "policy-gradient": PolicyGradient,
    "roth-erev": RothErev,
    "ucb": UCB,
}
"""Learners by name; every one follows ``types.learner.Learner`` and has a state."""


def learner_class(name: str) -> LearnerClass:
    """Return the class of learners of that name.

    Raises:
        UnknownNameError: No learner has that name.

    Example:
        >>> learner_class("ucb")(n_player=2, n_action=3, scale=0.5).greedy().tolist()
        [0, 0]
    """
    if name not in LEARNERS:
        raise UnknownNameError("learner", name, LEARNERS)
    return LEARNERS[name]
