"""The two roots of every error that xstilts raises on purpose.

The command line prints such an error without a traceback and exits with the error's `exit_code`.
"""

from typing import ClassVar


class XstiltsError(Exception):
    """An expected failure; its message names the place, the value found and the remedy.

    Attributes:
        page: The page of docs/ that explains it, where one does.
    """

    exit_code = 1
    page: ClassVar[str | None] = None


class InterruptedRunError(BaseException):
    """A signal stops the command; what is finished is kept, and so is the resume point of the current stage.

    No `Exception`: nothing that retries or goes on after an error may take it for one.
    """

    def __init__(self, number: int) -> None:
        super().__init__("stopped; the same command goes on from here")
        self.exit_code = 128 + number


class UserError(XstiltsError):
    """What the user wrote or asked for cannot be done as it stands (exit code 2)."""

    exit_code = 2


class RunError(XstiltsError):
    """The request was valid, but carrying it out failed (exit code 1)."""

    exit_code = 1


class StepInterruptedError(RunError):
    """A step was asked to end before it was finished.

    Attributes:
        saved: Optimizer steps that its resume point holds; None where it begins anew.
    """

    def __init__(self, saved: int | None = None) -> None:
        super().__init__("asked to end" if saved is None else f"asked to end; {saved:,} steps are saved")
        self.saved = saved
