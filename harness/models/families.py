"""The architectures that are trained, by the `model_type` of config.json, and which kinds of task each does.

Architectures that are not listed take the generic path: the classes of transformers decide what they can do
(`harness.models.generic`), and two training steps try it before a run (`harness.training.self_check`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.config.model_family import TEXT_TO_TEXT_TYPES
from harness.errors import UserError
from harness.kinds.registry import KINDS
from harness.message_text import cut, names_in_short


class Structure(StrEnum):
    """How a model reads its input."""

    ENCODER = "encoder"
    DECODER = "decoder"
    TEXT_TO_TEXT = "text-to-text"


class MissingHeadError(UserError):
    """The architecture has no head for a kind of task."""


@dataclass(frozen=True)
class Family:
    """One architecture.

    Attributes:
        model_type: As config.json has it.
        models: Published models of it.
        structure: Encoders see a whole input at each token; decoders only what stands before it (their mask
            is causal), so that the last token stands for the input.
        lacks: The kinds of task for which transformers has no class of this architecture.
        offset_positions: Whether positions are counted from after the padding id.
    """

    model_type: str
    models: str
    structure: Structure = Structure.ENCODER
    lacks: frozenset[str] = frozenset()
    offset_positions: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of task that it is trained on, of those that are installed."""
        if self.structure is Structure.TEXT_TO_TEXT:
            return tuple(name for name in KINDS.names() if KINDS.get(name).text_form_of)
        return tuple(name for name in KINDS.names() if name not in self.lacks)


# The question-answering classes of decoders name their encoder otherwise than all other classes do, so that
# neither pretrained weights nor the next stage's would be found.
_NOT_BY_DECODERS = frozenset({"multiple_choice", "span_extraction", "masked_lm", "retrieval"})


def _decoder(model_type: str, models: str) -> Family:
    return Family(model_type, models, Structure.DECODER, _NOT_BY_DECODERS)


def _roberta(model_type: str, models: str) -> Family:
    return Family(model_type, models, offset_positions=True)


_ALL = (
    Family("bert", "BERT, mBERT, MiniLM, E5"),
    Family("distilbert", "DistilBERT, DistilmBERT"),
    _roberta("roberta", "RoBERTa"),
    _roberta("xlm-roberta", "XLM-R base and large, XLM-V, multilingual E5"),
    _roberta("xlm-roberta-xl", "XLM-R XL and XXL"),
    _roberta("camembert", "CamemBERT"),
    # Retrieval puts rows of two languages into one batch.
    Family(
        "xmod",
        "X-MOD (the adapter of the rows' language; adapters stay frozen)",
        lacks=frozenset({"retrieval"}),
        offset_positions=True,
    ),
    Family("deberta-v2", "mDeBERTa v3, DeBERTa v2 and v3"),
    Family("electra", "ELECTRA"),
    Family("rembert", "RemBERT"),
    Family("modernbert", "ModernBERT, mmBERT small and base"),
    Family("eurobert", "EuroBERT 210m, 610m, 2.1B", lacks=frozenset({"multiple_choice", "span_extraction"})),
    Family("nomic_bert", "Nomic Embed", lacks=frozenset({"multiple_choice", "span_extraction"})),
    Family("jina_embeddings_v3", "Jina Embeddings v3", lacks=frozenset({"multiple_choice"})),
    _decoder("qwen3", "Qwen3"),
    _decoder("llama", "Llama 2 and 3, and others of its shape"),
    _decoder("gemma3_text", "Gemma 3 270m and 1B, text models"),
    Family("t5", "T5, byT5, Flan-T5", Structure.TEXT_TO_TEXT),
    Family("mt5", "mT5", Structure.TEXT_TO_TEXT),
    Family("umt5", "umT5", Structure.TEXT_TO_TEXT),
)
FAMILIES = {family.model_type: family for family in _ALL}
OFFSET_POSITIONS = tuple(family.model_type for family in _ALL if family.offset_positions)

assert {family.model_type for family in _ALL if family.structure is Structure.TEXT_TO_TEXT} == {
    *TEXT_TO_TEXT_TYPES
}


def is_decoder(model_type: str | None) -> bool:
    """Return whether a listed architecture reads from left to right."""
    family = FAMILIES.get(model_type or "")
    return family is not None and family.structure is Structure.DECODER


def check_kinds(model: str, model_type: str, kinds: Iterable[str]) -> None:
    """Refuse kinds of task that a listed architecture has no head for; text-to-text models have none at all.

    Args:
        model: The model, for messages.
        model_type: As config.json has it; those that are not listed are left to `harness.models.generic`.
        kinds: Names of task kinds.

    Raises:
        MissingHeadError: there are such.
    """
    family = FAMILIES.get(model_type)
    if family is None or family.structure is Structure.TEXT_TO_TEXT:
        return
    refuse_missing(
        model, model_type, [kind for kind in dict.fromkeys(kinds) if kind in family.lacks], family.kinds
    )


def refuse_missing(model: str, model_type: str, missing: list[str], able: Iterable[str]) -> None:
    """Raise the error that names kinds without a head, unless there are none.

    Raises:
        MissingHeadError: there are some.
    """
    if missing:
        others = [one.model_type for one in _ALL if not set(missing) & one.lacks and not is_text_to_text(one)]
        raise MissingHeadError(
            f"model {model}: transformers has no head of the architecture {cut(model_type)} that can be "
            f"trained for tasks of kind {names_in_short(missing)}. Leave those tasks out ({model_type} does "
            f"{names_in_short(list(able)) or 'none'}), or choose a model of one of {names_in_short(others)}"
        )


def is_text_to_text(family: Family) -> bool:
    """Return whether a family answers in words."""
    return family.structure is Structure.TEXT_TO_TEXT
