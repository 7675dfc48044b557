"""xstilts: how the order of English intermediate tasks changes zero-shot cross-lingual accuracy."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.report.leaderboard import Leaderboard, read_leaderboard

__version__ = "0.1.0"
__all__ = ["Leaderboard", "__version__", "read_leaderboard"]


def __getattr__(name: str) -> Any:
    """Import what reads leaderboards when it is asked for, so that `import harness` stays light."""
    if name not in ("Leaderboard", "read_leaderboard"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.report import leaderboard

    return getattr(leaderboard, name)
