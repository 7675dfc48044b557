"""A shipped task finds its files where and as they were published."""

from pathlib import Path

import pytest

from harness.config.catalogue import Catalogue
from harness.data.evaluation_rows import load_evaluation_rows
from harness.data.rows import NoSourceError
from tests.user_files.files import json_lines, load, pairs, table, tagged, write

NLI = [
    ("The guest said \"yes.", "A guest agreed.", "entailment"),
    ("The guest said nothing.", "A guest agreed.", "contradiction"),
    ("The guest left.", "He was tired.", "neutral"),
]  # fmt: skip
PAIRS = [("The bridge was built in 1900.", "In 1900 the bridge was built.", "1"), ("A b c.", "C b a.", "0")]
GLUE_MNLI = [
    "index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse",
    "sentence1_parse", "sentence2_parse", "sentence1", "sentence2", "label1", "gold_label",
]  # fmt: skip
XNLI = [
    "language", "gold_label", "sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse",
    "sentence2_parse", "sentence1", "sentence2", "promptID", "pairID", "genre", "label1", "match",
]  # fmt: skip
TASKS = Catalogue.load().training_tasks


def _records(header: list[str], rows: list[dict[str, str]]) -> str:
    return table([header, *([row.get(name, "x") for name in header] for row in rows)])


def _gold(rows: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"sentence1": a, "sentence2": b, "gold_label": label} for a, b, label in rows]


def _translated(rows: list[tuple[str, str, str]]) -> str:
    labels = {"contradiction": "contradictory"}
    return table([("premise", "hypo", "label"), *((a, b, labels.get(label, label)) for a, b, label in rows)])


@pytest.mark.parametrize(
    "path",
    [
        "glue/MNLI/train.tsv",
        "glue/mnli/train.tsv",
        "GLUE/Mnli/train.tsv",
        "glue_data/MNLI/train.tsv",
        "MNLI/train.tsv",
    ],
)
def test_glues_multinli_is_found_in_any_letter_case(tmp_path: Path, path: str) -> None:
    write(tmp_path / path, _records(GLUE_MNLI, _gold(NLI)))
    assert pairs(load(TASKS["mnli"], tmp_path)) == NLI


@pytest.mark.parametrize("task", ["mnli", "xnli"])
@pytest.mark.parametrize(
    "path",
    [
        "XNLI-MT-1.0/multinli/multinli.train.en.tsv",
        "xtreme/XNLI-MT-1.0/multinli/multinli.train.en.tsv",
        "XNLI-1.0/multinli.train.en.tsv",
    ],
)
def test_multinli_is_read_as_xnli_publishes_it(tmp_path: Path, task: str, path: str) -> None:
    write(tmp_path / path, _translated(NLI))
    assert pairs(load(TASKS[task], tmp_path)) == NLI


def test_multinli_is_read_as_its_authors_publish_it(tmp_path: Path) -> None:
    write(tmp_path / "multinli_1.0" / "multinli_1.0_train.jsonl", json_lines(_gold(NLI)))
    assert pairs(load(TASKS["mnli"], tmp_path)) == NLI


def test_anli_plus_is_read_as_its_three_data_sets_are_published(tmp_path: Path) -> None:
    letters = {"entailment": "e", "neutral": "n", "contradiction": "c"}
    for number, (premise, hypothesis, label) in enumerate(NLI, start=1):
        row = {
            "uid": "u",
            "context": premise,
            "hypothesis": hypothesis,
            "label": letters[label],
            "reason": "",
        }
        write(tmp_path / "anli_v1.0" / f"R{number}" / "train.jsonl", json_lines([row]))
    write(tmp_path / "glue" / "MNLI" / "train.tsv", _records(GLUE_MNLI, _gold(NLI)))
    write(
        tmp_path / "snli_1.0" / "snli_1.0_train.jsonl", json_lines(_gold([*NLI, ("A dog.", "A cat.", "-")]))
    )
    found = load(TASKS["anli_plus"], tmp_path)
    assert pairs(found) == [*NLI, *NLI, *NLI]
    assert [str(count) for count in found.counted] == ["rows without a label, left out: 1"]


@pytest.mark.parametrize(
    "path", ["x-final/en/train.tsv", "pawsx/x-final/en/train.tsv", "xtreme/x-final/en/train.tsv"]
)
@pytest.mark.parametrize(
    "header", [("id", "sentence1", "sentence2", "label"), ("id", "Sentence1", "Sentence2", "label")]
)
def test_pawsx_is_read_as_published(tmp_path: Path, path: str, header: tuple[str, ...]) -> None:
    write(tmp_path / path, table([header, *((str(row), *pair) for row, pair in enumerate(PAIRS))]))
    assert [row[:2] for row in pairs(load(TASKS["pawsx"], tmp_path))] == [pair[:2] for pair in PAIRS]


def test_mrpc_is_read_as_glue_gives_it_out(tmp_path: Path) -> None:
    header = ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String")
    text = table([header, *((label, "7", "8", a, b) for a, b, label in PAIRS)])
    write(tmp_path / "glue" / "MRPC" / "train.tsv", "\ufeff" + text)
    names = {"0": "not_equivalent", "1": "equivalent"}
    assert pairs(load(TASKS["mrpc"], tmp_path)) == [(a, b, names[label]) for a, b, label in PAIRS]


def test_the_real_mrpc_is_read(shared_data: Path) -> None:
    found = load(TASKS["mrpc"], shared_data)
    lines = (shared_data / "glue" / "mrpc" / "train.tsv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert len(lines) > 3600
    assert [row[:2] for row in pairs(found)] == [tuple(line.split("\t")[3:]) for line in lines]


def test_sst2_and_cola_and_qnli_and_rte_are_read_as_glue_gives_them_out(tmp_path: Path) -> None:
    write(tmp_path / "glue" / "SST-2" / "train.tsv", "sentence\tlabel\na fine film \t1\na bad one \t0\n")
    write(tmp_path / "glue" / "CoLA" / "train.tsv", "gj04\t1\t\tHe left.\ngj04\t0\t*\tHe leave.\n")
    qnli = "index\tquestion\tsentence\tlabel\n0\tWhen?\tIn May.\tentailment\n1\tWhen?\tHm.\tnot_entailment\n"
    write(tmp_path / "glue" / "QNLI" / "train.tsv", qnli)
    write(tmp_path / "glue" / "RTE" / "train.tsv", qnli.replace("question\tsentence", "sentence1\tsentence2"))
    assert pairs(load(TASKS["sst2"], tmp_path)) == [
        ("a fine film ", None, "positive"), ("a bad one ", None, "negative"),
    ]  # fmt: skip
    assert pairs(load(TASKS["cola"], tmp_path)) == [
        ("He left.", None, "acceptable"), ("He leave.", None, "unacceptable"),
    ]  # fmt: skip
    for name in ("qnli", "rte"):
        assert pairs(load(TASKS[name], tmp_path))[0] == ("When?", "In May.", "entailment")


def test_qqps_broken_lines_are_left_out_as_the_hub_left_them_out(tmp_path: Path) -> None:
    lines = [
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "0\t1\t2\tHow?\tIn which way?\t1",
        "1\t3\t4\tWhat is it", "and why?\tWhat?\t1", "2\t5\t6\tWhere is it?\tWhy is it?\t0", "",
    ]  # fmt: skip
    write(tmp_path / "glue" / "QQP" / "train.tsv", "\n".join(lines))
    found = load(TASKS["qqp"], tmp_path)
    assert pairs(found) == [
        ("How?", "In which way?", "duplicate"),
        ("Where is it?", "Why is it?", "not_duplicate"),
    ]
    assert [str(count) for count in found.counted] == [
        "lines that break the file's format, left out (3, 4): 2"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "xtreme/tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json",
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.en.train.json",
        "download/tydiqa/train-en.json",
    ],
)
def test_tydiqa_is_found_by_the_names_that_xtreme_gives_it(
    tmp_path: Path, shared_data: Path, path: str
) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).symlink_to(shared_data / "xtreme" / "tydiqa" / "train-en.json")
    assert len(load(TASKS["tydiqa_en"], tmp_path).dataset) == 3696


def test_of_tydiqas_one_file_for_all_languages_the_english_questions_are_taken(tmp_path: Path) -> None:
    answer = {"text": "Rome", "answer_start": 3}
    paragraphs = [
        {"context": "In Rome.", "qas": [{"id": f"{language}-1", "question": language, "answers": [answer]}]}
        for language in ("english", "korean", "english")
    ]
    path = tmp_path / "tydiqa" / "tydiqa-goldp-v1.1-train.json"
    import json

    write(path, json.dumps({"data": [{"paragraphs": paragraphs}]}))
    assert load(TASKS["tydiqa_en"], tmp_path).dataset["text_a"][:] == ["english", "english"]


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_one_language_is_scored_of_xnlis_one_file_for_all(tmp_path: Path, language: str) -> None:
    rows = [
        row | {"language": code, "sentence1": f"{code} {row['sentence1']}"}
        for code in ("en", "de", "fr")
        for row in _gold(NLI)
    ]
    write(tmp_path / "XNLI-1.0" / "xnli.test.tsv", _records(XNLI, rows))
    corpus = Catalogue.load().corpora["xnli"]
    found = load_evaluation_rows(corpus, language, data_dir=tmp_path)
    assert found.dataset["text_a"][:] == [f"{language} {a}" for a, _, _ in NLI]
    assert [found.label_names[label] for label in found.dataset["label"][:]] == [label for *_, label in NLI]


def test_pawsx_is_scored_from_the_published_folder(tmp_path: Path) -> None:
    header = ("id", "sentence1", "sentence2", "label")
    for language in ("en", "ko"):
        text = table([header, *((str(row), *pair) for row, pair in enumerate(PAIRS))])
        write(tmp_path / "x-final" / language / "test_2k.tsv", text)
    corpus = Catalogue.load().corpora["pawsx"]
    assert load_evaluation_rows(corpus, "ko", data_dir=tmp_path).dataset["label"][:] == [1, 0]


CONLL = (
    "-DOCSTART- -X- -X- O\n\nMary NNP B-NP I-PER\nHill NNP I-NP I-PER\nleft VBD B-VP O\n\nIt IN B-PP O\n\n"
)
CONLLU = """\
# sent_id = 1
# text = vámonos\tal mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\tP\t_\t1\tobj\t_\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\tA\t_\t5\tcase\t_\t_
4\tel\tel\tDET\tD\t_\t5\tdet\t_\t_
5\tmar\tmar\tNOUN\tN\t_\t1\tobl\t_\t_
5.1\tx\tx\tVERB\tV\t_\t_\t_\t_\t_

# sent_id = 2
1\t#\t#\tSYM\tS\t_\t0\troot\t_\t_
"""


@pytest.mark.parametrize("columns", [None, ["words", "pos", "chunk", "tags"]])
def test_conll2003_is_read_with_its_four_columns(tmp_path: Path, columns: list[str] | None) -> None:
    write(tmp_path / "eng.train", CONLL)
    source = {"path": "eng.train", "format": "conll"} | ({"columns": columns} if columns else {})
    found = load(tagged(tmp_path, source, scheme="bio"), tmp_path)
    assert found.dataset["words"][:] == [["Mary", "Hill", "left"], ["It"]]
    assert [[found.labels[tag] for tag in tags] for tags in found.dataset["tags"][:]] == [
        ["B-PER", "I-PER", "O"], ["O"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("conllu", {}),
        ("conll", {}),
        ("conll", {"columns": ["i", "words", "lemma", "tags", "x", "feats", "head", "rel", "deps", "misc"]}),
    ],
)
def test_universal_dependencies_are_read_without_ranges_and_empty_nodes(
    tmp_path: Path, form: str, fields: dict[str, list[str]]
) -> None:
    write(tmp_path / "es.conllu", CONLLU)
    found = load(tagged(tmp_path, {"path": "es.conllu", "format": form} | fields), tmp_path)
    assert found.dataset["words"][:] == [["vamos", "nos", "a", "el", "mar"], ["#"]]
    assert [[found.labels[tag] for tag in tags] for tags in found.dataset["tags"][:]] == [
        ["VERB", "PRON", "ADP", "DET", "NOUN"], ["SYM"],
    ]  # fmt: skip


def test_other_columns_of_conllu_are_taken_by_their_names(tmp_path: Path) -> None:
    write(tmp_path / "es.conllu", CONLLU)
    task = tagged(tmp_path, {"path": "es.conllu", "format": "conllu"}, tags="xpos")
    assert load(task, tmp_path).labels == ("A", "D", "N", "P", "S", "V")


def test_what_was_looked_for_and_what_lies_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "glue" / "WNLI").mkdir(parents=True)
    with pytest.raises(NoSourceError) as refused:
        load(TASKS["mnli"], tmp_path)
    message = str(refused.value)
    assert "glue/MNLI/train.tsv" in message and "multinli_1.0_train.jsonl" in message
    assert f"{tmp_path / 'glue'} holds WNLI/" in message
