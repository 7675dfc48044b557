"""X-MOD (Pfeiffer et al. 2022, https://arxiv.org/abs/2205.06266): an encoder with an adapter a language.

The adapter is that of the rows' language. In fine-tuning the adapters stay as they were pretrained, so that
those of the target languages go with what was learned in English (the paper's section 3.3).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import UserError
from harness.message_text import names_in_short

_TYPE = "xmod"
_ADAPTERS = ".adapter_modules."


class UnknownLanguageError(UserError):
    """The model has no adapter for a language."""


def has_adapters(config: Mapping[str, Any]) -> bool:
    """Return whether the content of a config.json is an X-MOD's."""
    return config.get("model_type") == _TYPE


def check_languages(config: Mapping[str, Any], languages: Iterable[str]) -> None:
    """Refuse languages (ISO 639) for which an X-MOD has no adapter.

    Raises:
        UnknownLanguageError: there are such.
    """
    if has_adapters(config):
        for language in languages:
            _adapter(config["languages"], language)


def set_language(config: Any, language: str) -> None:
    """Let an X-MOD of a configuration read a language (ISO 639) from now on; others are left as they are.

    Raises:
        UnknownLanguageError: it has no adapter for the language.
    """
    if config.model_type == _TYPE:
        config.default_language = _adapter(config.languages, language)


def freeze_adapters(model: Any) -> None:
    """Leave the adapters of an X-MOD as they are; other models have none."""
    if model.config.model_type == _TYPE:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and _ADAPTERS not in name)


def _adapter(names: Iterable[str], language: str) -> str:
    """Return the adapter's name, as sw_KE for sw."""
    for name in names:
        if name.partition("_")[0] == language:
            return name
    raise UnknownLanguageError(
        f"language {language!r}: the model is an X-MOD and has no adapter for it, only for "
        f"{names_in_short(names)}; leave the language out, or choose another model"
    )
