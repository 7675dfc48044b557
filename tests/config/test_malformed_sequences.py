"""Malformed sequence files: each is refused with file, line, key, what was found and a remedy."""

from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.config.problem import SpecError
from tests.config.files import SEQUENCE, Case, assert_refused, changed, write

CASES = {
    "unknown key": Case(("seeds:", "sedes:"), 6, "sedes", "sedes", "did you mean 'seeds'?"),
    "missing key": Case(("model: embedded:e5-small\n", ""), 1, "model", "nothing", "add `model: …`"),
    "key of another section": Case(
        ("deepspeed: zero2", "epochs: 3"), 12, "epochs", "epochs", "belongs under `training:`"
    ),
    "key of the top level": Case(
        ("  split: test", "  seeds: [1]"), 15, "evaluation.seeds", "seeds", "belongs at the top level"
    ),
    "name with a path": Case(("name: trial", "name: ../trial"), 1, "name", "../trial", "lower-case"),
    "name with a capital": Case(("name: trial", "name: Trial"), 1, "name", "'Trial'", "lower-case"),
    "unknown embedded model": Case(
        ("e5-small", "e5-smal"), 2, "model", "embedded:e5-smal", "did you mean 'embedded:e5-small'?"
    ),
    "unknown task": Case(("[rte, pawsx]", "[rte, pawx]"), 3, "intermediates[1]", "pawx", "mean 'pawsx'?"),
    "task as a path": Case(
        ("[rte, pawsx]", "[rte, ../pawsx]"), 3, "intermediates[1]", "../pawsx", "lower-case letters"
    ),
    "YAML's no": Case(("[rte, pawsx]", "[rte, no]"), 3, "intermediates[1]", "no", "quote it"),
    "number as a name": Case(("[rte, pawsx]", "[rte, 5]"), 3, "intermediates[1]", "5", "quote it"),
    "repeated intermediate": Case(
        ("[rte, pawsx]", "[rte, rte]"), 3, "intermediates[1]", "rte", "first at intermediates[0]"
    ),
    "unknown target": Case(("targets: [xnli]", "targets: [xnly]"), 5, "targets[0]", "xnly", "mean 'xnli'?"),
    "repeated target": Case(("targets: [xnli]", "targets: [xnli, xnli]"), 5, "targets[1]", "xnli", "twice"),
    "no target": Case(("targets: [xnli]", "targets: []"), 5, "targets", "[]", "at least 1"),
    "target without brackets": Case(
        ("targets: [xnli]", "targets: xnli"), 5, "targets", "xnli", "e.g. [xnli]"
    ),
    "target among the intermediates": Case(
        ("targets: [xnli]", "targets: [xnli, pawsx]"), 5, "targets[1]", "pawsx", "two sequence files"
    ),
    "target that nothing scores": Case(
        ("targets: [xnli]", "targets: [xnli, cola]"), 5, "targets[1]", "cola", "scored_by"
    ),
    "target that no evaluation task of the file scores": Case(
        ("targets: [xnli]", "targets: [xnli, mini_nli]"), 5, "targets[1]", "mini_nli", "add one of these"
    ),
    "split of something that is no target": Case(
        ("  split: test", "  splits: {pawsx: validation}"),
        15,
        "evaluation.splits.pawsx",
        "pawsx",
        "Name one of xnli",
    ),
    "one seed without brackets": Case(("seeds: [1, 2]", "seeds: 5"), 6, "seeds", "5", "e.g. [5]"),
    "repeated seed": Case(("seeds: [1, 2]", "seeds: [1, 1]"), 6, "seeds[1]", "1", "first at seeds[0]"),
    "negative seed": Case(("seeds: [1, 2]", "seeds: [1, -2]"), 6, "seeds[1]", "-2", "at least 0"),
    "huge seed": Case(("seeds: [1, 2]", f"seeds: [{10**30}]"), 6, "seeds[0]", str(10**30), "2,147,483,647"),
    "seed true": Case(("seeds: [1, 2]", "seeds: [true]"), 6, "seeds[0]", "true", "whole number"),
    "quoted seed": Case(("seeds: [1, 2]", 'seeds: ["1"]'), 6, "seeds[0]", "'1'", "without quotes: 1"),
    "contrast of a task that is no intermediate": Case(
        ("targets: [xnli]", "contrasts: [order, {last: pawx}]\ntargets: [xnli]"),
        5,
        "contrasts[1]",
        "pawx",
        "did you mean 'pawsx'?",
    ),
    "contrast of two kinds": Case(
        ("targets: [xnli]", "contrasts: [{last: rte, first: rte}]\ntargets: [xnli]"),
        5,
        "contrasts[0]",
        "last",
        "exactly one of before, last, first and pair",
    ),
    "margin of nothing": Case(
        ("targets: [xnli]", "equivalence_margin: 0\ntargets: [xnli]"), 5, "equivalence_margin", "0", "above 0"
    ),
    "length beyond the intermediates": Case(
        ("lengths: [0, 1]", "lengths: [0, 3]"), 4, "orders.lengths[1]", "3", "from 0 to 2"
    ),
    "repeated length": Case(("lengths: [0, 1]", "lengths: [1, 1]"), 4, "orders.lengths[1]", "1", "twice"),
    "length with a fraction": Case(
        ("lengths: [0, 1]", "lengths: [0.5]"), 4, "orders.lengths[0]", "0.5", "whole number"
    ),
    "orders neither list nor lengths": Case(
        ("{lengths: [0, 1]}", "some"), 4, "orders", "'some'", "the word all"
    ),
    "orders as a number": Case(("{lengths: [0, 1]}", "2"), 4, "orders", "2", "the word all"),
    "no order": Case(("{lengths: [0, 1]}", "[]"), 4, "orders", "[]", "at least 1"),
    "flat list of orders": Case(("{lengths: [0, 1]}", "[[rte], pawsx]"), 4, "orders[1]", "pawsx", "[pawsx]"),
    "order of a task that is no intermediate": Case(
        ("{lengths: [0, 1]}", "[[rte], [pawx]]"), 4, "orders[1][0]", "pawx", "did you mean 'pawsx'?"
    ),
    "order with a repeated task": Case(
        ("{lengths: [0, 1]}", "[[rte, pawsx, rte]]"), 4, "orders[0][2]", "rte", "first at orders[0][0]"
    ),
    "repeated order": Case(
        ("{lengths: [0, 1]}", "[[rte], [pawsx], [rte]]"), 4, "orders[2]", "rte", "first at orders[0]"
    ),
    "unknown kind of design": Case(
        ("{lengths: [0, 1]}", "{lenghts: [0, 1]}"), 4, "orders", "lenghts", "one of the keys lengths, sample"
    ),
    "two designs at once": Case(
        ("{lengths: [0, 1]}", "{sample: 1, seed: 1, balanced: latin}"),
        4,
        "orders.balanced",
        "balanced",
        "Allowed here",
    ),
    "unknown key of a design": Case(
        ("{lengths: [0, 1]}", "{sample: 1, sede: 1, seed: 1}"),
        4,
        "orders.sede",
        "sede",
        "sample, length, seed",
    ),
    "sample without a seed": Case(
        ("{lengths: [0, 1]}", "{sample: 2}"), 4, "orders.seed", "nothing", "Decides which orders are drawn"
    ),
    "sample larger than all orders": Case(
        ("{lengths: [0, 1]}", "{sample: 3, seed: 1}"), 4, "orders.sample", "3", "orders: {lengths: [2]}"
    ),
    "sample of long orders": Case(
        ("{lengths: [0, 1]}", "{sample: 1, length: 3, seed: 1}"), 4, "orders.length", "3", "from 1 to 2"
    ),
    "sample of no task": Case(
        ("{lengths: [0, 1]}", "{sample: 1, length: 0, seed: 1}"), 4, "orders.length", "0", "at least 1"
    ),
    "unknown balanced design": Case(
        ("{lengths: [0, 1]}", "{balanced: greek}"), 4, "orders.balanced", "greek", "latin, williams"
    ),
    "rows that cannot be balanced": Case(
        ("{lengths: [0, 1]}", "{balanced: latin, rows: 3}"), 4, "orders.rows", "3", "write 2"
    ),
    "Williams design of single tasks": Case(
        ("{lengths: [0, 1]}", "{balanced: williams, length: 1}"), 4, "orders.length", "1", "balanced: latin"
    ),
    "balance of one task": Case(
        ("[rte, pawsx]\norders: {lengths: [0, 1]}", "[rte]\norders: {balanced: latin}"),
        4,
        "orders.balanced",
        "latin",
        "two tasks or more",
    ),
    "repeated task in a listed order": Case(
        ("{lengths: [0, 1]}", "{listed: [[rte, rte]]}"), 4, "orders.listed[0][1]", "rte", "repeats: true"
    ),
    "repeated order where tasks may repeat": Case(
        ("{lengths: [0, 1]}", "{listed: [[rte, rte], [rte, rte]], repeats: true}"),
        4,
        "orders.listed[1]",
        "rte",
        "first at orders.listed[0]",
    ),
    "repeats outside a list": Case(
        ("{lengths: [0, 1]}", "{lengths: [0, 1], repeats: true}"),
        4,
        "orders.repeats",
        "repeats",
        "prefixes, lengths",
    ),
    "prefixes as a number": Case(
        ("{lengths: [0, 1]}", "{lengths: [1], prefixes: 1}"), 4, "orders.prefixes", "1", "true or false"
    ),
    "epochs as text": Case(
        ("  epochs: 1\n", "  epochs: three\n"), 8, "training.epochs", "three", "a number above 0"
    ),
    "epochs below 0": Case(("  epochs: 1\n", "  epochs: -1\n"), 8, "training.epochs", "-1", "above 0"),
    "epochs infinite": Case(
        ("  epochs: 1\n", "  epochs: .inf\n"), 8, "training.epochs", "inf", "at most 1,000"
    ),
    "learning rate not a number": Case(("2e-5", ".nan"), 9, "training.learning_rate", "nan", "below 1"),
    "learning rate too large": Case(("2e-5", "2"), 9, "training.learning_rate", "2", "below 1"),
    "learning rate left out": Case(
        ("learning_rate: 2e-5", "learning_rate:"), 9, "training.learning_rate", "nothing", "leave the key out"
    ),
    "unknown precision": Case(
        ("learning_rate: 2e-5", "precision: fp8"), 9, "training.precision", "fp8", "bf16"
    ),
    "text for true": Case(
        ("learning_rate: 2e-5", 'freeze_embeddings: "true"'),
        9,
        "training.freeze_embeddings",
        "'true'",
        "true or false",
    ),
    "batch that cannot be accumulated": Case(
        ("learning_rate: 2e-5", "accumulation: 5"), 7, "training", "accumulation", "not a multiple"
    ),
    "override of an untrained task": Case(
        ("rte: {epochs: 3}", "squad: {epochs: 3}"),
        11,
        "training.per_task.squad",
        "squad",
        "one of rte, pawsx, xnli",
    ),
    "unknown setting of a task": Case(
        ("rte: {epochs: 3}", "rte: {epoch: 3}"),
        11,
        "training.per_task.rte.epoch",
        "epoch",
        "did you mean 'epochs'?",
    ),
    "wrong setting of a task": Case(
        ("rte: {epochs: 3}", "rte: {epochs: two}"),
        11,
        "training.per_task.rte.epochs",
        "'two'",
        "a number above 0",
    ),
    "settings of a task that do not fit the others": Case(
        ("rte: {epochs: 3}", "rte: {accumulation: 3}"),
        11,
        "training.per_task.rte",
        "accumulation",
        "batch_size 32",
    ),
    "override by a bad name": Case(
        ("rte: {epochs: 3}", "R-T-E: {epochs: 3}"),
        11,
        "training.per_task.R-T-E",
        "R-T-E",
        "lower-case letters",
    ),
    "unknown DeepSpeed name": Case(("zero2", "zero_2"), 12, "deepspeed", "zero_2", "did you mean 'zero2'?"),
    "missing DeepSpeed file": Case(("zero2", "./my.json"), 12, "deepspeed", "./my.json", "check the path"),
    "unknown evaluation task": Case(
        ("[xtreme_xnli]", "[xtreme_xnl]"),
        14,
        "evaluation.tasks[0]",
        "xtreme_xnl",
        "did you mean 'xtreme_xnli'?",
    ),
    "evaluation task of no target": Case(
        ("[xtreme_xnli]", "[xtreme_xnli, xtreme_pawsx]"),
        14,
        "evaluation.tasks[1]",
        "xtreme_pawsx",
        "remove it",
    ),
    "group and its member": Case(
        ("[xtreme_xnli]", "[xtreme_xnli, xtreme_xnli_de]"),
        14,
        "evaluation.tasks[1]",
        "xtreme_xnli_de",
        "already part of",
    ),
    "repeated evaluation task": Case(
        ("[xtreme_xnli]", "[xtreme_xnli, xtreme_xnli]"), 14, "evaluation.tasks[1]", "xtreme_xnli", "twice"
    ),
    "training split as evaluation": Case(
        ("split: test", "split: train"), 15, "evaluation.split", "train", "test, validation"
    ),
    "repeated key": Case(("deepspeed: zero2", "seeds: [3]"), 12, "seeds", "seeds", "first in line 6"),
    "anchor": Case(("seeds: [1, 2]", "seeds: &s [1, 2]"), 6, "seeds", "&s", "write it out"),
    "tag": Case(
        ("model: embedded:e5-small", "model: !!python/name:os.system x"),
        2,
        "model",
        "python/name",
        "plain value",
    ),
    "tab for indentation": Case(("  epochs: 1\n", "\tepochs: 1\n"), 8, "", "", "spaces only"),
    "open bracket": Case(("  split: test\n", "  split: [test\n"), 16, "", "", "brackets"),
    "a second document": Case(
        ("  split: test\n", "  split: test\n---\nname: other\n"), 16, "", "---", "a file of its own"
    ),
    "control character": Case(
        ("name: trial", 'title: "a\\u0007b"\nname: trial'), 1, "title", "\\x07", "remove the character"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_is_refused_with_place_value_and_remedy(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, case.change))
    assert_refused(case, path, lambda file: load_sequences([file]))


ALONE = sorted(
    set(CASES)
    - {
        # A wrong key leaves another one out, or a wrong value is wrong in two ways.
        "unknown key",
        "unknown target",
        "no target",
        "target among the intermediates",
        "target without brackets",
        "unknown evaluation task",
        "order of a task that is no intermediate",
        "key of the top level",
        "unknown task",
        "task as a path",
        "YAML's no",
        "number as a name",
        "repeated evaluation task",
        "tag",
    }
)


@pytest.mark.parametrize("name", ALONE)
def test_one_mistake_is_one_problem(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, CASES[name].change))
    with pytest.raises(SpecError) as caught:
        load_sequences([path])
    assert len(caught.value.problems) == 1, str(caught.value)


def test_the_unchanged_file_is_sound(tmp_path: Path) -> None:
    (loaded,) = load_sequences([write(tmp_path, "trial.yaml", SEQUENCE)])
    assert loaded.spec.training.learning_rate == 2e-5
    assert loaded.spec.hyperparameters("rte").epochs == 3
    assert [leaf.language for leaf in loaded.evaluations["xnli"]][:1] == ["en"]
    assert len(loaded.evaluations["xnli"]) == 15


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must be a mapping"),
        (b"- a\n- b\n", "must be a mapping"),
        (b"name: caf\xe9\n", "not UTF-8"),
        (b"\xff\xfen\x00a\x00", "not UTF-8"),
        (b"name: a\x00b\n", "control character"),
        (b"a: " + b"[" * 30 + b"]" * 30, "nested more than 20"),
        (b"a: " + b"[" * 5000, "nest"),
        (b"{" * 5000, "nest"),
        (b"x: " + b"y" * 1_000_001, "larger than"),
        (b"? [a, b]\n: 1\n", "single word"),
        (b"a: *nowhere\n", "alias"),
        (b"%TAG ! tag:x,2000:\n---\na: !b 1\n", "tags"),
        (b"name: " + b"9" * 5000 + b"\n", "name"),
    ],
)
def test_a_file_that_is_no_sequence_file_at_all(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=says) as caught:
        load_sequences([path])
    assert all(problem.file == path for problem in caught.value.problems)


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    one = write(
        tmp_path,
        "one.yaml",
        changed(
            SEQUENCE,
            ("[rte, pawsx]", "[rte, pawx]"),
            ("2e-5", "fast"),
            ("zero2", "zero9"),
            ("rte: {", "rt: {"),
        ),
    )
    two = write(tmp_path, "two.yaml", changed(SEQUENCE, ("seeds: [1, 2]", "seeds: 5"), ("[xnli]", "[cola]")))
    with pytest.raises(SpecError) as caught:
        load_sequences([one, two])
    keys = [(problem.file.name, problem.key) for problem in caught.value.problems]
    assert keys == [
        ("one.yaml", "intermediates[1]"),
        ("one.yaml", "training.learning_rate"),
        ("one.yaml", "training.per_task.rt"),
        ("one.yaml", "deepspeed"),
        ("two.yaml", "targets[0]"),
        ("two.yaml", "seeds"),
        ("two.yaml", "evaluation.tasks[0]"),
    ]
