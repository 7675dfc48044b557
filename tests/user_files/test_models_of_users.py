"""Model folders as users have them: what cannot be trained on is refused before the first step, and said."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.config.hyperparameters import Hyperparameters
from harness.errors import UserError
from harness.models.checks import check_folder
from harness.models.references import ModelRef, resolve_model, tokenizer_fingerprint
from harness.models.tokenizer import fast_tokenizer
from harness.models.tokenizer_files import TOKENIZER_FILES
from harness.training.checkpoint import _carry_files
from harness.training.distributed import World
from harness.training.preflight import preflight
from harness.training.preflight_job import PreflightJob, TaskToCheck
from tests.execution.command import xstilts
from tests.execution.experiment import make_experiment
from tests.training.models import TASK, WORDS, make_bert, make_xlm_roberta

TEXTS = tuple(" ".join(WORDS[start : start + 5]) for start in range(0, 50, 5))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_bert(folder / "bert")
    make_xlm_roberta(folder / "xlm-roberta")
    return folder


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def reweigh(model: Path, change: Callable[[str, torch.Tensor], torch.Tensor]) -> None:
    tensors = load_file(model / "model.safetensors")
    changed = {name: change(name, tensor).clone() for name, tensor in tensors.items()}
    save_file(changed, model / "model.safetensors", metadata={"format": "pt"})


def checked(
    model: Path, settings: Hyperparameters | None = None, **evaluation: tuple[str, ...]
) -> tuple[str, ...]:
    """Return what a user is told of a model before it is trained on."""
    resolve_model(ModelRef.at(model))
    check_folder(model, False)
    own = settings or Hyperparameters(max_length=32, precision="fp32")  # type: ignore[arg-type]
    job = PreflightJob(
        model=ModelRef.at(model),
        deepspeed={"zero_optimization": {"stage": 2}},
        tasks=(TaskToCheck(name="tiny_pairs", task=TASK, hyperparameters=own, texts=TEXTS),),
        stages=(own,),
        evaluation_texts=evaluation,
    )
    return preflight(job, World(0, 1, torch.device("cpu")))


def no_tokenizer(model: Path) -> None:
    for name in TOKENIZER_FILES:
        (model / name).unlink(missing_ok=True)


def unknown_words(model: Path) -> None:
    content = json.loads((model / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    content["model"]["vocab"] = {
        name if name.startswith("[") else f"x{name}": at for name, at in vocabulary.items()
    }
    (model / "tokenizer.json").write_text(json.dumps(content))


def one_segment(model: Path) -> None:
    edit(model / "config.json", type_vocab_size=1)
    reweigh(model, lambda name, tensor: tensor[:1] if "token_type" in name else tensor)


def few_rows(model: Path) -> None:
    edit(model / "config.json", vocab_size=40)
    reweigh(model, lambda name, tensor: tensor[:40] if "word_embeddings" in name else tensor)


def adapter(model: Path) -> None:
    (model / "model.safetensors").rename(model / "adapter_model.safetensors")
    about = {"peft_type": "LORA", "base_model_name_or_path": "xlm-roberta-base"}
    (model / "adapter_config.json").write_text(json.dumps(about))


def absent_shard(model: Path) -> None:
    names = load_file(model / "model.safetensors")
    (model / "model.safetensors").rename(model / "model-00001-of-00002.safetensors")
    shards = {name: f"model-0000{1 + at % 2}-of-00002.safetensors" for at, name in enumerate(names)}
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def cut_short(model: Path) -> None:
    content = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(content[: len(content) // 2])


CASES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "no tokenizer files": ("bert", no_tokenizer, "neither tokenizer.json nor vocab.txt"),
    "no tokenizer files of XLM-R": ("xlm-roberta", no_tokenizer, "sentencepiece.bpe.model"),
    "every word unknown": ("bert", unknown_words, r"100% of the tokens.*'tiny_pairs'"),
    "no padding token": (
        "bert",
        lambda model: edit(model / "tokenizer_config.json", pad_token=None),
        "no padding token",
    ),
    "segment 1 for a model of one": ("bert", one_segment, "model_input_names"),
    "more tokens than embeddings": ("bert", few_rows, "ids up to 64.*40 only"),
    "vocab_size of another model": (
        "bert",
        lambda model: edit(model / "config.json", vocab_size=70),
        "vocab_size is 70, but the weights have 65",
    ),
    "pad_token_id null": (
        "xlm-roberta",
        lambda model: edit(model / "config.json", pad_token_id=None),
        "pad_token_id is null",
    ),
    "pad_token_id out of range": (
        "bert",
        lambda model: edit(model / "config.json", pad_token_id=5000),
        "pad_token_id: 5,000",
    ),
    "another id out of range": (
        "xlm-roberta",
        lambda model: edit(model / "config.json", eos_token_id=[2, -1]),
        "eos_token_id: -1",
    ),
    "another padding id than the tokenizer's": (
        "xlm-roberta",
        lambda model: edit(model / "config.json", pad_token_id=0),
        "the tokenizer pads with 1",
    ),
    "saved from ZeRO 3 without gathering": (
        "bert",
        lambda model: reweigh(model, lambda _, tensor: torch.empty(0)),
        "without gathering",
    ),
    "some tensors empty": (
        "bert",
        lambda model: reweigh(model, lambda name, one: torch.empty(0) if "layer.1" in name else one),
        "tensors are empty",
    ),
    "a PEFT adapter": ("bert", adapter, "LORA for xlm-roberta-base"),
    "an absent shard": ("bert", absent_shard, "model-00002-of-00002.safetensors is missing"),
    "a file cut short": ("bert", cut_short, "cut short"),
    "a shape of another model": (
        "bert",
        lambda model: edit(model / "config.json", intermediate_size=96),
        r"\(64,\) there, and \(96,\)",
    ),
    "unknown architecture": (
        "bert",
        lambda model: edit(model / "config.json", model_type="bart"),
        "bart models cannot be trained: .* Did you mean 'bert'",
    ),
    "no architecture": (
        "bert",
        lambda model: edit(model / "config.json", model_type=None),
        "names no architecture",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_model_that_cannot_be_trained_on_is_refused(name: str, made: Path, tmp_path: Path) -> None:
    family, change, says = CASES[name]
    model = Path(shutil.copytree(made / family, tmp_path / "model"))
    assert checked(model) == ()
    change(model)
    with pytest.raises(UserError, match=says) as caught:
        checked(model)
    assert str(model) in str(caught.value)
    assert not str(caught.value).rstrip(".`").endswith(")") or "(type_vocab_size)" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"max_length": 65}, "64 positions"),
        ({"max_length": 32, "precision": "fp16"}, "needs a CUDA GPU"),
    ],
)
def test_settings_of_any_stage_are_checked_first(made: Path, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        checked(made / "bert", Hyperparameters(**settings))


def test_a_class_that_ignores_the_files_normaliser_is_told(made: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(made / "xlm-roberta", tmp_path / "model"))
    content = json.loads((model / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "Prepend", "prepend": "word1 "}
    (model / "tokenizer.json").write_text(json.dumps(content))
    assert checked(model) == ()
    edit(model / "tokenizer_config.json", tokenizer_class="XLMRobertaTokenizer")
    (warning,) = checked(model)
    assert "(XLMRobertaTokenizer) makes other tokens than its tokenizer.json in 10 of 10 texts" in warning


def test_evaluation_texts_that_the_tokenizer_does_not_know_are_told(made: Path) -> None:
    warnings = checked(made / "bert", xtreme_xnli_zh=("完全 未知", "词"), xtreme_xnli_en=TEXTS)
    assert [warning.split(":")[0] for warning in warnings] == ["xtreme_xnli_zh"]


def test_a_tokenizer_without_tokenizer_json_is_taken_by_its_vocabulary(made: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(made / "bert", tmp_path / "model"))
    vocabulary = json.loads((model / "tokenizer.json").read_text())["model"]["vocab"]
    no_tokenizer(model)
    (model / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n")
    assert checked(model) == ()


def test_every_file_that_a_class_of_transformers_names_is_fingerprinted_and_handed_on(tmp_path: Path) -> None:
    import importlib
    import pkgutil

    import transformers.models
    from transformers import PreTrainedTokenizerBase

    named = set()
    for module in pkgutil.walk_packages(transformers.models.__path__, "transformers.models."):
        if module.name.rpartition(".")[2].startswith("tokenization_"):
            try:
                classes = vars(importlib.import_module(module.name)).values()
            except (ImportError, NameError):
                continue  # needs a package that is not installed
            for one in classes:
                if isinstance(one, type) and issubclass(one, PreTrainedTokenizerBase):
                    named |= {*one.vocab_files_names.values()}
    assert len(named) > 20
    assert named <= {*TOKENIZER_FILES}
    parent, child = tmp_path / "parent", tmp_path / "child"
    for folder in (parent, child):
        folder.mkdir()
    for name in named:
        (parent / name).write_text(name)
    _carry_files(ModelRef.at(parent), child)
    assert {path.name for path in child.iterdir()} == named


def test_files_that_a_folders_own_class_names_are_handed_on_without_running_it(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent", tmp_path / "child"
    for folder in (parent, child):
        folder.mkdir()
    names = {"vocab_file": "lexicon.bin", "other": "../secret"}
    code = f"VOCAB_FILES_NAMES = {names}\nraise SystemExit\n"
    (parent / "tokenization_own.py").write_text(code)
    (parent / "lexicon.bin").write_text("x")
    (tmp_path / "secret").write_text("x")
    before = tokenizer_fingerprint(parent)
    _carry_files(ModelRef.at(parent, trust_remote_code=True), child)
    assert {path.name for path in child.iterdir()} == {"lexicon.bin", "tokenization_own.py"}
    (parent / "lexicon.bin").write_text("y")
    assert tokenizer_fingerprint(parent) != before


def test_a_run_refuses_such_a_model_and_publishes_nothing(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, rows=16, orders="[[]]", seeds="[1]")
    unknown_words(tmp_path / "model")
    done = xstilts(tmp_path, file=file)
    assert done.returncode == 2, done.stdout  # type: ignore[union-attr]
    assert "are unknown to its tokenizer" in str(done.stderr)
    assert "Traceback" not in str(done.stderr)
    assert not list((tmp_path / "leaderboards").glob("*.md"))


def test_a_slow_tokenizers_own_error_is_one_sentence(made: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(made / "xlm-roberta", tmp_path / "model"))
    (model / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"tokenizer can't be loaded \(Couldn't instantiate"):
        fast_tokenizer(ModelRef.at(model))
