"""The paper's base classes: what a grid, a market and an agent must offer.

Subclasses need not call ``super().__init__()``: everything they rely on stands at
class level, and the environment sets ``env`` and ``t``.

Source:
    El Helou et al., OpenGridGym: An Open-Source AI-Friendly Toolkit for Distribution
    Market Simulation, section III.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray

if TYPE_CHECKING:
    from gridagora.types.orders import Bid, CurveColumns, Offer

MarketActions = Any
"""What a market declares as its order type: curves, limit orders, quantities, ..."""


class World(Protocol):
    """What the objects of a simulation see of the environment that joins them."""

    grid: Any
    market: Any
    agents: Sequence[Any]
    t: int
    interval_hours: float

    def agent(self, name: str) -> Any:
        """Return the agent of that name."""
        ...

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of that name."""
        ...


class BaseGrid(ABC):
    """The physical grid.

    Attributes:
        env: The environment, once there is one.
        t: Index of the interval; the environment writes it before each step.
    """

    env: Any = None
    t: int = -1

    @abstractmethod
    def reset(self) -> None:
        """Return to the state before the first interval."""

    @abstractmethod
    def step(self) -> None:
        """Carry out the agents' grid actions and find the new state."""

    def record(self) -> Mapping[str, Columns]:
        """Return tables of the present state for the run record; none by default."""
        return {}


class BaseMarket(ABC):
    """The market, one episode of rounds in each interval.

    Attributes:
        env: The environment, once there is one.
        t: Index of the round within the interval; the environment writes it.
        order_type: What agents must send: ``curve``, ``limit order``, ``quantity``,
            ``price response`` or ``negotiation``.
    """

    env: Any = None
    t: int = -1
    order_type: str = "curve"

    @abstractmethod
    def reset(self) -> None:
        """Prepare for the rounds of one interval."""

    @abstractmethod
    def step(self) -> None:
        """Use the agents' market actions to set prices and quantities."""

    @property
    def done(self) -> bool:
        """Whether there is nothing more to negotiate; true after one step."""
        return self.t >= 0

    def record(self) -> Mapping[str, Columns]:
        """Return tables of the cleared market for the run record; none by default."""
        return {}


class BaseAgent(ABC):
    """Who decides for one participant or for many.

    Attributes:
        env: The environment, once there is one.
        name: Unique among the agents; the environment names the nameless by their
            class and place.
        participants: Whom it acts for, in the order of its rewards; empty when it
            acts for itself alone.
        market_actions: What the last ``set_market_actions`` stored.
        grid_actions: What the last ``set_grid_actions`` stored.
    """

    env: Any = None
    name: str = ""
    participants: tuple[str, ...] = ()
    market_actions: "MarketActions | CurveColumns | Sequence[Bid | Offer]" = ()
    grid_actions: GridActions = GridActions.none()

    @abstractmethod
    def set_market_actions(self) -> None:
        """Store in ``market_actions`` what the market should receive."""

    @abstractmethod
    def set_grid_actions(self) -> None:
        """Store in ``grid_actions`` what the grid should do."""

    def reset(self) -> None:  # noqa: B027  (a hook: most agents have nothing to forget)
        """Forget the last episode, not what was learned; nothing by default."""

    def get_market_actions(self) -> MarketActions:
        """Return what ``set_market_actions`` stored."""
        return self.market_actions

    def get_grid_actions(self) -> GridActions:
        """Return what ``set_grid_actions`` stored."""
        return self.grid_actions

    def get_observation(self) -> Columns:
        """Return what the agent may know now, one row per participant."""
        return {}

    def get_reward(self) -> FloatArray:
        """Return the reward of the last interval, one number per participant."""
        return np.zeros(0)

    def record(self) -> Mapping[str, Columns]:
        """Return further tables for the run record; none by default."""
        return {}
