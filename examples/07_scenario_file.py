"""A day of solar power from a CSV file, through the night the clocks go back.

Stamps without a UTC offset are clock times in a zone; the hour that comes twice must
be resolved by a rule that is asked for. Power in kW.
"""

from pathlib import Path

from gridagora import read_scenario
from gridagora.errors import InvalidScenarioError

FILE = """\
time,load_kw,pv_percent
2026-10-25T00:00,300,0
2026-10-25T01:00,280,0
2026-10-25T02:00,270,0
2026-10-25T02:00,265,0
2026-10-25T03:00,260,0
2026-10-25T04:00,,0
2026-10-25T05:00,310,5
"""
path = Path("day.csv")
path.write_text(FILE, encoding="utf-8")

try:
    read_scenario(path, zone="Europe/Berlin")
except InvalidScenarioError as error:
    for fault in error.faults:
        print("refused:", fault)

day = read_scenario(path, zone="Europe/Berlin", dst="both", gaps="interpolate")
print("columns", day.column)
for t in range(day.horizon.n_intervals):
    load_kw, pv_frac = day.values[t]
    print(f"{day.horizon.local(t):%H:%M %Z}  {load_kw:5.1f} kW  {pv_frac:4.2f}")
half_hours = day.resampled(0.5)
print("half hours", half_hours.horizon.n_intervals)
