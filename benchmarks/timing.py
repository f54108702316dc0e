"""Interleaved timing: every contender in turn, medians and ratios of one run.

A machine is noisy from one second to the next, so an absolute time says little. What
holds is a ratio of two times taken within the same few milliseconds. Contenders
therefore run in rounds (A B C A B C ...), and a ratio is the median over the rounds
of the quotient within each round. The clock is the processor time of this process, all
threads together, so that other programs on the machine disturb less; every contender is
told to use one thread.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Clock = Callable[[], float]

Call = Callable[[int], object]
"""Does the work once; the argument is the number of the variant to work on."""

_TURN_S = 0.02  # a turn lasts about this long: what the others left in the caches is
#                 then soon replaced, as in any loop over clearings or steps
_MOST_CALLS = 2_000  # calls in one turn
_FEWEST_ROUNDS = 5
_MOST_ROUNDS = 200


@dataclass(slots=True)
class Timing:
    """Seconds per call of one contender, one number per round.

    Attributes:
        calls_per_turn: How many calls one round averages over.
        seconds: Seconds per call, by round. A contender that has used up its share
            of time drops out, so the list may be shorter than another's.
    """

    calls_per_turn: int
    seconds: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        """Median over rounds. ms per call."""
        return 1e3 * statistics.median(self.seconds)

    def times(self, other: "Timing") -> float:
        """Return how many times as long as ``other`` this takes, round by round."""
        shared = zip(self.seconds, other.seconds, strict=False)
        return statistics.median(mine / theirs for mine, theirs in shared)


def interleaved(
    contenders: Mapping[str, Call],
    *,
    budget_s: float,
    cap_s: float,
    clock: Clock = time.process_time,
) -> dict[str, Timing]:
    """Time contenders in turn.

    Args:
        contenders: What to time. Each has run before (compiled, checked, warm).
        budget_s: Time for all rounds together; five rounds are made in any case. s.
        cap_s: Time that one contender may use; one turn is made in any case. s.
        clock: Where the time is read; wall time for what uses several threads.

    Returns:
        Timings by name.
    """
    timings = {
        name: Timing(_calls_per_turn(call, clock)) for name, call in contenders.items()
    }
    begin = time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        for turn in range(_MOST_ROUNDS):
            for name, call in contenders.items():
                timing = timings[name]
                if _has_time(timing, cap_s):
                    timing.seconds.append(
                        _turn(call, turn, timing.calls_per_turn, clock)
                    )
            if turn + 1 >= _FEWEST_ROUNDS and time.perf_counter() - begin > budget_s:
                break
    finally:
        gc.enable()
    return timings


def _has_time(timing: Timing, cap_s: float) -> bool:
    if not timing.seconds:
        return True
    spent = sum(timing.seconds) * timing.calls_per_turn
    return spent + timing.seconds[-1] * timing.calls_per_turn <= cap_s


def _calls_per_turn(call: Call, clock: Clock) -> int:
    """Try a few calls and return how many fill a turn."""
    once = np.inf
    spent = 0.0
    for at in range(5):
        begin = clock()
        call(at)
        took = clock() - begin
        once, spent = min(once, took), spent + took
        if spent > _TURN_S:
            break
    return min(max(round(_TURN_S / max(once, 1e-7)), 1), _MOST_CALLS)


def _turn(call: Call, turn: int, count: int, clock: Clock) -> float:
    """Return seconds per call; in a turn of several, one call goes first untimed."""
    first = turn * count
    if count > 1:
        call(first)
    begin = clock()
    for at in range(first, first + count):
        call(at)
    return (clock() - begin) / count
