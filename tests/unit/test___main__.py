import subprocess
import sys
from importlib.metadata import version


def test_python_m_gridagora_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "gridagora", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"gridagora {version('gridagora')}\n"
