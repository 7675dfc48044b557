"""The kinds of entries that runs leave in a store."""

from typing import Any

from harness.evaluation.job import EVALUATIONS
from harness.store.manifest import EntryKind
from harness.training.manifest import FORGETTING, STAGES

ENTRY_KINDS: tuple[EntryKind[Any], ...] = (STAGES, EVALUATIONS, FORGETTING)
