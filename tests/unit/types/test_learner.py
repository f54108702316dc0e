import numpy as np

from gridagora.types.learner import Learner


class AlwaysFirst:
    """The least that agents accept as a learner."""

    n_player, n_action = 2, 3

    def choose(self, rng: np.random.Generator) -> np.ndarray:
        return np.zeros(self.n_player, dtype=np.int64)

    def learn(self, action: np.ndarray, reward: np.ndarray) -> None:
        pass

    def greedy(self) -> np.ndarray:
        return np.zeros(self.n_player, dtype=np.int64)


def test_a_class_with_the_five_members_is_a_learner():
    learner: Learner = AlwaysFirst()

    assert learner.choose(np.random.default_rng(1)).tolist() == [0, 0]
    assert learner.greedy().shape == (learner.n_player,)
