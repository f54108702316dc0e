"""Topology-induced market power on the IEEE 34-node feeder.

Line limits cut a radial feeder into zones. Producers inside a zone can raise their
offers, and demand that does not respond pays; demand that responds is an antidote.

Source:
    El Helou et al., OpenGridGym: An Open-Source AI-Friendly Toolkit for Distribution
    Market Simulation, section IV-A. The paper prints the prices and leaves open all
    quantities, offers, limits and places: those are ours, chosen so that the printed
    prices come out, and ``Config`` says so of each.
"""

from gridagora.studies.contract import Study
from gridagora.studies.market_power.config import Config
from gridagora.studies.market_power.pictures import CAPTIONS, figures
from gridagora.studies.market_power.targets import DEPARTURES, TARGETS
from gridagora.studies.market_power.work import cells, run_cell

STUDY = Study(
    name="market-power",
    title="Market power under line limits on the IEEE 34-node feeder",
    lead="Line limits cut a radial feeder into zones. Producers inside a zone can "
    "raise their offers, and demand that does not respond pays; demand that responds "
    "is an antidote. The paper prints the prices and leaves quantities, offers and "
    "limits open: ours were chosen so that its prices come out, and such numbers are "
    "called fitted. Every dispatch of the market is solved in OpenDSS, three-phase and "
    "unbalanced, and its voltages and loadings stand beside the market's flows.",
    source="El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, section IV-A",
    config=Config,
    cells=cells,
    run_cell=run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=DEPARTURES,
)
