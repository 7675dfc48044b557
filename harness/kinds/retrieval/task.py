"""A retrieval task: sentences whose vectors are compared, of one layer of the encoder as it is."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from harness.kinds.sources import Text
from harness.kinds.task import Task


class RetrievalTask(Task):
    """Sentences to find by the vectors that an encoder makes of them."""

    joinable: ClassVar[bool] = False
    formats: ClassVar[tuple[str, ...]] = ("tsv", "csv", "jsonl", "parquet", "arrow", "text", "bucc")

    kind: Literal["retrieval"]
    search: Literal["nearest", "mining"] = Field(
        description="nearest: the nearest candidate of each query, of rows with one of each (Tatoeba); "
        "mining: the pairs of sentences that are translations, in two lists of them (BUCC)."
    )
    query: Text = Field("query", description="Of nearest: the column with what searches.")
    candidate: Text = Field("candidate", description="Of nearest: the column with what is found.")
    layers: dict[int, int] = Field(
        min_length=1,
        description="Number of the encoder's layers -> after which of them vectors are taken; of other "
        "encoders after the same share of their layers.",
    )
    pooling: Literal["mean", "first"] = Field(
        "mean", description="A sentence's vector: the mean over its tokens, or that of the first."
    )
    max_length: int = Field(512, ge=4, le=100_000, description="Tokens after which a sentence is cut.")
    neighbors: int = Field(
        4, ge=1, le=1000, description="Of mining: over how many neighbors the margin averages."
    )
    threshold: float | None = Field(
        None,
        description="Of mining: the margin from which pairs are taken; default: best on validation rows.",
    )

    @property
    def labels(self) -> tuple[str, ...]:
        """None: the kind has no labels."""
        return ()

    @field_validator("layers")
    @classmethod
    def _layers_are_there(cls, layers: dict[int, int]) -> dict[int, int]:
        if strange := [f"{depth}: {layer}" for depth, layer in layers.items() if not 0 <= layer <= depth]:
            raise ValueError(f"{strange[0]}: a layer from 0 (the embeddings) to the encoder's last is due")
        return layers

    def layer(self, depth: int) -> int:
        """Return after which layer an encoder of `depth` layers gives its vectors."""
        nearest = min(self.layers, key=lambda known: abs(known - depth))
        return round(self.layers[nearest] * depth / nearest)

    def scoring_settings(self) -> dict[str, Any]:
        """Return what decides on vectors and search."""
        named = ("search", "layers", "pooling", "max_length", "neighbors", "threshold")
        return self.model_dump(mode="json", include=set(named))
