"""A mixture: several training tasks in one stage, with one encoder and a head for each."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from harness.frozen_model import FrozenModel
from harness.kinds.sources import Name, require_distinct


class Sampling(FrozenModel):
    """How often each task of a mixture is drawn.

    Of the e examples that a task has, with cap K and temperature T, its share r is in proportion to
    min(e, K)^(1/T), and all shares sum to 1. T = 1 is examples-proportional mixing (without K, in
    proportion to the size; K keeps the largest tasks from drowning the others), a high T comes near to equal
    shares. Raffel et al. 2020, section 3.5.2 (https://jmlr.org/papers/v21/20-074.html). `weights` gives the
    shares outright, in proportion.
    """

    cap: int | None = Field(
        None, ge=1, le=10**12, description="K: a task counts as having at most this many examples."
    )
    temperature: float = Field(
        1.0, ge=1, le=1e6, allow_inf_nan=False, description="T: 1 keeps the proportions, more evens them out."
    )
    weights: dict[Name, Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]] | None = Field(
        None, description="Task -> its share, in proportion; takes the place of cap and temperature."
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.weights is not None and (self.cap is not None or self.temperature != 1):
            raise ValueError("weights give the shares outright; leave cap and temperature out")
        return self


class Mixture(FrozenModel):
    """Training tasks of any kinds that one stage trains together.

    Each optimizer step's batch is of one task, sampled with the probabilities that `sampling` sets (as in
    MT-DNN; Liu et al. 2019, https://aclanthology.org/P19-1441, algorithm 1). An epoch is as many
    examples as the tasks have together, each at most `cap`.
    """

    tasks: tuple[Name, ...] = Field(
        min_length=2,
        max_length=100,
        description="The training tasks; of their own per_task settings, max_length and train_rows hold.",
    )
    sampling: Sampling = Field(Sampling(), description="How often each task is drawn.")

    @field_validator("tasks")
    @classmethod
    def _tasks_are_distinct(cls, tasks: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(tasks, "the task")
        return tasks

    @model_validator(mode="after")
    def _weights_of_all_tasks(self) -> Self:
        weighed = set(self.sampling.weights or self.tasks)
        if weighed != set(self.tasks):
            wrong = sorted(weighed ^ set(self.tasks))[0]
            what = "has no weight" if wrong in self.tasks else "has a weight and is not in the mixture"
            raise ValueError(f"the task {wrong!r} {what}; weights are given for exactly its tasks")
        return self
