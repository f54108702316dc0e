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


# A loop, three-winding and split-phase transformers, reactors, loads in wye and delta
# of one to three phases, a neutral. Every number is ours.
ZOO = """\
Clear
New Circuit.zoo bus1=src phases=3 basekv=12.47 pu=1.02 r1=0.5 x1=2 r0=1 x0=3
New Line.a bus1=src bus2=one phases=3 r1=0.3 x1=0.6 r0=0.6 x0=1.5 c1=10 c0=5 length=2 units=km normamps=300
New Line.b bus1=one bus2=two phases=3 r1=0.3 x1=0.6 r0=0.6 x0=1.5 length=1 units=km normamps=300
New Line.c bus1=two bus2=three phases=3 r1=0.3 x1=0.6 r0=0.6 x0=1.5 length=1 units=km normamps=300
New Line.d bus1=one bus2=three phases=3 r1=0.3 x1=0.6 r0=0.6 x0=1.5 length=2 units=km normamps=300
New Line.e bus1=three.1 bus2=four.1 phases=1 r1=0.3 x1=0.6 length=2 units=km normamps=100
New Transformer.t3 phases=3 windings=3 buses=(two, low, ter) conns=(delta wye wye) kvs=(12.47 0.48 4.16) kvas=(1000 600 400) xhl=5 xht=6 xlt=4 %loadloss=1 %noloadloss=.3
New Transformer.ct phases=1 windings=3 buses=(four.1, house.1.0, house.0.2) kvs=(7.2 .12 .12) kvas=(50 25 25) xhl=2 xht=2 xlt=1.4
New Reactor.r bus1=ter bus2=ter2 phases=3 r=0.1 x=0.3
New Reactor.shunt bus1=ter2 phases=3 kvar=20 kv=4.16
New Reactor.neutral bus1=ter2.4 bus2=ter2.0 phases=1 r=1 x=0.1
New Capacitor.cap bus1=two phases=3 kvar=150 kv=12.47 conn=delta
New Load.w3 bus1=low phases=3 conn=wye kv=.48 kw=200 kvar=60
New Load.d3 bus1=two phases=3 conn=delta kv=12.47 kw=300 kvar=100
New Load.d2 bus1=three.1.2.3 phases=2 conn=delta kv=12.47 kw=100 kvar=30
New Load.w2 bus1=three.1.2 phases=2 conn=wye kv=12.47 kw=80 kvar=20
New Load.neu bus1=ter2.1.4 phases=1 conn=wye kv=2.4 kw=30 kvar=10
New Load.h bus1=house.1.2 phases=1 conn=delta kv=.208 kw=8 kvar=2
New Load.h1 bus1=house.1 phases=1 kv=.12 kw=3 kvar=1
New Generator.own bus1=three phases=3 kv=12.47 kw=120 kvar=20 model=1
Set VoltageBases=[12.47 4.16 .48 .208]
CalcVoltageBases
"""


@pytest.fixture
def zoo_case(tmp_path):
    """A case with one of everything, in a folder of its own."""
    path = tmp_path / "zoo.dss"
    path.write_text(ZOO)
    return path
