"""Mixtures in sequence files: what they mean, and what is refused."""

from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.config.problem import SpecError
from tests.config.files import SEQUENCE, changed, write

MIXED = changed(
    SEQUENCE,
    (
        "intermediates: [rte, pawsx]",
        "mixtures:\n"
        "  both: {tasks: [rte, squad_v1], sampling: {cap: 1000, temperature: 2}}\n"
        "  adapted: {tasks: [qqp, mlm], sampling: {weights: {qqp: 0.9, mlm: 0.1}}}\n"
        "intermediates: [both, adapted, pawsx]",
    ),
    ("    rte: {epochs: 3}", "    both: {steps: 50}\n    squad_v1: {max_length: 384}"),
)


def test_a_mixture_stands_where_a_task_can_and_brings_its_tasks(tmp_path: Path) -> None:
    (loaded,) = load_sequences([write(tmp_path, "trial.yaml", MIXED)])
    assert set(loaded.tasks) == {"rte", "squad_v1", "qqp", "mlm", "pawsx", "xnli"}
    assert list(loaded.members("both")) == ["rte", "squad_v1"]
    assert list(loaded.members("pawsx")) == ["pawsx"]
    spec = loaded.spec
    assert spec.hyperparameters("both").steps == 50
    assert spec.member_hyperparameters("both", "squad_v1").max_length == 384
    assert spec.member_hyperparameters("both", "rte").max_length == 128


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (("[rte, squad_v1]", "[rte, squad_v3]"), "mixtures.both.tasks[1]", "did you mean 'squad_v"),
        (("[rte, squad_v1]", "[rte, rte]"), "mixtures.both.tasks", "stands here twice"),
        (("[rte, squad_v1]", "[rte]"), "mixtures.both.tasks", "at least 2"),
        (("[rte, squad_v1]", "[rte, adapted]"), "mixtures.both.tasks[1]", "cannot hold a mixture"),
        (("cap: 1000", "capp: 1000"), "mixtures.both.sampling.capp", "did you mean 'cap'?"),
        (("temperature: 2", "temperature: 0.5"), "mixtures.both.sampling.temperature", "at least 1"),
        (("mlm: 0.1}", "mlm: 0.1}, cap: 5"), "mixtures.adapted.sampling", "leave cap and temperature out"),
        (("mlm: 0.1}", "mnli: 0.1}"), "mixtures.adapted", "has no weight"),
        (("[both, adapted, pawsx]", "[botth, adapted, pawsx]"), "intermediates[0]", "did you mean 'both'?"),
        (("[both, adapted, pawsx]", "[both, pawsx]"), "mixtures.adapted", "no stage trains this mixture"),
        (("targets: [xnli]", "targets: [xnli, both]"), "targets[1]", "a mixture cannot be a target"),
        (("squad_v1: {max", "squad_v1: {epochs: 2, max"), "training.per_task.squad_v1.epochs", "both"),
        (("  both: {tasks", "  qqp: {tasks"), "mixtures.qqp", "taken by the training task"),
    ],
)
def test_faulty_mixtures_are_refused_where_they_stand(
    tmp_path: Path, change: tuple[str, str], key: str, says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", changed(MIXED, change))])
    found = {problem.key: f"{problem.message} {problem.remedy}" for problem in caught.value.problems}
    assert says in found[key], found


def test_translated_rows_may_prepare_but_not_teach_the_evaluated_labels(tmp_path: Path) -> None:
    translated = (Path(__file__).parents[2] / "tasks" / "training" / "rte.yaml").read_text()
    write(tmp_path, "tasks/rte_de.yaml", translated.replace("name: rte", "name: rte_de\nlanguage: de"))
    (loaded,) = load_sequences(
        [write(tmp_path, "trial.yaml", changed(MIXED, ("[rte, squad_v1]", "[rte_de, squad_v1]")))]
    )
    assert loaded.tasks["rte_de"].language == "de"
