"""``python -m gridagora`` is ``gridagora``."""

from gridagora.interfaces.cli import main

if __name__ == "__main__":  # workers import this module under another name
    main()
