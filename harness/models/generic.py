"""What transformers has: its heads by architecture, and the one that it lacks for a family that is listed."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from harness.kinds.registry import KINDS


def auto_class(name: str) -> Any:
    """Return an auto class of transformers, which knows the heads of `harness.models.families`."""
    import transformers

    if name == "AutoModelForTokenClassification":
        _register_gemma3_tagger()
    return getattr(transformers, name)


@cache
def _register_gemma3_tagger() -> None:
    """Give Gemma 3's text model a head for tokens: transformers 5.23 has it for Gemma 1 and 2 only."""
    from transformers import AutoModelForTokenClassification, Gemma3TextConfig
    from transformers.modeling_layers import GenericForTokenClassification
    from transformers.models.gemma3.modeling_gemma3 import Gemma3PreTrainedModel

    if Gemma3TextConfig in AutoModelForTokenClassification._model_mapping:
        return
    tagger = type(
        "Gemma3TextForTokenClassification",
        (GenericForTokenClassification, Gemma3PreTrainedModel),
        {"config": None, "__annotations__": {"config": Gemma3TextConfig}, "__module__": __name__},
    )
    # exist_ok: else transformers leaves its own configurations alone, in silence.
    AutoModelForTokenClassification.register(Gemma3TextConfig, tagger, exist_ok=True)


def knows(model_type: str) -> bool:
    """Return whether transformers has an architecture at all."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return model_type in CONFIG_MAPPING_NAMES


def kinds_with_head(model_type: str) -> tuple[str, ...]:
    """Return the kinds of task that are trained and for which transformers has a head of an architecture.

    None of one that also decodes: the heads of those read the input a second time.
    """
    from transformers import CONFIG_MAPPING

    if CONFIG_MAPPING[model_type].is_encoder_decoder:
        return ()
    trained = (name for name in KINDS.names() if KINDS.get(name).is_trained)
    return tuple(name for name in trained if has_head(model_type, [name]))


def has_head(model_type: str, kinds: Iterable[str]) -> bool:
    """Return whether transformers has heads of an architecture for all these kinds of task."""
    return all(
        model_type in auto_class(KINDS.get(kind).model.head.auto_class)._model_mapping._model_mapping
        for kind in kinds
    )
