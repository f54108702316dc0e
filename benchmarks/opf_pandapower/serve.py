"""Solve optimal power flows in pandapower, one for each line read.

Runs in an environment of its own, as a child of ``benchmarks.opf_peers``: the argument
is a case as ``opf_data`` writes it; questions and answers are lines of JSON. The
network is built once, a book changes its tables.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
from scipy import sparse

# pandapower 3.5 still asks for ``.H`` where power flows have limits; SciPy dropped it.
for _kind in (sparse.csr_matrix, sparse.csc_matrix):
    _kind.H = property(lambda matrix: matrix.conj().T)

Book = dict[str, Any]

_UNLIMITED = 1e10  # a rating from which on PYPOWER counts none
_ANY_KVAR = 1e5
_ACTIVE_POWER = 1  # OPF_FLOW_LIM


class Network:
    """One case in pandapower's tables, MW standing for kW."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.books = case["books"]
        n_bus, first = len(case["parent"]), self.books[0]
        self.net = net = pp.create_empty_network(sn_mva=case["base"])
        pp.create_buses(
            net, n_bus, vn_kv=1.0, min_vm_pu=case["low"], max_vm_pu=case["high"]
        )
        rated = [_UNLIMITED if at is None else at / np.sqrt(3) for at in case["limit"]]
        pp.create_lines_from_parameters(
            net,
            case["parent"][1:],
            range(1, n_bus),
            length_km=1.0,
            r_ohm_per_km=np.array(case["r"]) / case["base"],
            x_ohm_per_km=np.array(case["x"]) / case["base"],
            c_nf_per_km=0.0,
            max_i_ka=rated,
            max_loading_percent=100.0,
        )
        for bus in np.flatnonzero(case["shunt"]):
            pp.create_shunt(net, bus, q_mvar=-case["shunt"][bus])
        pp.create_ext_grid(
            net,
            0,
            min_p_mw=0.0,
            max_p_mw=first["offer_most"][0],
            min_q_mvar=-_ANY_KVAR,
            max_q_mvar=_ANY_KVAR,
        )
        pp.create_sgens(
            net,
            first["offer_bus"][1:],
            p_mw=0.0,
            q_mvar=0.0,
            controllable=True,
            min_p_mw=0.0,
            max_p_mw=first["offer_most"][1:],
            min_q_mvar=0.0,
            max_q_mvar=0.0,
        )
        self._at = pp.create_loads(
            net,
            first["reducible_bus"],
            p_mw=0.0,
            q_mvar=0.0,
            controllable=True,
            min_p_mw=0.0,
            max_p_mw=first["reducible_most"],
            min_q_mvar=0.0,
            max_q_mvar=0.0,
        )
        self._loaded = np.flatnonzero(first["load_kw"])
        self._firm = pp.create_loads(
            net, self._loaded, p_mw=0.0, q_mvar=0.0, controllable=False
        )
        none = np.zeros(len(net.sgen)), np.zeros(len(self._at))
        pp.create_poly_costs(net, [0], "ext_grid", cp1_eur_per_mw=0.0)
        pp.create_poly_costs(net, net.sgen.index, "sgen", cp1_eur_per_mw=none[0])
        pp.create_poly_costs(net, self._at, "load", cp1_eur_per_mw=none[1])

    def take(self, book: Book) -> None:
        """Write the numbers of a book into the tables."""
        net, most = self.net, np.array(book["reducible_most"])
        kvar = most * np.array(book["reducible_ratio"])
        net.ext_grid["max_p_mw"] = book["offer_most"][0]
        net.sgen["max_p_mw"] = book["offer_most"][1:]
        for column, numbers in (
            ("max_p_mw", most),
            ("p_mw", most),
            ("max_q_mvar", kvar),
            ("q_mvar", kvar),
        ):
            net.load.loc[self._at, column] = numbers
        net.load.loc[self._firm, "p_mw"] = np.array(book["load_kw"])[self._loaded]
        net.load.loc[self._firm, "q_mvar"] = np.array(book["load_kvar"])[self._loaded]
        # The sign of a load's cost is turned for cp1 and cp2 alike, that of its power
        # for cp1 alone.
        square = book["offer_square"] + [-at for at in book["reducible_square"]]
        net.poly_cost["cp2_eur_per_mw2"] = square
        net.poly_cost["cp1_eur_per_mw"] = (
            book["offer_linear"] + book["reducible_linear"]
        )

    def solve(self) -> bool:
        """Run the optimal power flow; ``delta=0`` keeps loads dispatchable."""
        try:
            pp.runopp(self.net, delta=0.0, OPF_FLOW_LIM=_ACTIVE_POWER)
        except pp.OPFNotConverged:
            return False
        return True

    def answer(self) -> dict[str, list[float]]:
        """Return powers (loads negative) and prices of the last solution."""
        net = self.net
        return {
            "power": [
                *net.res_ext_grid["p_mw"],
                *net.res_sgen["p_mw"],
                *(-net.res_load.loc[self._at, "p_mw"]),
            ],
            "price_kw": net.res_bus["lam_p"].tolist(),
            "price_kvar": net.res_bus["lam_q"].tolist(),
        }


def main() -> None:
    """Answer questions until there are none."""
    case = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    network = Network(case)
    for line in sys.stdin:
        question = json.loads(line)
        reply: dict[str, Any] = {}
        if question["do"] == "solve":
            begin = time.process_time()
            network.take(network.books[question["book"]])
            reply["solved"] = network.solve()
            reply["seconds"] = time.process_time() - begin
        elif question["do"] == "answer":
            reply = network.answer()
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
