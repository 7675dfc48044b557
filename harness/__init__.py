"""xstilts: how the order of English intermediate tasks changes zero-shot cross-lingual performance."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api.evaluation import evaluate
    from harness.api.experiment import load, plan, publish, run
    from harness.report.leaderboard import Leaderboard, read_leaderboard

__version__ = "0.2.0"
__all__ = ["Leaderboard", "__version__", "evaluate", "load", "plan", "publish", "read_leaderboard", "run"]

_HOMES = {"evaluate": "harness.api.evaluation"}
_HOMES |= dict.fromkeys(("load", "plan", "publish", "run"), "harness.api.experiment")
_HOMES |= dict.fromkeys(("Leaderboard", "read_leaderboard"), "harness.report.leaderboard")


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import harness` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Name what the package offers, also before it is imported."""
    return sorted({*globals(), *__all__})
