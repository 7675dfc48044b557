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
    with pytest.raises(UnsuitedKindError, match=r"udpos.*tagging with 'scheme: plain'"):
        text_form(tasks["udpos"])


MT5 = changed(SEQUENCE, ("embedded:e5-small", "google/mt5-base"))


def test_a_sequence_file_says_which_tasks_its_model_cannot_read_and_where(tmp_path):
    text = changed(MT5, ("[rte, pawsx]", "[rte, mlm, udpos]"))
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", text)])
    found = {problem.key: problem for problem in caught.value.problems}
    assert set(found) == {"intermediates[1]", "intermediates[2]"}
    assert found["intermediates[1]"].line == 3
    assert "masked_lm" in found["intermediates[1]"].message
    assert "scheme: plain" in found["intermediates[2]"].message


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
