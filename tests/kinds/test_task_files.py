from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.config.catalogue import Catalogue
from harness.config.hyperparameters import Hyperparameters
from harness.config.load import load_sequences
from harness.config.mixture import Sampling
from harness.config.problem import SpecError
from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import read_yaml
from harness.kinds.registry import training_task
from harness.planning.identity import MemberIdentity, stage_digest
from tests.config.files import SEQUENCE, changed, write

HEAD = "name: own\ntitle: Mine\ncitation: nobody\nlicense: CC0\n"
FOLDER = "sources:\n  folder: {path: own/rows.FORMAT, format: FORMAT}\n"
SOUND = {
    "multiple_choice": "inputs: [premise, question]\nchoices: [a, b]\nlabel: right\n"
    + FOLDER.replace("FORMAT", "jsonl"),
    "span_extraction": "unanswerable: true\ndoc_stride: 64\n" + FOLDER.replace("FORMAT", "squad"),
    "tagging": "labels: [O, B-X, I-X]\nscheme: bio\n" + FOLDER.replace("FORMAT", "conll"),
    "masked_lm": "language: mul\nmask_probability: 0.2\n" + FOLDER.replace("FORMAT", "text"),
}


@dataclass(frozen=True)
class Case:
    kind: str
    change: tuple[str, str]
    key: str
    says: str


CASES = {
    "scored_by": Case(
        "tagging", ("scheme: bio", "scored_by: [xtreme_xnli]"), "scored_by[0]", "kind classification"
    ),
    "another kind's key": Case("masked_lm", ("language: mul", "labels: [a, b]"), "labels", "no key 'labels'"),
    "missing choices": Case("multiple_choice", ("choices: [a, b]\n", ""), "choices", "is missing"),
    "six choices": Case("multiple_choice", ("[a, b]", "[a, b, c, d, e, f]"), "choices", "at most 5"),
    "the same choice twice": Case("multiple_choice", ("[a, b]", "[a, a]"), "choices", "twice"),
    "label as a choice": Case("multiple_choice", ("label: right", "label: b"), "label", "also read as text"),
    "values of no input": Case(
        ("multiple_choice"),
        ("label: right", "label: right\ninput_values: {x: {y: z}}"),
        "input_values",
        "no input",
    ),
    "a table for spans": Case(
        "span_extraction", ("format: squad", "format: tsv"), "sources", "its formats are squad"
    ),
    "SQuAD for tags": Case("tagging", ("format: conll", "format: squad"), "sources", "its formats are conll"),
    "stride below zero": Case(
        "span_extraction", ("doc_stride: 64", "doc_stride: -1"), "doc_stride", "at least 0"
    ),
    "tag outside of BIO": Case("tagging", ("[O, B-X, I-X]", "[O, X]"), "scheme", "neither O nor"),
    "one tag": Case("tagging", ("[O, B-X, I-X]", "[O]"), "labels", "at least 2"),
    "the same tag twice": Case("tagging", ("[O, B-X, I-X]", "[O, O]"), "labels", "twice"),
    "everything masked": Case("masked_lm", ("0.2", "1.0"), "mask_probability", "at most 0.5"),
    "language in full": Case("masked_lm", ("language: mul", "language: english"), "language", "or mul"),
    "generated rows": Case(
        "masked_lm",
        ("folder: {path: own/rows.text, format: text}", "embedded: {corpus: mini_nli}"),
        "sources",
        "only",
    ),
    "held out from nowhere": Case(
        "masked_lm", ("language: mul", "held_out: {}"), "held_out", "a share is needed"
    ),
    "unknown kind": Case("tagging", ("kind: tagging", "kind: taging"), "kind", "did you mean 'tagging'"),
    "no kind": Case("tagging", ("kind: tagging\n", ""), "kind", "is missing"),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def text(kind: str) -> str:
    return f"{HEAD}kind: {kind}\n{SOUND[kind]}"


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_task_of_each_kind_is_read(kind: str, tmp_path: Path, catalogue: Catalogue) -> None:
    task = check_training_task(read_yaml(write(tmp_path, "own.yaml", text(kind))), catalogue.scorers)
    assert task.kind == kind
    assert task.scored_by == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_malformed_one_is_refused_with_place_and_remedy(
    case: Case, tmp_path: Path, catalogue: Catalogue
) -> None:
    path = write(tmp_path, "own.yaml", changed(text(case.kind), case.change))
    with pytest.raises(SpecError) as caught:
        check_training_task(read_yaml(path), catalogue.scorers)
    found = [problem for problem in caught.value.problems if problem.key == case.key]
    assert found and any(case.says in f"{one.message} {one.remedy}" for one in found), str(caught.value)
    assert all(problem.file == path and problem.remedy for problem in caught.value.problems)


def test_of_an_unknown_kind_the_common_keys_are_checked_all_the_same(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    changes = ("kind: tagging", "kind: parsing"), ("own/rows", "../rows")
    with pytest.raises(SpecError) as caught:
        check_training_task(
            read_yaml(write(tmp_path, "own.yaml", changed(text("tagging"), *changes))), catalogue.scorers
        )
    assert {problem.key for problem in caught.value.problems} == {"kind", "sources.folder.path"}


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("masked_lm", "cannot end with a task of kind masked_lm"),
        ("tagging", "no evaluation task can score this target"),
    ],
)
def test_a_task_that_nothing_scores_can_stand_before_a_target_but_not_be_one(
    kind: str, what: str, tmp_path: Path
) -> None:
    write(tmp_path, "tasks/own.yaml", text(kind))
    load_sequences([write(tmp_path, "trial.yaml", changed(SEQUENCE, ("[rte, pawsx]", "[rte, own]")))])
    path = write(tmp_path, "other.yaml", changed(SEQUENCE, ("[xnli]", "[own]"), ("trial", "other")))
    with pytest.raises(SpecError, match=what) as caught:
        load_sequences([path])
    assert "targets[0]" in {problem.key for problem in caught.value.problems}


def test_text_in_an_evaluated_language_is_still_zero_shot_for_its_labels(tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", changed(text("masked_lm"), ("mul", "de")))
    load_sequences([write(tmp_path, "trial.yaml", changed(SEQUENCE, ("[rte, pawsx]", "[rte, own]")))])


def test_settings_of_a_kind_enter_the_digest_and_held_out_rows_do_not() -> None:
    content = {
        "name": "own", "kind": "span_extraction", "title": "t", "citation": "c", "license": "l",
        "sources": {"folder": {"path": "a.json", "format": "squad"}},
    }  # fmt: skip

    def digest(**changes: object) -> str:
        member = MemberIdentity(training_task(content | changes), "f" * 64, Hyperparameters())
        return stage_digest("0" * 32, [member], Sampling(), Hyperparameters(), 1)

    held_out = {"folder": {"path": "b.json", "format": "squad"}}
    assert digest() == digest(held_out=held_out) == digest(doc_stride=128)
    assert digest() != digest(doc_stride=64)
