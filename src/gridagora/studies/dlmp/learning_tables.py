"""Rounds of learning bidders, and what they make of the market."""

import numpy as np
import pandas as pd

from gridagora.agents.bidding_game import bidding_game
from gridagora.learning.exploitability import exploitability, one_by_one
from gridagora.studies.contract import Tables
from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.paper_tables import USD_PER_MILL, cleared
from gridagora.studies.dlmp.worlds import TRANSMISSION, LearningWorld, learning_world
from gridagora.types.arrays import IntArray
from gridagora.types.preferences import integral_of

TRUTHFUL = "truthful"
_LATE = 0.2  # the last part of the rounds: what has been learned by then
_N_BLOCK = 50


def learning_tables(config: Config, learner: str, number: int) -> Tables:
    """Play all rounds with one learner and one stream of random numbers.

    Args:
        config: Parameters of the study.
        learner: Name of the algorithm.
        number: Number of the run.
    """
    least = true_cost_per_h(truthful_world(config))
    world = learning_world(config, learner, number)
    world.env.recording = False
    world.env.reset()
    rounds = []
    for at in range(config.n_rounds):
        world.env.step()
        rounds.append({"round": at, **_round(world, least)})
    played = pd.DataFrame(rounds)
    late = played["round"] >= (1.0 - _LATE) * config.n_rounds
    learned = played[late].mean().drop("round").to_dict()
    greedy = world.bidders.learners[0].greedy()
    tables = {
        "rounds": _in_blocks(played, config.n_rounds),
        "regimes": pd.DataFrame([learned | _regret(config, greedy)]),
    }
    for table in tables.values():
        table.insert(0, "regime", learner)
        table.insert(1, "run", number)
    return tables


def truthful_tables(config: Config) -> Tables:
    """Play one round in which everybody tells the truth: perfect competition."""
    world = truthful_world(config)
    truth = np.zeros(world.bidders.preferences.n_participant, dtype=np.int64)
    row = _round(world, true_cost_per_h(world)) | _regret(config, truth)
    return {"regimes": pd.DataFrame([{"regime": TRUTHFUL, "run": 0} | row])}


def truthful_world(config: Config) -> LearningWorld:
    """Return the market after one round in which nobody has another choice."""
    world = learning_world(
        config.model_copy(update={"n_rounds": 1, "markups": (1.0,)}), "ucb", 0
    )
    world.env.recording = False
    world.env.reset()
    world.env.step()
    return world


def true_cost_per_h(world: LearningWorld) -> float:
    """Return what production, reductions and imports truly cost. Mills/h."""
    bidders = world.bidders
    worth = integral_of(bidders.preferences)
    at_most, awarded = worth(bidders.preferences.most_kw), worth(bidders.award_kw)
    is_bid = bidders.preferences.is_bid
    cost = np.where(is_bid, at_most - awarded, awarded).sum()
    source = world.env.agent(TRANSMISSION).get_observation()
    imported = np.asarray(source["import_kw"]) * np.asarray(source["price_per_kwh"])
    return float(cost + imported.sum())


def _round(world: LearningWorld, least_cost: float) -> dict[str, float]:
    """Return one round as one row."""
    cost, dispatch = true_cost_per_h(world), cleared(world.market)
    bidders = world.bidders
    factor = bidders.actions.factor[bidders.action]
    surplus = bidders.get_reward() * USD_PER_MILL
    row = {
        "true_cost_usd_per_h": cost * USD_PER_MILL,
        "excess_cost_percent": 100.0 * (cost / least_cost - 1.0),
        "highest_price_usd_per_mwh": float(dispatch.price_per_kwh.max()),
        "average_price_usd_per_mwh": dispatch.average_price_per_kwh or np.nan,
        **_money(world),
    }
    for at, name in enumerate(bidders.participants):
        row[f"markup_{name}"] = float(factor[at])
        row[f"surplus_{name}_usd_per_h"] = float(surplus[at])
    return row


def _money(world: LearningWorld) -> dict[str, float]:
    """Return what consumers pay, and who gets it. $/h."""
    market = world.market
    dispatch, money = cleared(market), market.order_money_per_h() * USD_PER_MILL
    source = np.array([who == TRANSMISSION for who in dispatch.orders.participant])
    bid = dispatch.orders.is_bid
    paid = float(money[bid & ~source].sum())
    earned = float(money[~bid & ~source].sum())
    imports = float(money[~bid & source].sum() - money[bid & source].sum())
    return {
        "consumers_pay_usd_per_h": paid,
        "producers_get_usd_per_h": earned,
        "transmission_gets_usd_per_h": imports,
        "operator_keeps_usd_per_h": paid - earned - imports,
    }


def _in_blocks(played: pd.DataFrame, n_round: int) -> pd.DataFrame:
    """Return means over blocks of rounds, so that a curve has a readable number."""
    size = max(n_round // _N_BLOCK, 1)
    means = played.groupby(played["round"] // size, sort=True).mean()
    means["round"] = (np.arange(len(means)) + 1) * size
    return means.reset_index(drop=True)


def _regret(config: Config, action: IntArray) -> dict[str, float]:
    """Return what each bidder could still gain alone from a joint action. $/h."""
    world = learning_world(config.model_copy(update={"n_rounds": 1}), "ucb", 0)
    world.env.recording = False
    world.env.reset()
    world.env.step()
    market, bidders = world.market, world.bidders
    others = [
        agent.get_market_actions() for agent in world.env.agents if agent is not bidders
    ]
    game = bidding_game(
        bidders.preferences,
        bidders.actions,
        buses=market.network,
        clear=lambda own: market.clear([own, *others]),
        money=lambda _: market.order_money_per_h(),
    )
    gain = exploitability(one_by_one(game), action, bidders.actions.n_action)
    return {
        f"regret_{name}_usd_per_h": float(part) * USD_PER_MILL
        for name, part in zip(bidders.participants, gain, strict=True)
    }
