"""Small circuits for the tests of the grids."""

import pytest

# Source - 1 km - mid - 1 km - end; two single-phase loads at the end, three-phase at
# mid. Every number is ours.
SMALL = """\
Clear
New Circuit.small bus1=src phases=3 basekv=4.16 pu=1.0 r1=0.0001 x1=0.001 r0=0.0001 x0=0.001
New Line.a bus1=src bus2=mid phases=3 r1=0.1 x1=0.2 r0=0.3 x0=0.6 c1=0 c0=0 length=1 units=km normamps=200
New Line.b bus1=mid bus2=end phases=3 r1=0.1 x1=0.2 r0=0.3 x0=0.6 c1=0 c0=0 length=1 units=km normamps=100
New Load.m bus1=mid phases=3 conn=wye kv=4.16 kw=300 kvar=90 model=1
New Load.e1 bus1=end.1 phases=1 kv=2.4 kw=60 kvar=20 model=1
New Load.e2 bus1=end.2 phases=1 kv=2.4 kw=40 kvar=0 model=2
Set VoltageBases=[4.16]
CalcVoltageBases
"""


@pytest.fixture
def small_case(tmp_path):
    """A three-bus case in a folder of its own."""
    path = tmp_path / "small.dss"
    path.write_text(SMALL)
    return path
