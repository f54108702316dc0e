"""Every command of ``gridagora``; what a command needs is imported when it runs."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gridagora.errors import GridagoraError

_USAGE_EXIT = 2
_INTERRUPT_EXIT = 130
_PIPE_EXIT = 141  # what a shell shows for a program whose reader went away


class _Group(TyperGroup):
    """Turns our errors into one line and an exit code; bugs keep their traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            returned = super().invoke(ctx)
            sys.stdout.flush()  # here, where a reader that went away can be noticed
        except GridagoraError as error:
            _complain(error)
            raise typer.Exit(_USAGE_EXIT) from error
        except BrokenPipeError as error:
            # the interpreter would complain again when it flushes at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_PIPE_EXIT) from error
        except KeyboardInterrupt as error:
            _complain(error)
            raise typer.Exit(_INTERRUPT_EXIT) from error
        return returned


app = typer.Typer(
    name="gridagora",
    cls=_Group,
    help="Distribution electricity markets with trainable agents, on real feeders.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
grids_app = typer.Typer(
    help="List the shipped feeders, or solve and draw one.",
    rich_markup_mode=None,
    invoke_without_command=True,
)
app.add_typer(grids_app, name="grids")

Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="The run folder.")
]
Processes = Annotated[
    int, typer.Option("--processes", "-j", min=1, help="Worker processes.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def run_app(arguments: Sequence[str] | None) -> None:
    """Run the application in one BLAS thread and leave with its exit code."""
    from gridagora.interfaces.blas import set_one_blas_thread

    set_one_blas_thread()
    app(args=None if arguments is None else list(arguments))


def _complain(error: BaseException) -> None:
    """Print an exception and its notes as one line."""
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    line = " ".join(["gridagora:", str(error) or "stopped", *notes])
    print(" ".join(line.split()), file=sys.stderr)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - a typer callback
    if wanted:
        from importlib.metadata import version

        print(f"gridagora {version('gridagora')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Hold the options of ``gridagora`` itself."""


@app.command()
def run(  # noqa: PLR0913 - each argument is one option
    what: Annotated[str, typer.Argument(metavar="STUDY|FILE", help="What to run.")],
    *,
    seed: Annotated[int | None, typer.Option(help="Root of all randomness.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one parameter."),
    ] = None,
    out: Out = None,
    processes: Processes = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run that is there.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the finished cells of a stopped run.")
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Make no figures and no report.")
    ] = False,
    quiet: Quiet = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 if a target is missed.")
    ] = False,
) -> None:
    """Run a study, by its name or from a YAML or JSON file with its parameters."""
    from gridagora.interfaces.cli import commands

    missed = commands.run(
        what,
        commands.parse(seed, settings or []),
        commands.RunOptions(
            out=out,
            processes=processes,
            existing=commands.choose_existing(force=force, resume=resume),
            report=not no_report,
            quiet=quiet,
        ),
    )
    if check and missed:
        raise typer.Exit(1)


@app.command()
def reproduce(
    study: Annotated[str, typer.Argument(help="Name of the study.")] = "",
    *,
    listing: Annotated[
        bool, typer.Option("--list", help="Name the studies that have targets.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Out = None,
    processes: Processes = 1,
    quiet: Quiet = False,
) -> None:
    """Run a study as published and compare it with its targets.

    Exits 1 if a target is missed.
    """
    from gridagora.interfaces.cli import commands

    if listing:
        commands.list_targets()
    elif not study:
        message = "name a study, or use --list."
        raise typer.BadParameter(message, param_hint="STUDY")
    elif commands.reproduce(study, out, processes, as_json=as_json, quiet=quiet):
        raise typer.Exit(1)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
) -> None:
    """Make the figures and the report of a run folder again."""
    from gridagora.interfaces.cli import commands

    commands.report(folder)


@app.command()
def studies() -> None:
    """List the studies."""
    from gridagora.interfaces.cli import commands

    commands.list_studies()


@app.command()
def schema(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
) -> None:
    """Print the JSON schema of the parameters of a study."""
    from gridagora.interfaces.cli import commands

    commands.print_schema(study)


@app.command()
def convert(
    case: Annotated[
        Path, typer.Argument(metavar="CASE", help="MATPOWER .m or pandapower .json.")
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT.yaml", help="The study file to write.")
    ],
    *,
    value_per_kwh: Annotated[
        float | None,
        typer.Option("--value-per-kwh", help="What a kWh of firm load is worth."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file that is there.")
    ] = False,
) -> None:
    """Turn a power system case into a file for the study self-play-case."""
    from gridagora.interfaces.cli import convert_command

    convert_command.convert(case, out, value_per_kwh=value_per_kwh, force=force)


@grids_app.callback()
def grids(ctx: typer.Context) -> None:
    """List the shipped feeders, or solve and draw one."""
    if ctx.invoked_subcommand is None:
        from gridagora.interfaces.cli import grid_commands

        grid_commands.list_feeders()


@grids_app.command()
def show(
    feeder: Annotated[
        str, typer.Argument(metavar="NAME|FILE.dss", help="Feeder or OpenDSS case.")
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Map: .html, .png, .svg or .pdf."),
    ] = None,
    color: Annotated[
        str, typer.Option("--color", help="What the buses show: voltage or loading.")
    ] = "voltage",
) -> None:
    """Solve a feeder, print its state, and draw its map."""
    from gridagora.interfaces.cli import grid_commands

    grid_commands.show(feeder, out, color)
