"""The model that a sequence starts from: named by the user, identified by content, fetched as safetensors."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config.model_family import TEXT_TO_TEXT_TYPES, is_path, model_type
from harness.errors import UserError
from harness.models.files import read_config
from harness.named_path import is_folder, user_path

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
"""The files by which Hugging Face tokenizers are saved."""

_EMBEDDED = "embedded:"


class ModelNotFoundError(UserError):
    """There is no such model, or it cannot be reached."""


class UnsafeModelError(UserError):
    """The model has no safetensors weights; pickles are never loaded."""


@dataclass(frozen=True)
class PretrainedModel:
    """A pretrained model, identified.

    Attributes:
        name: What the user wrote.
        folder_or_id: Local folder, hub id, or the name after `embedded:`.
        revision: Commit of a hub model, None for others.
        fingerprint: Commit of a hub model, else sha256 (hex) of its content.
        description: One line for people.
        model_type: Architecture as config.json names it, where it is known without loading the model.
    """

    name: str
    folder_or_id: str
    revision: str | None
    fingerprint: str
    description: str
    model_type: str | None = None

    @property
    def is_text_to_text(self) -> bool:
        """Whether the model answers in words, without a head."""
        return self.model_type in TEXT_TO_TEXT_TYPES


def resolve_model(model: str, revision: str, trust_remote_code: bool, base: Path = Path()) -> PretrainedModel:
    """Identify a model without loading it and, for the hub, without downloading its weights.

    Args:
        model: `embedded:NAME`, a local folder (a path with a `/`, or one that exists), or a hub id.
        revision: Branch, tag or commit of a hub model; unused for others.
        trust_remote_code: Include the folder's Python files in the fingerprint.
        base: Where a relative path begins: the sequence file's folder; default: the current folder.

    Raises:
        UserError: there is no such model, or it has no safetensors weights.
    """
    if model.startswith(_EMBEDDED):
        from harness.embedded.encoder import EMBEDDED_ENCODERS, encoder_fingerprint

        name = model.removeprefix(_EMBEDDED)
        fingerprint = encoder_fingerprint(name)
        return PretrainedModel(model, name, None, fingerprint, EMBEDDED_ENCODERS[name].description)
    folder = base / user_path(model)
    if is_folder(folder):
        return _local(model, folder.resolve(), trust_remote_code)
    if is_path(model):
        raise ModelNotFoundError(
            f"model: {model}: there is no such folder ({folder.absolute()}). Name a folder with "
            "config.json, tokenizer and *.safetensors, a hub id, or embedded:e5-small."
        )
    return _hub(model, revision, trust_remote_code)


def ensure_folder(model: PretrainedModel, trust_remote_code: bool) -> Path:
    """Return the model's folder on this machine, converting or downloading it at first use.

    Raises:
        UserError: the model cannot be had.
    """
    if model.name.startswith(_EMBEDDED):
        from harness.embedded.encoder import ensure_encoder

        return ensure_encoder(model.folder_or_id)
    if model.revision is None:
        return Path(model.folder_or_id)
    return _download(model.folder_or_id, model.revision, trust_remote_code)


def tokenizer_fingerprint(folder: Path) -> str:
    """Return the sha256 (hex) over the tokenizer files of a model's folder."""
    return _hash_files(folder, [folder / name for name in TOKENIZER_FILES])


def _local(name: str, folder: Path, trust_remote_code: bool) -> PretrainedModel:
    if not (folder / "config.json").is_file():
        raise ModelNotFoundError(
            f"model: {name}: the folder has no config.json, so it is not a Hugging Face model"
        )
    read_config(folder)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UnsafeModelError(
            f"model: {name}: the folder has no *.safetensors. Pickled weights are not loaded; "
            "convert them with transformers: AutoModel.from_pretrained(...).save_pretrained(...)."
        )
    files = [folder / "config.json", *(folder / file for file in TOKENIZER_FILES), *weights]
    if trust_remote_code:
        files += sorted(folder.glob("*.py"))
    return PretrainedModel(
        name, str(folder), None, _hash_files(folder, files), f"local folder {name}", model_type(folder)
    )


def _hash_files(folder: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(folder)} {digest}\n".encode())
    return total.hexdigest()


def _hub(model: str, revision: str, trust_remote_code: bool) -> PretrainedModel:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        found = HfApi().model_info(model, revision=revision)
    except HFValidationError as error:
        raise ModelNotFoundError(f"model: {model!r} is neither a folder nor a hub id: {error}") from error
    except HfHubHTTPError as error:
        raise ModelNotFoundError(
            f"model: {model} (revision {revision}): the hub refused: {_first_line(error)}"
        ) from error
    except Exception as error:  # offline mode, no network: each HTTP client raises its own kind
        return _from_hub_cache(model, revision, trust_remote_code, error)
    names = {sibling.rfilename for sibling in found.siblings or []}
    if not any(name.endswith(".safetensors") and "/" not in name for name in names):
        raise UnsafeModelError(
            f"model: {model} (revision {revision}) has no *.safetensors. Pickled weights are not loaded; "
            "look for a revision such as refs/pr/1 that has them, or convert a copy and name its folder."
        )
    commit = str(found.sha)
    return _from_hub(model, commit, _hub_model_type(model, commit, found.config))


def _from_hub(model: str, commit: str, kind: str | None) -> PretrainedModel:
    about = f"{model} from the Hugging Face hub, commit {commit}"
    return PretrainedModel(model, model, commit, commit, about, kind)


def _hub_model_type(model: str, commit: str, config: dict[str, Any] | None) -> str | None:
    """Return what the hub says of the architecture, or its config.json where the hub says nothing."""
    from huggingface_hub import hf_hub_download

    if config and isinstance(config.get("model_type"), str):
        return str(config["model_type"])
    try:
        return model_type(Path(hf_hub_download(model, "config.json", revision=commit)).parent)
    except Exception as error:  # no network, no such file: each kind of its own
        raise ModelNotFoundError(
            f"model: {model} (commit {commit}): its config.json cannot be had: {_first_line(error)}"
        ) from error


def _from_hub_cache(model: str, revision: str, trust_remote_code: bool, why: Exception) -> PretrainedModel:
    """Identify a hub model by what an earlier download left."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            model, revision=revision, allow_patterns=_patterns(trust_remote_code), local_files_only=True
        )
    except Exception as error:
        raise ModelNotFoundError(
            f"model: {model}: the hub cannot be reached ({_first_line(why)}) and the model was not "
            "downloaded before. Check the network, name a local folder, or use embedded:e5-small."
        ) from error
    return _from_hub(model, Path(folder).name, model_type(Path(folder)))


def _download(model: str, commit: str, trust_remote_code: bool) -> Path:
    from huggingface_hub import snapshot_download

    options: dict[str, Any] = {"revision": commit, "allow_patterns": _patterns(trust_remote_code)}
    try:
        folder = Path(snapshot_download(model, **options))
    except Exception as error:
        raise ModelNotFoundError(f"model: {model}: download failed: {_first_line(error)}") from error
    if not any(folder.glob("*.safetensors")):
        raise UnsafeModelError(
            f"model: {model} (commit {commit}) has no *.safetensors; pickles are not loaded"
        )
    return folder


def _patterns(trust_remote_code: bool) -> list[str]:
    weights = ["model*.safetensors", "model.safetensors.index.json"]
    return ["config.json", *weights, *TOKENIZER_FILES, *(["*.py"] if trust_remote_code else [])]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
