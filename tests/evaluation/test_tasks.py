import random

import pytest
import yaml
from lm_eval.api.group import Group
from lm_eval.config.group import AggMetricConfig

from harness.evaluation.corpus_tasks import lm_eval_entries
from harness.evaluation.groups import with_right_average
from harness.evaluation.task_manager import EvaluationTaskManager
from harness.resources import shipped
from tests.corpora import CORPORA
from tests.end_to_end.miniature import write_files

from . import models

FOLDER = shipped("tasks") / "evaluation"
LEAVES = {"xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 11, "mlqa": 7, "tydiqa": 9} | {
    "bucc2018": 4,
    "tatoeba": 36,
}
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.parent.name != "corpora")


def test_every_shipped_task_loads_in_plain_lm_eval(tmp_path):
    from lm_eval.tasks import TaskManager

    for corpus in CORPORA.values():
        for language in corpus.languages:
            layouts = corpus.sources(language, "test").layouts
            for file in [layout for layout in layouts if not layout.only][:1]:
                write_files(corpus.task, file, tmp_path, random.Random(language))
    manager = TaskManager(
        include_defaults=False, include_path=str(FOLDER), metadata={"data_dir": str(tmp_path)}
    )
    assert len(manager.all_tasks) == len(FILES)
    for name in manager.all_subtasks:
        (task,) = manager.load([name])["tasks"].values()
        document = task.eval_docs[0]
        labels = list(CORPORA[task.config.metadata["corpus"]].labels)
        if task.OUTPUT_TYPE == "multiple_choice":
            choices = task.doc_to_choice(document)
            assert choices == (labels or document["choices"]), name
            assert 0 <= task.doc_to_target(document) < len(choices), name
        else:
            assert task.doc_to_target(document) == document["reference"], name
        assert document["text_a"] in task.doc_to_text(document), name
        assert task.config.num_fewshot == 0, name


def named(value):
    """Functions as their names: lm-eval's index has `FOLDER/MODULE.NAME` of those that a file names."""
    if isinstance(value, dict):
        return {key: named(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner) for inner in value]
    if callable(value):
        return f"{value.__module__}.{value.__name__}"
    return value.rsplit("/", 1)[-1] if isinstance(value, str) else value


def test_a_corpus_gives_the_tasks_that_its_files_for_lm_eval_define(xtreme):
    shipped = EvaluationTaskManager(include_defaults=False).task_index
    for corpus in CORPORA.values():
        for entry in lm_eval_entries(corpus):
            on_disk, derived = shipped[entry.name].cfg, dict(entry.cfg)
            assert named(on_disk) == named(derived), entry.name


def test_leaves_say_themselves_what_the_catalogue_needs():
    for path in FILES:
        # No lm-eval tag in them, so that plain YAML readers can read them.
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert path.stem == content.get("group", content["task"])
        if "group" not in content:
            assert set(content["metadata"]) == {"version", "corpus", "language"}
            assert content["task"].endswith("_" + content["metadata"]["language"])


def test_groups_hold_xtremes_languages_english_first():
    manager = EvaluationTaskManager(include_defaults=False)
    assert manager.leaves("xtreme_xnli") == tuple(f"xtreme_xnli_{name}" for name in models.XNLI_LANGUAGES)
    assert manager.leaves("xtreme_pawsx") == tuple(f"xtreme_pawsx_{name}" for name in models.PAWSX_LANGUAGES)
    counts = {name: len(manager.leaves(f"xtreme_{name}")) for name in LEAVES}
    assert counts == LEAVES
    assert len(manager.leaves("xtreme_classification")) == 22
    assert len(manager.leaves("xtreme")) == sum(LEAVES.values())


def test_texts_are_unique_within_a_task(xtreme):
    manager = EvaluationTaskManager(include_defaults=False, metadata={"data_dir": str(xtreme)})
    (task,) = manager.load(["xtreme_xnli_zh"])["tasks"].values()
    assert len({task.doc_to_text(document) for document in task.eval_docs}) == 12


def test_the_xtreme_score_is_the_mean_of_the_two_averages(xtreme):
    from lm_eval.tasks import TaskManager

    manager = EvaluationTaskManager(include_defaults=False, metadata={"data_dir": str(xtreme)})
    loaded = manager.load(["xtreme_classification"])
    metrics = {
        name: {"acc,none": 0.9 if "xnli" in name else 0.5, "acc_stderr,none": 0.1, "sample_len": 12}
        for name in loaded["tasks"]
    }
    for name in ("xtreme_xnli", "xtreme_pawsx", "xtreme_classification"):
        metrics[name] = loaded["groups"][name].aggregate(metrics)
    assert metrics["xtreme_xnli"]["acc,none"] == pytest.approx(0.9)
    assert metrics["xtreme_classification"]["acc,none"] == pytest.approx(0.7)
    assert metrics["xtreme_classification"]["acc_stderr,none"] == "N/A"
    plain = TaskManager(include_defaults=False, include_path=str(FOLDER), metadata={"data_dir": str(xtreme)})
    group = plain.load(["xtreme_classification"])["groups"]["xtreme_classification"]
    assert "acc,none" not in group.aggregate(metrics)


def test_question_answering_counts_half_f1_and_half_exact_match_in_xtremes_score(xtreme):
    manager = EvaluationTaskManager(include_defaults=False, metadata={"data_dir": str(xtreme)})
    index = manager.task_index
    made = {name: Group(name=name, metadata=index[name].cfg["metadata"]) for name in ("xtreme", "xtreme_qa")}
    metrics = {}
    for name in index["xtreme"].cfg["task"]:
        listed = [AggMetricConfig(**entry) for entry in index[name].cfg["aggregate_metric_list"]]
        child = Group(name=name, aggregate_metric_list=listed, metadata=index[name].cfg["metadata"])
        values = {f"{entry.metric},none": 0.5 + 0.1 * at for at, entry in enumerate(listed)}
        metrics[name] = values | {"sample_len": 10}
        made["xtreme"].add(child)
        if name in index["xtreme_qa"].cfg["task"]:
            made["xtreme_qa"].add(child)
    targets = len(metrics)
    qa = with_right_average(made["xtreme_qa"]).aggregate(metrics)
    assert qa["score,none"] == pytest.approx(0.55)
    whole = with_right_average(made["xtreme"]).aggregate(metrics)
    assert whole["score,none"] == pytest.approx((0.5 * (targets - 3) + 0.55 * 3) / targets)


@pytest.mark.parametrize(
    ("leaves", "loaded"),
    [
        (["xtreme_xnli_de", "xtreme_xnli_en"], ["xtreme_xnli_de", "xtreme_xnli_en"]),
        ([f"xtreme_pawsx_{name}" for name in models.PAWSX_LANGUAGES], ["xtreme_pawsx"]),
    ],
)
def test_groups_are_averaged_when_all_their_tasks_are_asked_for(leaves, loaded):
    assert EvaluationTaskManager(include_defaults=False).within(leaves) == loaded
