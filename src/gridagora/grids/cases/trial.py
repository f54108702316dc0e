"""The child process in which a case of unknown origin is compiled and solved once."""

import contextlib
import json
import os
import sys
from typing import Any

from gridagora.errors import GridagoraError, InvalidCaseError, PowerFlowError
from gridagora.grids.cases.files import CaseScript
from gridagora.grids.cases.scan import Statement
from gridagora.grids.opendss import DSS
from gridagora.grids.opendss_grid import OpenDSSGrid

_MEMORY_BYTES = 4 * 1024**3
_PROCESSOR_S = 60


def case_from_message(message: dict[str, Any]) -> CaseScript:
    """Return the case that the parent process sent."""
    return CaseScript(
        name=message["name"],
        statements=tuple(Statement(*line) for line in message["statements"]),
        trusted=True,  # in here it may do its worst
    )


def trial_faults(case: CaseScript) -> list[str]:
    """Compile and solve a case in this process and return what is wrong with it."""
    try:
        DSS(case).solve()
    except InvalidCaseError as error:
        return list(error.faults)
    except PowerFlowError as error:
        return [f"{error.problem}."]
    with contextlib.suppress(GridagoraError):  # not every circuit makes a grid
        OpenDSSGrid(case)  # ... but none may kill the process that tries
    return []


def limit_resources() -> None:
    """Take away memory, processor time and files, where the system can."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Read one case from standard input and write its faults to standard output."""
    message = json.loads(sys.stdin.read())
    limit_resources()
    faults = trial_faults(case_from_message(message))
    os.write(1, (json.dumps(faults) + "\n").encode())


if __name__ == "__main__":
    main()
