"""The steps of a run: what a worker is sent, and how it makes a manifest of it where it runs.

A step names what it needs by digests; paths follow from the store and the data folder of the place where it
runs, and what it was made with is recorded there.
"""

from harness.execution.steps.check import CheckStep
from harness.execution.steps.evaluate import EvaluateStep
from harness.execution.steps.forgetting import ForgettingStep
from harness.execution.steps.train import TrainStep

EntryStep = TrainStep | EvaluateStep | ForgettingStep
AnyStep = EntryStep | CheckStep
