"""The two roots of every error that xstilts raises on purpose.

The command line prints such an error without a traceback and exits with the error's `exit_code`.
"""


class XstiltsError(Exception):
    """An expected failure; its message names the place, the value found and the remedy."""

    exit_code = 1


class UserError(XstiltsError):
    """What the user wrote or asked for cannot be done as it stands (exit code 2)."""

    exit_code = 2


class RunError(XstiltsError):
    """The request was sound, but carrying it out failed (exit code 1)."""

    exit_code = 1
