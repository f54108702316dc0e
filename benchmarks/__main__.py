"""``python -m benchmarks``: time gridagora beside its peers and print tables."""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

from benchmarks.report import Section, machine_line, write_json

PARTS = ("clearing", "meshed", "self-play", "dlmp", "step")


def main() -> int:
    """Run what was asked for; return 0 when every peer agreed with ours."""
    options = _options()
    warnings.simplefilter("ignore")  # peers warn about their own dependencies
    print(f"{machine_line()}\n", flush=True)
    begin = time.perf_counter()
    sections: list[Section] = []
    for part in PARTS:
        if options.only in (None, part):
            for section in _measure(part, options):
                print(f"{section.markdown()}\n", flush=True)
                sections.append(section)
    print(f"{time.perf_counter() - begin:.0f} s in all")
    if options.json:
        write_json(options.json, sections)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument(
        "--sizes",
        type=_sizes,
        help="buses of the clearing part, e.g. 34,100,1000 (34 is the IEEE 34 market)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller sizes, few rounds, about a minute"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="for batches"
    )
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in text.split(","))
    if min(sizes) < 10:
        msg = f"{min(sizes)} buses are too few, expected at least 10"
        raise argparse.ArgumentTypeError(msg)
    return sizes


def _measure(part: str, options: argparse.Namespace) -> list[Section]:
    """Import a part when it is wanted: each needs other peers."""
    budget_s, cap_s = (2.0, 2.0) if options.quick else (8.0, 30.0)
    if part == "clearing":
        from benchmarks import clearing

        sizes = clearing.SIZES[:3] if options.quick else clearing.SIZES
        sizes = options.sizes or sizes
        return clearing.measure(
            sizes, budget_s=budget_s, cap_s=cap_s, threads=options.threads
        )
    if part == "meshed":
        from benchmarks import meshed

        return meshed.measure(budget_s=budget_s, cap_s=cap_s)
    if part == "self-play":
        from benchmarks import self_play

        return self_play.measure(budget_s=budget_s, cap_s=cap_s)
    if part == "dlmp":
        from benchmarks import dlmp

        sizes = dlmp.SIZES[:2] if options.quick else dlmp.SIZES
        return dlmp.measure(sizes, budget_s=budget_s, cap_s=cap_s)
    from benchmarks import step

    return step.measure(budget_s=budget_s, cap_s=cap_s)


if __name__ == "__main__":
    sys.exit(main())
