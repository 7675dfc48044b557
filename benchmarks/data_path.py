"""A file of MNLI's size (400,000 pairs): its rows, their fingerprint, their overlap with XNLI's 75,000."""

import random
import tempfile
from pathlib import Path

from datasets import Dataset

from benchmarks.report import Report
from harness.data.overlap import OverlapSearch
from harness.data.rows import load_training_rows
from harness.kinds.classification.dataset import classification_dataset
from harness.kinds.classification.task import ClassificationTask
from harness.kinds.fingerprint import fingerprint
from harness.kinds.sources import FolderSource, Sources

LABELS = ("entailment", "neutral", "contradiction")
LATIN, THAI = "abcdefghijklmnopqrstuvwxyz", "กขคงจชซญดตถทธนบปผพฟภมยรลวศสหอ"


def run(report: Report, repeats: int) -> None:
    draw = random.Random(1)
    words = {letters: ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(20_000)]
             for letters in (LATIN, THAI)}  # fmt: skip

    def sentence(letters: str) -> str:
        return " ".join(draw.choices(words[letters], k=17)) + "."

    premises = [sentence(LATIN) for _ in range(133_334)]
    pairs = [(premises[row // 3], sentence(LATIN)) for row in range(400_000)]
    task = ClassificationTask(
        name="big", kind="classification", title="Generated", citation="none", license="CC0-1.0",
        inputs=("a", "b"), label="label", labels=LABELS,
        sources=Sources(folder=FolderSource(path="big.tsv", format="tsv", columns=("a", "b", "label"))),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        lines = (f"{a}\t{b}\t{LABELS[row % 3]}\n" for row, (a, b) in enumerate(pairs))
        (Path(folder) / "big.tsv").write_text("".join(lines), encoding="utf-8")
        training = load_training_rows(task, data_dir=Path(folder)).dataset
        report.measured("400,000 rows: read, label, fingerprint",
                 lambda: load_training_rows(task, data_dir=Path(folder)), repeats)  # fmt: skip
    evaluation = _evaluation([sentence(THAI if row % 2 else LATIN) for row in range(150_000)])
    report.measured("400,000 rows: fingerprint", lambda: fingerprint(training, LABELS), repeats)
    report.measured("400,000 rows against 75,000: overlap",
                    lambda: OverlapSearch(evaluation).find(training), repeats)  # fmt: skip


def _evaluation(sentences: list[str]) -> Dataset:
    return classification_dataset(sentences[::2], sentences[1::2], [0] * (len(sentences) // 2))
