"""The documents and the examples say what the package does.

Python blocks of a page run in order, in one namespace and in an empty folder; a
``text`` block right after one is what it prints. A block whose first line names a file
(``csv file=load.csv``) is written to that file. A ``console`` block runs its lines
``$ gridagora ...`` and compares what follows each of them, ``...`` standing for any
lines; ``console not-run`` is for reading only.
"""

import contextlib
import io
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest
import typer

import gridagora
from gridagora.interfaces.cli import main
from gridagora.interfaces.cli.app import app
from gridagora.studies.contract import parameters
from gridagora.studies.registry import STUDIES, load_study

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
OWN = ROOT / "docs" / "write-your-own.md"
MOST_LINES = 30

_FENCE = re.compile(r"^```(\S*)[ ]*(.*)$")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: First word after the fence.
        info: The other words.
        text: What is between the fences.
        line: Line of the opening fence, from 1.
        heading: The heading above it.
        directly: Whether nothing stands between it and the block before it.
    """

    language: str
    info: str
    text: str
    line: int
    heading: str
    directly: bool


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    heading, directly = "", False
    opened: tuple[str, str, int, bool] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, lines = (fence[1], fence[2], number, directly), []
        elif opened is not None and line == "```":
            language, info, begun, after = opened
            text = "".join(f"{one}\n" for one in lines)
            found.append(Block(language, info, text, begun, heading, after))
            opened, directly = None, True
        elif opened is not None:
            lines.append(line)
        elif line.strip():
            directly = False
            heading = named[2] if (named := _HEADING.match(line)) else heading
    assert opened is None, f"{page.name}: the block of line {opened} is not closed"
    return found


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run_python(block: Block, page: Path, namespace: dict[str, object]) -> str:
    source = "\n" * block.line + block.text  # so that errors name the page's lines
    code = compile(source, relative(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output that the page shows."""
    text = block.text.replace("\\\n", " ")
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command.split("  #")[0], output


def run_command(command: str) -> tuple[int, str]:
    words = shlex.split(command)[1:]
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as left,
    ):
        main(words)
    return int(left.value.code or 0), out.getvalue()


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def says(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed, ``...`` being any lines."""
    lines = [
        "(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + "\n"
        for line in stripped(shown).splitlines()
    ]
    ended = "".join(f"{line}\n" for line in stripped(printed).splitlines())
    return re.fullmatch("".join(lines), ended) is not None


def outcomes(page: Path) -> Iterator[tuple[Block, str, str]]:
    """Run a page; yield block, shown output and output obtained, where one is shown."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = blocks_of(page)
    for block, after in zip_longest(blocks, blocks[1:]):
        if block.info.startswith("file="):
            Path(block.info.removeprefix("file=")).write_text(block.text, "utf-8")
        elif block.language == "python":
            if page == OWN:  # every program there stands for itself
                namespace = {"__name__": "__main__"}
            printed = run_python(block, page, namespace)
            shows = after is not None and after.language == "text" and after.directly
            yield (after, after.text, printed) if shows else (block, "", printed)
        elif block.language == "console" and block.info != "not-run":
            yield from console_outcomes(block)


def console_outcomes(block: Block) -> Iterator[tuple[Block, str, str]]:
    for command, shown in commands_of(block):
        if command.startswith("gridagora "):
            code, printed = run_command(command)
            assert code == 0 or shown, f"{command}: exit code {code}\n{printed}"
            yield block, shown or printed, printed


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_program_of_a_page_runs_and_prints_what_the_page_shows(
    page, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for block, shown, printed in outcomes(page):
        assert says(shown, printed), (
            f"{relative(page)}:{block.line} shows\n{stripped(shown)}\n"
            f"but this was printed\n{stripped(printed)}"
        )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_prints_what_was_recorded(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(example), run_name="__main__")
    recorded = example.parent / "expected" / f"{example.stem}.txt"
    assert printed.getvalue() == recorded.read_text("utf-8")


def test_examples_are_numbered_without_gaps_and_each_has_a_record():
    numbers = [int(example.name[:2]) for example in EXAMPLES]
    assert numbers == list(range(1, len(EXAMPLES) + 1))
    recorded = {path.stem for path in (ROOT / "examples" / "expected").glob("*.txt")}
    assert recorded == {example.stem for example in EXAMPLES}


def test_the_readme_program_has_15_lines_and_is_the_first_example():
    program = next(
        block for block in blocks_of(ROOT / "README.md") if block.language == "python"
    )
    assert len([line for line in program.text.splitlines() if line.strip()]) == 15
    assert program.text in EXAMPLES[0].read_text("utf-8")


@pytest.mark.parametrize("part", ["grid", "market", "agent"])
def test_an_own_part_takes_a_complete_program_of_less_than_30_lines(part):
    program = next(
        block
        for block in blocks_of(OWN)
        if block.language == "python" and block.heading.lower().endswith(part)
    )
    assert len(program.text.splitlines()) < MOST_LINES
    assert f"(Base{part.capitalize()}):" in program.text
    assert "env.run()" in program.text or "env.iterate(" in program.text


def anchors_of(page: Path) -> set[str]:
    outside = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.S | re.M)
    names = [named[2] for named in map(_HEADING.match, outside.splitlines()) if named]
    kept = [re.sub(r"[^\w\- ]", "", name.lower()) for name in names]
    return {name.replace(" ", "-") for name in kept}


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"], ids=relative
)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.S | re.M)
    broken = []
    for link in _LINK.findall(text):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    linked = {
        (ROOT / "docs" / link.partition("#")[0]).resolve()
        for link in _LINK.findall(index)
    }
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "README.md"}
    assert {page.relative_to(ROOT).as_posix() for page in pages - linked} == set()


def test_the_reference_names_everything_public_and_nothing_else():
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    named = re.findall(r"^\| `(\w+)`", text, flags=re.MULTILINE)
    assert sorted(named) == sorted(gridagora.__all__)


def commands_below(
    group: typer.core.TyperGroup, path: str
) -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        words = f"{path} {name}"
        options = {
            option
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--")
        }
        yield words, options - {"--help"}
        if isinstance(command, typer.core.TyperGroup):
            yield from commands_below(command, words)


def test_the_command_line_page_names_every_command_and_option():
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `(.*?)`\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    said = {
        re.split(" (?:STUDY|RUN|NAME|CASE)", name)[0]: set(
            re.findall(r"^\| `(--[\w-]+)", body, re.M)
        )
        for name, body in sections.items()
    }
    assert said == dict(commands_below(command, "gridagora"))


def rows_of(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    text = page.read_text("utf-8")
    below = text[text.index(f"## {heading}\n") :]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    rows = [line.strip("|").split("|") for line in table[0].splitlines()]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_a_study_page_has_the_parameters_of_the_study(name):
    page = ROOT / "docs" / "studies" / f"{name}.md"
    table = parameters(load_study(name).config())
    expected = [
        [row.parameter, row.value, row.unit, row.origin, row.meaning]
        for row in table.itertuples()
    ]
    assert rows_of(page, "What we chose") == expected


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_a_study_page_has_the_targets_of_the_study(name):
    page = ROOT / "docs" / "studies" / f"{name}.md"
    expected = [
        [
            target.quantity,
            f"{target.expected:g}",
            f"{target.tolerance:g}",
            target.origin,
        ]
        for target in load_study(name).targets
    ]
    assert rows_of(page, "Targets") == [[str(cell) for cell in row] for row in expected]


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_a_study_page_has_the_departures_of_the_study(name):
    page = ROOT / "docs" / "studies" / f"{name}.md"
    departures = load_study(name).departures
    expected = [[one.quantity, one.printed, one.reason] for one in departures]
    assert rows_of(page, "Departures") == expected


def test_pages_keep_to_the_terms_and_make_no_tall_claims():
    forbidden = re.compile(
        r"\b(slack bus|timesteps?|powerful|seamless\w*|state-of-the-art|blazing\w*|"
        r"cutting-edge|leverag\w*|world-class)\b",
        re.IGNORECASE,
    )
    found = {
        relative(page): forbidden.findall(page.read_text("utf-8"))
        for page in PAGES
        if forbidden.search(page.read_text("utf-8"))
    }
    assert found == {}
