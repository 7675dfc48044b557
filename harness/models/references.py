"""The model that a sequence starts from: named by the user, identified by content, fetched as safetensors."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from harness.config.model_family import TEXT_TO_TEXT_TYPES, is_path, model_type
from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import first_line
from harness.models.checks import check_no_adapter
from harness.models.files import read_config
from harness.models.tokenizer_files import TOKENIZER_FILES, tokenizer_files
from harness.named_path import is_folder, user_path

_EMBEDDED = "embedded:"


class ModelNotFoundError(UserError):
    """There is no such model, or it cannot be reached."""


class UnsafeModelError(UserError):
    """The model has no safetensors weights; pickles are never loaded."""


class ModelRef(FrozenModel):
    """A model: where it is, which revision of it, and whether code that comes with it may run."""

    name: str = Field(description="Local folder, hub id, or embedded:NAME.")
    revision: str = Field("main", description="Branch, tag or commit of a hub model; unused for others.")
    trust_remote_code: bool = Field(False, description="Run Python code that comes with the model.")

    @classmethod
    def at(cls, folder: Path, trust_remote_code: bool = False) -> "ModelRef":
        """Return the model of a folder of this machine."""
        return cls(name=str(folder), trust_remote_code=trust_remote_code)

    def beside(self, folder: Path) -> "ModelRef":
        """Return the model of another folder of this machine, whose code may run where this one's may."""
        return ModelRef.at(folder, self.trust_remote_code)

    @property
    def folder(self) -> Path:
        """The folder of a model of this machine, as `local` returns it."""
        return Path(self.name)

    def local(self) -> "ModelRef":
        """Return the same model as a folder of this machine, converted or downloaded at first use.

        Raises:
            UserError: the model cannot be had.
        """
        if self.name.startswith(_EMBEDDED):
            from harness.embedded.encoder import ensure_encoder

            return self.beside(ensure_encoder(self.name.removeprefix(_EMBEDDED)))
        folder = user_path(self.name)
        return self.beside(folder.resolve() if is_folder(folder) else _download(self))


@dataclass(frozen=True)
class ResolvedModel:
    """A pretrained model, identified.

    Attributes:
        name: What the user wrote.
        ref: The model, a local folder by its full path, a hub model at its commit.
        revision: Commit of a hub model, None for others.
        fingerprint: Commit of a hub model, else sha256 (hex) of its content.
        description: One line for people.
        model_type: Architecture as config.json names it, where it is known without loading the model.
    """

    name: str
    ref: ModelRef
    revision: str | None
    fingerprint: str
    description: str
    model_type: str | None = None

    @property
    def is_text_to_text(self) -> bool:
        """Whether the model answers in words, without a head."""
        return self.model_type in TEXT_TO_TEXT_TYPES

    @property
    def identity(self) -> str:
        """What stands for the model in the digest of a first stage: its fingerprint, and whether code ran."""
        return f"{self.fingerprint} with its code" if self.ref.trust_remote_code else self.fingerprint


def resolve_model(model: ModelRef, base: Path = Path()) -> ResolvedModel:
    """Identify a model without loading it and, for the hub, without downloading its weights.

    The fingerprint covers the Python files of a local folder where its code may run.

    Args:
        model: A local folder is a path with a `/`, or one that exists.
        base: Where a relative path begins: the sequence file's folder; default: the current folder.

    Raises:
        UserError: there is no such model, or it has no safetensors weights.
    """
    name = model.name
    if name.startswith(_EMBEDDED):
        from harness.embedded.encoder import EMBEDDED_ENCODERS, encoder_fingerprint

        encoder = name.removeprefix(_EMBEDDED)
        fingerprint = encoder_fingerprint(encoder)
        return ResolvedModel(name, model, None, fingerprint, EMBEDDED_ENCODERS[encoder].description)
    folder = base / user_path(name)
    if is_folder(folder):
        return _local(model, folder.resolve())
    if is_path(name):
        raise ModelNotFoundError(
            f"model: {name}: there is no such folder ({folder.absolute()}). Name a folder with "
            "config.json, tokenizer and *.safetensors, a hub id, or embedded:e5-small."
        )
    return _hub(model)


def tokenizer_fingerprint(folder: Path) -> str:
    """Return the sha256 (hex) over the tokenizer files of a model's folder."""
    return _hash_files(folder, [folder / name for name in tokenizer_files(folder)])


def _local(model: ModelRef, folder: Path) -> ResolvedModel:
    name = model.name
    check_no_adapter(folder)
    if not (folder / "config.json").is_file():
        raise ModelNotFoundError(
            f"model: {name}: the folder has no config.json, so it is not a Hugging Face model"
        )
    read_config(folder)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UnsafeModelError(
            f"model: {name}: the folder has no *.safetensors. Pickled weights are not loaded, since they "
            "can run code. Name a folder with safetensors, as save_pretrained of transformers writes them."
        )
    files = [folder / "config.json", *(folder / name for name in tokenizer_files(folder)), *weights]
    if model.trust_remote_code:
        files += sorted(folder.glob("*.py"))
    fingerprint = _hash_files(folder, files)
    ref = model.beside(folder)
    return ResolvedModel(name, ref, None, fingerprint, f"local folder {name}", model_type(folder))


def _hash_files(folder: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(folder)} {digest}\n".encode())
    return total.hexdigest()


def _hub(model: ModelRef) -> ResolvedModel:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    name, revision = model.name, model.revision
    try:
        found = HfApi().model_info(name, revision=revision)
    except HFValidationError as error:
        raise ModelNotFoundError(f"model: {name!r} is neither a folder nor a hub id: {error}") from error
    except HfHubHTTPError as error:
        raise ModelNotFoundError(
            f"model: {name} (revision {revision}): the hub refused: {first_line(error)}"
        ) from error
    except Exception as error:  # offline mode, no network: each HTTP client raises its own kind
        return _from_hub_cache(model, error)
    names = {sibling.rfilename for sibling in found.siblings or []}
    if not any(name.endswith(".safetensors") and "/" not in name for name in names):
        raise UnsafeModelError(
            f"model: {name} (revision {revision}) has no *.safetensors. Pickled weights are not loaded; "
            "look for a revision such as refs/pr/1 that has them, or convert a copy and name its folder."
        )
    commit = str(found.sha)
    return _from_hub(model, commit, _hub_model_type(name, commit, found.config))


def _from_hub(model: ModelRef, commit: str, kind: str | None) -> ResolvedModel:
    about = f"{model.name} from the Hugging Face hub, commit {commit}"
    ref = model.model_copy(update={"revision": commit})
    return ResolvedModel(model.name, ref, commit, commit, about, kind)


def _hub_model_type(model: str, commit: str, config: dict[str, Any] | None) -> str | None:
    """Return what the hub says of the architecture, or its config.json where the hub says nothing."""
    from huggingface_hub import hf_hub_download

    if config and isinstance(config.get("model_type"), str):
        return str(config["model_type"])
    try:
        return model_type(Path(hf_hub_download(model, "config.json", revision=commit)).parent)
    except Exception as error:  # no network, no such file: each kind of its own
        raise ModelNotFoundError(
            f"model: {model} (commit {commit}): its config.json cannot be had: {first_line(error)}"
        ) from error


def _from_hub_cache(model: ModelRef, why: Exception) -> ResolvedModel:
    """Identify a hub model by what an earlier download left."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            model.name, revision=model.revision, allow_patterns=_patterns(model), local_files_only=True
        )
    except Exception as error:
        raise ModelNotFoundError(
            f"model: {model.name}: the hub cannot be reached ({first_line(why)}) and the model was not "
            "downloaded before. Check the network, name a local folder, or use embedded:e5-small."
        ) from error
    return _from_hub(model, Path(folder).name, model_type(Path(folder)))


def _download(model: ModelRef) -> Path:
    from huggingface_hub import snapshot_download

    options: dict[str, Any] = {"revision": model.revision, "allow_patterns": _patterns(model)}
    try:
        folder = Path(snapshot_download(model.name, **options))
        if model.trust_remote_code:  # its own tokenizer class may name files that no other has
            snapshot_download(model.name, **(options | {"allow_patterns": [*tokenizer_files(folder)]}))
    except Exception as error:
        raise ModelNotFoundError(f"model: {model.name}: download failed: {first_line(error)}") from error
    if not any(folder.glob("*.safetensors")):
        raise UnsafeModelError(
            f"model: {model.name} (revision {model.revision}) has no *.safetensors; pickles are not loaded"
        )
    return folder


def _patterns(model: ModelRef) -> list[str]:
    weights = ["model*.safetensors", "model.safetensors.index.json"]
    return ["config.json", *weights, *TOKENIZER_FILES, *(["*.py"] if model.trust_remote_code else [])]
