"""The shape of the code base, kept by test rather than by memory."""

import re
from pathlib import Path

import pytest

import gridagora

SRC = Path(gridagora.__file__).parent
UNIT = Path(__file__).parent / "unit"
MODULES = sorted(
    path
    for path in SRC.rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"}
)
MAX_LINES = 400
KERNELS = "markets/kernels/"  # one cited algorithm per function


def place(module):
    return module.relative_to(SRC).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=place)
def test_every_module_has_a_unit_test_in_the_same_place(module):
    relative = module.relative_to(SRC)

    assert (UNIT / relative.with_name(f"test_{relative.name}")).is_file()


@pytest.mark.parametrize("module", MODULES, ids=place)
def test_no_module_outgrows_one_sitting(module):
    n_line = module.read_text(encoding="utf-8").count("\n")

    assert n_line <= MAX_LINES or place(module).startswith(KERNELS)


def test_no_folder_is_a_drawer_for_everything():
    drawers = {"utils", "common", "core", "helpers", "misc"}

    assert not drawers & {path.stem for path in SRC.rglob("*")}


def test_public_names_are_sorted_and_exist():
    assert gridagora.__all__ == sorted(gridagora.__all__)
    assert all(getattr(gridagora, name) is not None for name in gridagora.__all__)
    assert set(gridagora.__all__) <= set(dir(gridagora))


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = gridagora.nothing


def test_the_ground_floors_know_no_data_frames_and_no_charts():
    upper = ("environment", "figures", "studies", "interfaces")
    lower = [m for m in MODULES if not place(m).startswith(upper)]
    found = [
        place(module)
        for module in lower
        if re.search(
            r"^\s*(import|from) (pandas|altair)",
            module.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]

    assert not found


def test_nothing_is_unpickled_evaluated_or_loaded_unsafely():
    banned = re.compile(
        r"\bpickle\b|\byaml\.load\(|\beval\(|\bexec\(|allow_pickle=True|shell=True"
    )
    found = [
        place(module)
        for module in MODULES
        if banned.search(module.read_text(encoding="utf-8"))
    ]

    assert not found
