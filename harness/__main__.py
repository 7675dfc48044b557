"""`python -m harness`: the command `xstilts`, where its script is not on the PATH."""

from harness.cli.main import main

if __name__ == "__main__":
    main()
