"""DLMPs with prosumers and demand response on the IEEE 37-node feeder.

The paper's market clears line limits on a lossless tree. Beyond it, the same people
trade on a three-phase model with losses and voltages, repeated until OpenDSS agrees,
and every price is compared with the cost of one more unit.

Source:
    El Helou et al., OpenGridGym: An Open-Source AI-Friendly Toolkit for Distribution
    Market Simulation, section IV-C. The paper prints the formulation and a map without
    numbers; costs, limits and profiles are ours, and ``Config`` says so of each.
"""

from gridagora.studies.contract import Study
from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.pictures import CAPTIONS, figures
from gridagora.studies.dlmp.reading import report_tables
from gridagora.studies.dlmp.targets import DEPARTURES, TARGETS
from gridagora.studies.dlmp.work import cells, run_cell

STUDY = Study(
    name="dlmp",
    title="Prices at every bus of the IEEE 37-node feeder, and what they are worth",
    lead="Prosumers on a feeder produce, consume and can do without some of their "
    "load; a price at every bus (DLMP) says what one more kWh there costs. The paper "
    "formulates the market with line limits and prints a map without numbers: the "
    "numbers here are those of a worked example. Beyond the paper, losses, voltages "
    "and phases enter the price, which is split into its parts; market and OpenDSS are "
    "repeated until they agree, and every price is compared with the difference of "
    "total cost when everything is solved again. Bidders who learn show what such "
    "prices are worth to those whom nobody can replace.",
    source="El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, section IV-C",
    config=Config,
    cells=cells,
    run_cell=run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=DEPARTURES,
    report_tables=report_tables,
)
