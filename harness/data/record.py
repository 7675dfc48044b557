"""Which rows were used, as manifests and leaderboards record it."""

from harness.data.evaluation_rows import EvaluationRows
from harness.data.rows import TrainingRows
from harness.frozen_model import FrozenModel
from harness.kinds.columns import RowCount


class DataRecord(FrozenModel):
    """The rows that were used.

    Attributes:
        rows: Their number, without those that were dropped.
        dropped: Rows of the source that were left out since they are also evaluation rows.
        whole_fingerprint: Fingerprint of all rows of the source, where some were dropped.
        counted: What of the source was left out, moved or is not as it should be.
    """

    source: str
    revision: str | None
    fingerprint: str
    rows: int
    dropped: int = 0
    whole_fingerprint: str | None = None
    counted: tuple[RowCount, ...] = ()

    @classmethod
    def of(cls, rows: TrainingRows | EvaluationRows) -> "DataRecord":
        """Return the record of loaded rows."""
        return cls(
            source=rows.source,
            revision=rows.revision,
            fingerprint=rows.fingerprint,
            rows=len(rows.dataset),
            dropped=len(rows.dropped) if isinstance(rows, TrainingRows) else 0,
            whole_fingerprint=rows.whole_fingerprint if isinstance(rows, TrainingRows) else None,
            counted=rows.counted,
        )
