from pathlib import Path

import pytest

from harness.config.catalogue import Catalogue, find_sequence
from harness.config.load import check_files, load_sequences
from harness.config.problem import SpecError
from harness.kinds.classification.task import ClassificationTask
from harness.resources import user_folder
from tests.config.files import SEQUENCE, TASK, changed, write

XNLI = {"en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"}
PAWSX = {"en", "de", "es", "fr", "ja", "ko", "zh"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path / "home"))
    return user_folder()


@pytest.mark.parametrize(("group", "languages"), [("xtreme_xnli", XNLI), ("xtreme_pawsx", PAWSX)])
def test_a_group_has_its_languages_english_first(group: str, languages: set[str]) -> None:
    leaves = Catalogue.load().leaves(group)
    assert leaves[0].language == "en"
    assert {leaf.language for leaf in leaves} == languages
    assert len(leaves) == len(languages)


def test_a_group_of_groups_has_all_their_leaves_and_a_leaf_has_itself() -> None:
    catalogue = Catalogue.load()
    names = {leaf.name for leaf in catalogue.leaves("xtreme_classification")}
    assert len(names) == 22
    assert [leaf.name for leaf in catalogue.leaves("xtreme_xnli_sw")] == ["xtreme_xnli_sw"]
    with pytest.raises(KeyError):
        catalogue.leaves("xtreme_none")


def test_a_group_inside_itself_ends_and_an_unknown_member_is_refused(tmp_path: Path) -> None:
    leaf = "task: {0}\nmetadata: {{version: 1.0, corpus: xnli, language: {1}}}\nf: !function m.f\n"
    write(tmp_path, "de.yaml", leaf.format("t_de", "de"))
    write(tmp_path, "en.yaml", leaf.format("t_en", "en"))
    group = write(tmp_path, "g.yaml", "group: g\ntask: [t_de, g, t_en]\n")
    shipped = Catalogue.load().evaluation
    found = shipped.with_folder(tmp_path)
    assert found.groups["g"].tasks == ("t_en", "t_de")
    assert found.leaves["t_de"].labels == ("entailment", "neutral", "contradiction")
    group.write_text("group: g\ntask:\n  - t_de\n  - t_enn\n")
    (problem,) = shipped.with_folder(tmp_path).problems
    assert (problem.file, problem.line, problem.remedy[:20]) == (group, 4, "did you mean 't_en'?")


CORPUS = """\
name: own_nli
kind: classification
title: My test set
citation: nobody
license: CC0
inputs: [a, b]
label: c
labels: [contradiction, entailment, neutral]
languages: [en, de]
sources:
  folder: {path: "own/{language}.tsv", format: tsv, columns: [a, b, c], languages: {de: german}}
"""


@pytest.mark.parametrize("beside", [True, False])
def test_a_corpus_of_the_user_is_known_with_its_tasks(home: Path, tmp_path: Path, beside: bool) -> None:
    folder = tmp_path if beside else home
    write(folder, "tasks/own_nli.yaml", CORPUS)
    write(folder, "tasks/own.yaml", changed(TASK, ("[xtreme_xnli]", "[own_nli]")))
    changes = (("[xnli]", "[own]"), ("[xtreme_xnli]", "[own_nli]"))
    (loaded,) = load_sequences([write(tmp_path, "trial.yaml", changed(SEQUENCE, *changes))])
    leaves = loaded.evaluations["own"]
    assert [leaf.name for leaf in leaves] == ["own_nli_en", "own_nli_de"]
    (source,) = leaves[1].corpus.sources("de", "test").layouts
    assert source.path == "own/german.tsv"
    assert loaded.task_folders == ((tmp_path / "tasks",) if beside else ())


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (("kind: classification", "kind: classificatoin"), "kind", "did you mean 'classification'"),
        (("languages: [en, de]", "languages: [de, en]"), "languages", "English comes first"),
        (("{language}.tsv", "test.tsv"), "sources", "must occur in every source"),
        (("label: c\n", "label: a\n"), "label", "also an input"),
        (("title: My test set", "titel: My test set"), "title", "missing"),
        (("title: My test set", "title: My test set\nhold_out: 3"), "hold_out", ""),
        (("title: My test set", "title: My test set\nscored_by: [xnli]"), "scored_by", "only training tasks"),
        (
            ("title: My test set", "title: My test set\ntask_prefix: xtreme_xnli"),
            "task_prefix",
            "exists already",
        ),
        (("name: own_nli", "name: xnli"), "name", "must bear its name"),
    ],
)
def test_a_malformed_corpus_is_refused_with_its_place(
    home: Path, change: tuple[str, str], key: str, words: str
) -> None:
    path = write(home, "tasks/own_nli.yaml", changed(CORPUS, change))
    problems = [problem for problem in Catalogue.load().problems if problem.key == key]
    assert problems and problems[0].file == path
    assert words in str(problems[0])


def test_users_tasks_join_the_shipped_ones(home: Path) -> None:
    path = write(home, "tasks/own.yaml", TASK)
    catalogue = Catalogue.load()
    assert catalogue.training_tasks["own"].scored_by == ("xtreme_xnli",)
    assert catalogue.training_task_files["own"] == path
    assert {"mnli", "qqp", "qnli", "sst2", "cola", "mrpc", "rte", "xnli", "pawsx"} < set(
        catalogue.training_tasks
    )


def test_a_task_file_is_checked_with_the_corpora_of_its_folder(home: Path, tmp_path: Path) -> None:
    corpus = write(tmp_path, "tasks/own_nli.yaml", CORPUS)
    task = write(tmp_path, "tasks/own.yaml", changed(TASK, ("[xtreme_xnli]", "[own_nli]")))
    ((_, checked),) = check_files([str(task)])
    assert isinstance(checked, ClassificationTask) and checked.scored_by == ("own_nli",)
    corpus.write_text(changed(CORPUS, ("kind: classification\n", "")))
    with pytest.raises(SpecError) as caught:
        check_files([str(task)])
    found = {(problem.file, problem.key) for problem in caught.value.problems}
    assert found == {(task, "scored_by[0]"), (corpus, "kind")}


def test_a_broken_task_of_the_user_is_reported_with_the_sequence(home: Path, tmp_path: Path) -> None:
    broken = write(home, "tasks/own.yaml", changed(TASK, ("kind: classification\n", "")))
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", SEQUENCE)])
    assert [(problem.file, problem.key) for problem in caught.value.problems] == [(broken, "kind")]


def test_a_sequence_is_found_by_path_first_then_by_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_sequence("quickstart")
    assert shipped.name == "quickstart.yaml"
    registered = write(home, "sequences/mine.yaml", SEQUENCE)
    assert find_sequence("mine") == registered
    write(tmp_path, "mine", SEQUENCE)
    assert find_sequence("mine") == Path("mine")
    with pytest.raises(SpecError, match="did you mean 'quickstart'"):
        find_sequence("sequences/quikstart.yaml")


def test_a_shipped_sequence_keeps_its_name(home: Path) -> None:
    write(home, "sequences/quickstart.yaml", SEQUENCE)
    assert not find_sequence("quickstart").is_relative_to(home)
