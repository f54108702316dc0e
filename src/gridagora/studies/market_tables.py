"""What studies of markets on feeders do alike with their tables."""

import pandas as pd

from gridagora.environment.environment import Environment
from gridagora.grids.opendss_grid import OpenDSSGrid


def one_number(table: pd.DataFrame, column: str, **where: str) -> float:
    """Return the one number of a column in the row that the other columns name.

    Args:
        table: Any table.
        column: Where the number stands.
        **where: Value of other columns in its row.

    Raises:
        ValueError: No row, or several, are like that.

    Example:
        >>> prices = pd.DataFrame({"bus": ["a", "b"], "price": [4.0, 5.0]})
        >>> one_number(prices, "price", bus="b")
        5.0
    """
    for name, value in where.items():
        table = table[table[name] == value]
    return float(table[column].item())


def recorded(env: Environment, name: str) -> pd.DataFrame:
    """Return a table of a run with one interval, without its column ``interval``."""
    return env.record.table(name).drop(columns="interval")


def placed(table: pd.DataFrame, grid: OpenDSSGrid) -> pd.DataFrame:
    """Add the columns ``x``, ``y`` and ``distance_km`` to rows with a column bus."""
    for places in (grid.coordinates(), grid.distances()):
        table = table.merge(
            pd.DataFrame(places), on="bus", how="left", validate="many_to_one"
        )
    return table
