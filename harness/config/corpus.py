"""A corpus: the evaluation rows of one task in several languages, one YAML file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from harness.config.problem import Problem, SpecError, listed
from harness.config.wording import read_model
from harness.config.yaml_source import YamlSource, read_yaml
from harness.frozen_model import FrozenModel
from harness.kinds.registry import KINDS, TrainingTask, task_kind
from harness.kinds.sources import (
    LAYOUT_TAGS,
    EmbeddedSource,
    FolderSource,
    HubSource,
    Layouts,
    Name,
    Sources,
    Text,
    listed_layouts,
    require_distinct,
)
from harness.kinds.task import Task
from harness.message_text import nearest

Split = Literal["test", "validation"]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}$"),
    Field(json_schema_extra={"patternErrorMessage": "a language code of two or three letters (ISO 639)"}),
]
_Source = TypeVar("_Source", bound=BaseModel)

LANGUAGE, SPLIT = "{language}", "{split}"
_ONLY_TRAINING = ("scored_by", "other_languages", "drop_unlabelled")


class CorpusFolder(FolderSource):
    """Files below the data folder; `{language}` and `{split}` stand for the names below."""

    languages: dict[Language, Text] = Field({}, description="Language -> its name here, where not its code.")
    splits: dict[Split, Text] = Field({}, description="Split -> its name here, such as `validation: dev`.")


class CorpusHub(HubSource):
    """A repository on the hub; `{language}` and `{split}` stand for the names below."""

    split: Text = Field(SPLIT, description="A split of the repository.")
    languages: dict[Language, Text] = Field({}, description="Language -> its name here, where not its code.")
    splits: dict[Split, Text] = Field({}, description="Split -> its name here, such as `test: validation`.")


class EmbeddedCorpus(FrozenModel):
    """A data set of the corpus that xstilts generates itself."""

    corpus: Name = Field(description="Name of the generated data set.")


class CorpusSources(FrozenModel):
    """Where the rows come from; the first that is available is used: folder, hub, embedded."""

    folder: Layouts[CorpusFolder] | None = Field(None, description="Files below the data folder.")
    hub: CorpusHub | None = Field(None, description="A repository on the hub.")
    embedded: EmbeddedCorpus | None = Field(None, description="Rows that xstilts generates.")

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.folder is None and self.hub is None and self.embedded is None:
            raise ValueError("at least one of folder, hub and embedded is needed")
        for source in (*listed_layouts(self.folder), self.hub):
            if source is not None and LANGUAGE not in str(source.model_dump(exclude={"languages"})):
                raise ValueError(f"{LANGUAGE} must occur in every source (path, config or only)")
        return self

    def of(self, language: str, split: Split) -> Sources:
        """Return the sources of one language and split."""
        layouts, hub, embedded = listed_layouts(self.folder), self.hub, self.embedded
        return Sources(
            folder=tuple(_filled(layout, FolderSource, language, split) for layout in layouts) or None,
            hub=None if hub is None else _filled(hub, HubSource, language, split),
            embedded=None
            if embedded is None
            else EmbeddedSource(corpus=embedded.corpus, language=language, split=split),
        )


class CorpusFile(FrozenModel):
    """What every corpus says, whatever its kind; the kind's own columns and labels stand beside it."""

    name: Name = Field(description="Its name; also the name of its file.")
    kind: Text = Field(description="What is asked of the model: a kind of training task.")
    title: Text = Field(description="Its name in the literature.")
    citation: Text | None = Field(None, description="Where the data set was published.")
    license: Text | None = Field(None, description="Under which terms; not needed for your own data.")
    version: float = Field(1.0, ge=0, description="Raised by hand when the meaning of its tasks changes.")
    task_prefix: Name | None = Field(
        None, description="Its group of evaluation tasks, PREFIX_LANGUAGE; default: the corpus's name."
    )
    languages: tuple[Language, ...] = Field(min_length=1, description="ISO 639 codes, English first.")
    splits: tuple[Split, ...] = Field(
        ("test", "validation"), min_length=1, description="The splits that have rows."
    )
    parallel: bool = Field(False, description="Row i is the same item in every language.")
    item: Text | None = Field(
        None,
        description="A column that names the items, alike in every language that has them; default: "
        "the row's number.",
    )
    cluster: Text | None = Field(
        None,
        description="A column whose equal values (parallel: of consecutive rows) group items that are no "
        "independent samples.",
    )
    expected_rows: dict[Split, Annotated[int, Field(ge=1)] | dict[Language, int]] = Field(
        {}, description="Split -> published number of rows, of every language or by language."
    )
    sources: CorpusSources = Field(description="Where its rows come from.")

    @field_validator("languages")
    @classmethod
    def _languages_are_distinct(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(languages, "the language")
        if "en" in languages[1:]:
            raise ValueError("English comes first")
        return languages


@dataclass(frozen=True)
class Corpus:
    """A corpus as its file defines it.

    Attributes:
        name: Name, unique among all corpora.
        content: All of the file that can change rows or scores; equal corpora have equal content.
        definition: Languages, sources and the like.
        task: What a row means: a task of the corpus's kind with its columns and labels.
        path: The file.
    """

    name: str
    content: str = field(repr=False)
    definition: CorpusFile = field(compare=False)
    task: TrainingTask = field(compare=False)
    path: Path = field(compare=False)

    @property
    def title(self) -> str:
        """Its name in the literature."""
        return self.definition.title

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639 codes, English first."""
        return self.definition.languages

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names; the position is the label's id. Empty where the kind has none."""
        return self.task.labels

    @property
    def task_prefix(self) -> str:
        """The group of its evaluation tasks, and what their names begin with."""
        return self.definition.task_prefix or self.name

    @property
    def scoring(self) -> dict[str, Any]:
        """What, besides the rows, decides on the scores of a checkpoint and on the groups of items."""
        named = self.definition.model_dump(include={"cluster", "item"}, exclude_none=True)
        settings = {**self.task.training_settings(), **self.task.scoring_settings()}
        return {"kind": self.task.kind, **named, **settings}

    def expected_rows(self, language: str, split: Split) -> int | None:
        """Return the published number of rows; None where the file does not say it."""
        rows = self.definition.expected_rows.get(split)
        return rows.get(language) if isinstance(rows, dict) else rows

    def sources(self, language: str, split: Split) -> Sources:
        """Return where the rows of one language and split come from."""
        return self.definition.sources.of(language, split)


def is_corpus(source: YamlSource) -> bool:
    """Return whether a file means to be a corpus rather than a training task or a task of lm-eval."""
    data = source.data
    return isinstance(data, dict) and "languages" in data and not {"task", "group", "targets"} & set(data)


def read_corpus(path: Path) -> Corpus:
    """Read a corpus.

    Raises:
        SpecError: all problems of the file.
    """
    return check_corpus(read_yaml(path))


def check_corpus(source: YamlSource) -> Corpus:
    """Return the corpus that a file holds.

    Raises:
        SpecError: all problems of the file.
    """
    data: dict[str, Any] = source.data if isinstance(source.data, dict) else {}
    problems = list(_problems(source, data))
    own = {key: value for key, value in data.items() if key in CorpusFile.model_fields}
    try:
        definition = read_model(replace(source, data=own) if data else source, CorpusFile, LAYOUT_TAGS)
    except SpecError as error:
        raise SpecError([*problems, *error.problems]) from error
    if problems:
        raise SpecError(problems)
    columns = {key: value for key, value in data.items() if key not in own}
    shared = definition.model_dump(include={"name", "kind", "title", "citation", "license"})
    sources = definition.sources.of(definition.languages[0], definition.splits[0])
    content = {**shared, **columns, "sources": sources.model_dump(mode="json", exclude_none=True)}
    kind = task_kind(definition.kind)
    task: Task = read_model(replace(source, data=content), kind.task_model, LAYOUT_TAGS)
    if kind.labels_from_rows(task):
        message = "a corpus names its labels: those that occur may differ from language to language"
        raise SpecError([source.problem(("kind",), message, "write labels: […]")])
    identity = definition.model_dump_json() + task.model_dump_json(exclude={"sources"})
    return Corpus(definition.name, identity, definition, task, source.path)


def _problems(source: YamlSource, data: Mapping[str, Any]) -> Iterator[Problem]:
    name, kind = data.get("name"), data.get("kind")
    if isinstance(name, str) and name != source.path.stem:
        remedy = f"rename the file to {name}.yaml, or the corpus to {source.path.stem}"
        yield source.problem(("name",), "a corpus's file must bear its name", remedy)
    if isinstance(kind, str) and kind not in (known := KINDS.names()):
        remedy = f"{nearest(kind, known)}Name one of {listed(known)}"
        yield source.problem(("kind",), "there is no such kind of task", remedy)
    strange = {*Task.model_fields, *_ONLY_TRAINING} - set(CorpusFile.model_fields)
    for key in strange.intersection(data):
        yield source.problem((key,), "only training tasks have this key", "remove it")


def find_corpus(name: str, folders: tuple[Path, ...]) -> Corpus | None:
    """Return the corpus of that name in the first folder that has one; None where none has.

    Raises:
        SpecError: its file is malformed.
    """
    for folder in folders:
        for path in sorted(folder.rglob(f"{name}.yaml")):
            source = read_yaml(path, any_tags=True)
            if is_corpus(source):
                return check_corpus(source)
    return None


def _filled(source: CorpusFolder | CorpusHub, model: type[_Source], language: str, split: Split) -> _Source:
    names = {LANGUAGE: source.languages.get(language, language), SPLIT: source.splits.get(split, split)}

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            for placeholder, name in names.items():
                value = value.replace(placeholder, name)
        elif isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        return value

    return model.model_validate(filled(source.model_dump(exclude={"languages", "splits"})))
