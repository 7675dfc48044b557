"""xstilts: how the order of English intermediate tasks changes zero-shot cross-lingual performance."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import evaluate, load, plan, publish, run
    from harness.report.leaderboard import Leaderboard, read_leaderboard

__version__ = "0.2.0"
__all__ = ["Leaderboard", "__version__", "evaluate", "load", "plan", "publish", "read_leaderboard", "run"]

_HOMES = {"Leaderboard": "harness.report.leaderboard", "read_leaderboard": "harness.report.leaderboard"}
_HOMES |= dict.fromkeys(("evaluate", "load", "plan", "publish", "run"), "harness.api")


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import harness` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Name what the package offers, also before it is imported."""
    return sorted({*globals(), *__all__})
