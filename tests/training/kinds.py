"""A tiny task of each kind other than classification, learnable from the rows that `write_kinds` draws."""

import json
import random
from pathlib import Path
from typing import Any

from harness.kinds.registry import TrainingTask, training_task

from .models import WORDS

FOLDERS = {
    "multiple_choice": "choice_scorer",
    "span_extraction": "span_extractor",
    "tagging": "tagger",
    "masked_lm": "language_model",
}
_FILES = {
    "multiple_choice": ("jsonl", {"inputs": ["asked"], "choices": ["a", "b", "c"], "label": "right"}),
    "span_extraction": ("squad", {"unanswerable": True, "doc_stride": 6}),
    "tagging": ("conll", {"scheme": "bio"}),
    "masked_lm": ("text", {}),
}


def kind_task(kind: str, **changed: Any) -> TrainingTask:
    """The tiny task of a kind; its training rows are also its held-out rows."""
    form, fields = _FILES[kind]
    file: dict[str, Any] = {"path": f"tiny/{kind}.{form}", "format": form}
    if kind == "tagging":
        file["columns"] = ["words", "tags"]
    described = {"name": "tiny", "kind": kind, "title": "Tiny", "citation": "none", "license": "CC0"}
    sources = {"sources": {"folder": file}, "held_out": {"folder": file}}
    return training_task(described | sources | fields | changed)


def write_kinds(data_dir: Path, rows: int) -> None:
    """Write the rows of every kind below the data folder."""
    draw = random.Random(11)
    folder = data_dir / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    choices, questions, sentences, texts = [], [], [], []
    for row in range(rows):
        words = draw.choices(WORDS, k=draw.randint(4, 50 if row % 5 == 0 else 12))
        right = draw.randrange(3)
        candidates = [words[0] if at == right else draw.choice(WORDS) for at in range(3)]
        choices.append(
            {"asked": " ".join(words)} | dict(zip("abc", candidates, strict=True)) | {"right": right}
        )
        questions.append(_question(draw, words, row))
        sentences.append("".join(f"{word}\t{_tag(word)}\n" for word in words))
        texts.append(" ".join(draw.choices(WORDS[:3], k=len(words))))
    (folder / "multiple_choice.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in choices))
    data = {"data": [{"title": "", "paragraphs": questions}]}
    (folder / "span_extraction.squad").write_text(json.dumps(data))
    (folder / "tagging.conll").write_text("\n".join(sentences))
    (folder / "masked_lm.text").write_text("\n".join(texts) + "\n")


def _question(draw: random.Random, words: list[str], row: int) -> dict[str, Any]:
    at = draw.randrange(len(words))
    context = " ".join(words)
    start = len(" ".join(words[:at])) + (at > 0)
    answers = [{"text": words[at], "answer_start": start}] if row % 4 else []
    question = words[at] if answers else "word0 word1"
    return {
        "context": context,
        "qas": [{"id": str(row), "question": question, "answers": answers, "is_impossible": not answers}],
    }


def _tag(word: str) -> str:
    number = int(word.removeprefix("word"))
    return ("O", "B-ODD", "B-EVEN", "I-ODD")[number % 4]
