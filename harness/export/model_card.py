"""The model card of a published row: what the checkpoint is, what it was trained on, and how well it does.

The results also stand in the card's metadata in the hub's `model-index` format
(https://huggingface.co/docs/hub/model-cards#evaluation-results), so that the hub can show them.
"""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData
from tabulate import tabulate

from harness.report.publication import Publication
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import RowStatistics
from harness.reproduction.published_row import PublishedRow
from harness.results.data_use import NOT_STATED

LEADERBOARD = "leaderboard"
"""The folder of a model's repository that holds its leaderboard."""
_TASK_TYPES = {
    "accuracy": "text-classification",
    "exact_match": "question-answering",
    "answer_f1": "question-answering",
    "mlqa_f1": "question-answering",
    "span_f1": "token-classification",
    "tag_chunk_f1": "token-classification",
}
"""Metric -> the hub's name for what it is mostly computed of."""


@dataclass(frozen=True)
class ModelCard:
    """What the card of a row is written from."""

    publication: Publication
    row: PublishedRow
    repository: str

    def text(self) -> str:
        """Return the card: YAML metadata, then markdown."""
        return f"---\n{self._metadata()}\n---\n\n{self._body()}"

    @property
    def _statistics(self) -> RowStatistics:
        table = self.publication.of(SCORES, self.row.row.target)
        assert table is not None  # the row was found in it
        return next(row for row in table.rows if row.sequence == self.row.row.sequence)

    def _metadata(self) -> str:
        board, result, target = self.row.board, self.row.result, self.row.row.target
        headline = board.metrics[target][0]
        made = self.row.provenance
        results = [
            EvalResult(
                task_type=_TASK_TYPES.get(headline.name, "other"),
                dataset_type=column.corpus,
                dataset_name=f"{column.title or column.corpus} ({column.language})",
                dataset_config=column.language,
                dataset_split=made.split,
                metric_type=headline.name,
                metric_name=headline.title,
                metric_value=result.scores[column.task],
            )
            for column in board.languages[target]
            if column.task in result.scores
        ]
        return ModelCardData(
            base_model=made.model if _is_hub_id(made.model) else None,
            language=sorted({"en", *(column.language for column in board.languages[target])}),
            library_name="transformers",
            tags=["xstilts", "intermediate-task-training", "cross-lingual-transfer", *self._trial_tag()],
            model_name=self.repository.split("/")[-1],
            eval_results=results,
            metrics=[metric.name for metric in board.metrics[target]],
        ).to_yaml()

    def _trial_tag(self) -> list[str]:
        return ["trial"] if self.row.board.trial_note else []

    def _body(self) -> str:
        board, row, made = self.row.board, self.row.row, self.row.provenance
        own = (row.target,) if board.is_trained(row.target) else ()
        trained = f"fine-tuned on {', then on '.join((*row.order, *own))}" if row.order or own else "as it is"
        revision = f", revision {made.model_revision}" if made.model_revision else ""
        page = f"[{LEADERBOARD}/{board.name}.md]({LEADERBOARD}/{board.name}.md)"
        parts = [
            f"# {row.sequence}",
            f"`{_shown_model(made.model)}`{revision}, {trained} (seed "
            f"{self.row.result.seed}) by xstilts; {board.trained_and_scored(row.target)}.",
            f"**{board.trial_note}**" if board.trial_note else "",
            f"One run of the leaderboard {page}, which has all other orders and seeds, the tests between "
            "them, and every answer. `xstilts verify` recomputes its numbers, `xstilts reproduce` trains "
            "this row again.",
            "## Scores",
            self._scores(),
            "## Trained on",
            self._data(),
            "## How it was made",
            f"- Command: `{made.command}`\n- Created: {made.created[:10]}\n- Hardware: {made.hardware}\n"
            f"- DeepSpeed: {made.deepspeed}\n- Stage: `{self.row.result.stage_digest}`",
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _scores(self) -> str:
        board, target, found = self.row.board, self.row.row.target, self._statistics
        metric = board.metrics[target][0]
        scale = metric.scale
        rows = [
            [
                column.language,
                scale.value(self.row.result.scores[column.task]),
                self.row.result.items[column.task],
            ]
            for column in board.languages[target]
            if column.task in self.row.result.scores
        ]
        table = tabulate(
            rows, ["language", f"{metric.phrase}", "items"], tablefmt="github", disable_numparse=True
        )
        if found.average is None:
            return table
        spread = "" if found.average.sd is None else f" ± {scale.value(found.average.sd)}"
        interval = found.average_interval
        between = (
            f" (95% interval over seeds and items {scale.value(interval.low)} to "
            f"{scale.value(interval.high)})"
            if interval
            else ""
        )
        average = f"Average over {found.average.n} seeds: {scale.value(found.average.mean)}{spread}{between}."
        return f"{table}\n\n{average}"

    def _data(self) -> str:
        names = {*self.row.row.order, self.row.row.target}
        used = [use for use in self.row.board.data if use.role == "training" and use.name in names]
        rows = [
            [use.name, use.title or "", "" if use.rows is None else f"{use.rows:,}", use.source,
             "" if use.license in (None, NOT_STATED) else use.license]
            for use in used
        ]  # fmt: skip
        return tabulate(
            rows, ["task", "data set", "rows", "source", "license"], tablefmt="github", disable_numparse=True
        )


def _is_hub_id(model: str) -> bool:
    return not model.startswith(("embedded:", "/", ".", "~"))


def _shown_model(model: str) -> str:
    """Return a model's name; of a local folder its last part, as the others name a place of one machine."""
    return model if _is_hub_id(model) or model.startswith("embedded:") else Path(model).name
