import pytest

from harness.config.catalogue import Catalogue
from harness.config.load import load_sequences
from harness.config.problem import SpecError
from harness.kinds.registry import UnsuitedKindError, text_form
from harness.kinds.text_form import TEXT_FORMAT_VERSION
from tests.config.files import SEQUENCE, changed, write


@pytest.fixture(scope="module")
def tasks():
    return Catalogue.load().training_tasks


def test_the_formats_of_the_papers(tasks):
    """Changed texts need another TEXT_FORMAT_VERSION."""
    assert TEXT_FORMAT_VERSION == 1
    xnli = text_form(tasks["xnli"])
    assert xnli.marks == ("xnli: premise:", "hypothesis:")
    assert xnli.labels == ("entailment", "neutral", "contradiction")
    assert text_form(tasks["cola"]).marks == ("cola: sentence:",)
    assert text_form(tasks["squad_v1"]).marks == ("question:", "context:")
    assert text_form(tasks["panx_en"]).marks == ("tag:",)
    assert text_form(tasks["copa"]).marks == ("copa:", "question:")


def test_kinds_without_a_format_are_refused(tasks):
    with pytest.raises(UnsuitedKindError, match=r"mlm.*masked_lm.*span_extraction"):
        text_form(tasks["mlm"])


MT5 = changed(SEQUENCE, ("embedded:e5-small", "google/mt5-base"))


def test_a_sequence_file_says_which_tasks_its_model_cannot_read_and_where(tmp_path):
    text = changed(MT5, ("[rte, pawsx]", "[rte, udpos, mlm]"))
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", text)])
    found = {problem.key: problem for problem in caught.value.problems}
    assert set(found) == {"intermediates[2]"}
    assert found["intermediates[2]"].line == 3
    assert "masked_lm" in found["intermediates[2]"].message


def test_plain_tags_are_written_word_by_word_and_spans_whole(tasks):
    from datasets import Dataset

    pos, spans = text_form(tasks["udpos"]), text_form(tasks["panx_en"])
    names = {form: list(form.task.labels) for form in (pos, spans)}
    words = ["New", "York", "grows"]
    rows = {"words": [words], "tags": [[names[pos].index(tag) for tag in ("PROPN", "PROPN", "VERB")]]}
    assert pos.targets(rows) == ["PROPN: New $$ PROPN: York $$ VERB: grows"]
    assert pos.prediction("PROPN: New $$ York $$ ") == ["PROPN: New", "York"]
    rows |= {"tags": [[names[spans].index(tag) for tag in ("B-LOC", "I-LOC", "O")]]}
    assert spans.targets(rows) == ["LOC: New York"]
    assert spans.references(Dataset.from_dict(rows)) == [["LOC: New York"]]
    assert spans.prediction("None") == []


@pytest.mark.parametrize(
    "key", ["training.precision", "training.per_task.rte.precision", "evaluation.precision"]
)
def test_fp16_is_refused_for_text_to_text_models(key, tmp_path):
    places = {
        "training.precision": ("  epochs: 1\n", "  epochs: 1\n  precision: fp16\n"),
        "training.per_task.rte.precision": ("{epochs: 3}", "{precision: fp16}"),
        "evaluation.precision": ("  split: test", "  precision: fp16"),
    }
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", changed(MT5, places[key]))])
    (problem,) = caught.value.problems
    assert problem.key == key and "bf16" in problem.remedy
    load_sequences([write(tmp_path, "trial.yaml", changed(SEQUENCE, places[key]))])


def test_a_local_folder_is_known_by_its_config(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    text = changed(SEQUENCE, ("embedded:e5-small", str(folder)), ("[rte, pawsx]", "[rte, mlm]"))
    path = write(tmp_path, "trial.yaml", text)
    (folder / "config.json").write_text('{"model_type": "xlm-roberta"}')
    load_sequences([path])
    (folder / "config.json").write_text('{"model_type": "umt5"}')
    with pytest.raises(SpecError, match="text-to-text model cannot be trained"):
        load_sequences([path])
