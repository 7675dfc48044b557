"""How plans and leaderboards name stages: with the languages that are not English, and what mixtures hold."""

from harness.config.load import LoadedSequence
from harness.plan.sampling import in_words


def shown_name(loaded: LoadedSequence, name: str) -> str:
    """Return a training task's or mixture's name, with the languages of its rows unless all are English."""
    languages = dict.fromkeys(task.language for task in loaded.members(name).values())
    return name if set(languages) == {"en"} else f"{name} [{', '.join(languages)}]"


def mixtures_in_words(loaded: LoadedSequence) -> dict[str, str]:
    """Return what each mixture of a sequence file holds, and how its tasks are drawn."""
    return {
        name: " + ".join(shown_name(loaded, task) for task in mixture.tasks)
        + f" ({in_words(mixture.sampling)})"
        for name, mixture in loaded.spec.mixtures.items()
    }
