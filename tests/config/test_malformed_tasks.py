"""Malformed training task files: each is refused with file, line, key, what was found and a remedy."""

from pathlib import Path

import pytest

from harness.config.catalogue import Catalogue
from harness.config.load import load_sequences
from harness.config.problem import SpecError
from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import read_yaml
from tests.config.files import SEQUENCE, TASK, Case, assert_refused, changed, write

CASES = {
    "unknown key": Case(("citation:", "citaton:"), 4, "citaton", "citaton", "did you mean 'citation'?"),
    "missing kind": Case(("kind: classification\n", ""), 1, "kind", "nothing", "add `kind: …`"),
    "another name than the file's": Case(("name: own", "name: other"), 1, "name", "other", "rename the file"),
    "a list as the kind": Case(("kind: classification", "kind: []"), 2, "kind", "[]", "text"),
    "unknown kind": Case(("classification", "ranking"), 2, "kind", "ranking", "classification"),
    "YAML's no for Norwegian": Case(("language: en", "language: no"), 6, "language", "no", '("no")'),
    "language in full": Case(
        ("language: en", "language: English"), 6, "language", "English", "two lower-case"
    ),
    "three inputs": Case(("[premise, hypothesis]", "[a, b, c]"), 7, "inputs", "['a'", "at most 2"),
    "the same input twice": Case(("[premise, hypothesis]", "[a, a]"), 7, "inputs", "['a', 'a']", "twice"),
    "label as an input": Case(("label: label", "label: premise"), 8, "label", "premise", "also an input"),
    "one label": Case(
        ("[entailment, neutral, contradiction]", "[yes_it_is]"), 9, "labels", "yes_it_is", "at least 2"
    ),
    "numbers as labels": Case(
        ("[entailment, neutral, contradiction]", "[entailment, neutral, 2]"), 9, "labels[2]", "2", "quote it"
    ),
    "the same label twice": Case(
        ("[entailment, neutral, contradiction]", "[neutral, entailment, neutral]"),
        9,
        "labels",
        "neutral",
        "twice",
    ),
    "value of no label": Case(
        ("scored_by:", "label_values: {0: entails}\nscored_by:"),
        10,
        "label_values",
        "entails",
        "no label of this task",
    ),
    "unknown scorer": Case(
        ("[xtreme_xnli]", "[xtreme_xnly]"), 10, "scored_by[0]", "xtreme_xnly", "mean 'xtreme_xnli'?"
    ),
    "labels other than the scorer's": Case(
        ("[entailment, neutral, contradiction]", "[entails, neutral, contradiction]"),
        10,
        "scored_by[0]",
        "xtreme_xnli",
        "did you mean 'entailment'?",
    ),
    "two classes against the scorer's three": Case(
        ("[entailment, neutral, contradiction]", "[entailment, contradiction]"),
        10,
        "scored_by[0]",
        "xtreme_xnli",
        "contradiction, entailment, neutral",
    ),
    "no source": Case(
        ("\n  folder: {path: own/train.tsv, format: tsv}", " {}"), 11, "sources", "{}", "at least one of"
    ),
    "path out of the folder": Case(
        ("own/train.tsv", "../own/train.tsv"), 12, "sources.folder.path", "../own", "below the data folder"
    ),
    "absolute path": Case(
        ("own/train.tsv", "/own/train.tsv"), 12, "sources.folder.path", "/own", "no absolute path"
    ),
    "home folder": Case(
        ("own/train.tsv", "~/train.tsv"), 12, "sources.folder.path", "~/", "no absolute path"
    ),
    "unknown format": Case(("format: tsv", "format: xlsx"), 12, "sources.folder.format", "xlsx", "tsv, csv"),
    "unknown kind of source": Case(
        ("folder: {", "foldr: {"), 12, "sources.foldr", "foldr", "did you mean 'folder'?"
    ),
    "unknown corpus": Case(
        ("folder: {path: own/train.tsv, format: tsv}", "embedded: {corpus: mini_nly}"),
        12,
        "sources.embedded.corpus",
        "mini_nly",
        "did you mean 'mini_nli'?",
    ),
    "rows as text": Case(("language: en", "expected_rows: many"), 6, "expected_rows", "many", "whole number"),
    "no row": Case(("language: en", "expected_rows: 0"), 6, "expected_rows", "0", "at least 1"),
    "not YAML": Case(("label: label", "label: [label"), 9, "", "", "brackets"),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_is_refused_with_place_value_and_remedy(case: Case, tmp_path: Path, catalogue: Catalogue) -> None:
    path = write(tmp_path, "own.yaml", changed(TASK, case.change))
    assert_refused(case, path, lambda file: check_training_task(read_yaml(file), catalogue.scorers))


def test_the_unchanged_task_is_sound_and_labels_may_stand_in_another_order(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    reordered = ("[entailment, neutral, contradiction]", "[contradiction, neutral, entailment]")
    path = write(tmp_path, "own.yaml", changed(TASK, reordered))
    task = check_training_task(read_yaml(path), catalogue.scorers)
    assert task.labels == ("contradiction", "neutral", "entailment")
    untitled = write(tmp_path, "own.yaml", changed(TASK, ("title: My task\n", "")))
    assert check_training_task(read_yaml(untitled), catalogue.scorers).title == "own"


def test_a_task_beside_the_sequence_file_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", TASK)
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("[rte, pawsx]", "[rte, own]")))
    (loaded,) = load_sequences([path])
    assert loaded.tasks["own"].title == "My task"


def test_problems_of_a_task_beside_the_sequence_file_come_with_those_of_the_file(tmp_path: Path) -> None:
    task = write(tmp_path, "tasks/own.yaml", changed(TASK, ("label: label", "label: premise")))
    changes = ("[rte, pawsx]", "[rte, own]"), ("seeds: [1, 2]", "seeds: 5")
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, *changes))
    with pytest.raises(SpecError) as caught:
        load_sequences([path])
    assert [(problem.file, problem.key) for problem in caught.value.problems] == [
        (path, "seeds"),
        (task, "label"),
    ]


def test_a_task_cannot_take_the_name_of_a_shipped_one(tmp_path: Path) -> None:
    task = write(tmp_path, "tasks/mnli.yaml", changed(TASK, ("name: own", "name: mnli")))
    path = write(tmp_path, "trial.yaml", SEQUENCE)
    with pytest.raises(SpecError, match="another name") as caught:
        load_sequences([path])
    assert [problem.file for problem in caught.value.problems] == [task]


@pytest.mark.parametrize("place", ["intermediates", "targets"])
def test_training_rows_in_an_evaluated_language_are_refused(place: str, tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", changed(TASK, ("language: en", "language: de")))
    old, new = {"intermediates": ("[rte, pawsx]", "[rte, own]"), "targets": ("[xnli]", "[own]")}[place]
    text = changed(SEQUENCE, (old, new))
    with pytest.raises(SpecError, match="zero-shot") as caught:
        load_sequences([write(tmp_path, "trial.yaml", text)])
    assert [(problem.line, problem.found) for problem in caught.value.problems] == [
        (3 if place == "intermediates" else 5, "'own'")
    ]
    # Without that language among the evaluated ones there is nothing to say against it.
    load_sequences([write(tmp_path, "trial.yaml", changed(text, ("[xtreme_xnli]", "[xtreme_xnli_en]")))])


@pytest.mark.parametrize(
    ("source", "split"),
    [
        ("hub: {repository: facebook/xnli, config: en, split: test}", "test"),
        ('hub: {repository: facebook/xnli, config: en, split: "train+test[:10%]"}', "test"),
        ("folder: {path: xtreme/xnli/test-en.tsv, format: tsv}", "test"),
        ("folder: {path: xtreme/xnli/dev-en.tsv, format: tsv}", "validation"),
    ],
)
def test_training_on_the_evaluated_split_is_refused(source: str, split: str, tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", changed(TASK, ("folder: {path: own/train.tsv, format: tsv}", source)))
    text = changed(SEQUENCE, ("[xnli]", "[own]"), ("split: test", f"split: {split}"))
    with pytest.raises(SpecError, match=f"trains on the {split} split") as caught:
        load_sequences([write(tmp_path, "trial.yaml", text)])
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [(5, "targets[0]")]
