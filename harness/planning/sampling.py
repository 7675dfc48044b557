"""The shares of a mixture's tasks, and how long its epoch is."""

from collections.abc import Mapping

from harness.config.mixture import Sampling


def sampling_rates(sampling: Sampling, examples: Mapping[str, int]) -> dict[str, float]:
    """Return the sampling probability of each task; they sum to 1.

    Args:
        sampling: The rule; its formula and source are in `harness.config.mixture.Sampling`.
        examples: Task -> its examples e, at least 1.
    """
    if sampling.weights is not None:
        sizes = {task: sampling.weights[task] for task in examples}
    else:
        sizes = {
            task: min(count, sampling.cap or count) ** (1 / sampling.temperature)
            for task, count in examples.items()
        }
    total = sum(sizes.values())
    return {task: size / total for task, size in sizes.items()}


def epoch_examples(sampling: Sampling, examples: Mapping[str, int]) -> int:
    """Return the examples of one epoch: those of all tasks, of each at most `cap`."""
    return sum(min(count, sampling.cap or count) for count in examples.values())


def describe(sampling: Sampling) -> str:
    """Return the rule as a plan shows it."""
    if sampling.weights is not None:
        return "weights " + ", ".join(f"{task} {weight:g}" for task, weight in sampling.weights.items())
    words = ["examples-proportional"]
    if sampling.cap is not None:
        words.append(f"cap {sampling.cap:,}")
    if sampling.temperature != 1:
        words.append(f"temperature {sampling.temperature:g}")
    return ", ".join(words)
