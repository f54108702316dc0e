"""The command line as a program, with the toy study in its list."""

import toy_study  # type: ignore[import-not-found]  # it lies beside this script

from gridagora.interfaces.cli import main
from gridagora.studies.registry import STUDIES, Entry

if __name__ == "__main__":
    STUDIES["toy"] = Entry("A toy", True, lambda: toy_study.TOY)
    main()
