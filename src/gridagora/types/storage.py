"""What an agent needs of a store of energy."""

from typing import Protocol

from gridagora.types.arrays import FloatArray


class Storage(Protocol):
    """Stores of energy that producers sell from, one for each participant."""

    def reset(self) -> None:
        """Return to the energy at the beginning of an episode."""
        ...

    def available_kw(self, hours: float) -> FloatArray:
        """Return the most power that each can deliver all through an interval.

        Args:
            hours: Length of the interval, > 0. h.

        Returns:
            kW, >= 0. Shape ``(n_participant,)``.
        """
        ...

    def deliver(self, power_kw: FloatArray, hours: float) -> None:
        """Take out what was delivered in an interval.

        Args:
            power_kw: Power of each, >= 0. kW. Shape ``(n_participant,)``.
            hours: Length of the interval, > 0. h.
        """
        ...
