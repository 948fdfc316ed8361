"""`python -m converters`: the command line, where the installed `convert` is not on the path."""

from __future__ import annotations

from converters.cli.main import main

if __name__ == "__main__":
    main()
