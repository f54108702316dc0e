"""The command ``gridagora``."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: The words after ``gridagora``; None takes them from the system.
    """
    from gridagora.interfaces.cli.app import run_app  # heavy: only when it is run

    run_app(arguments)
