"""The corpora that checkpoints are scored on, and where their rows lie."""

from dataclasses import dataclass

# XNLI's 15 languages (Conneau et al. 2018), English first, and PAWS-X's 7 (Yang et al. 2019).
_XNLI_LANGUAGES = ("en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
_PAWSX_LANGUAGES = ("en", "de", "es", "fr", "ja", "ko", "zh")


@dataclass(frozen=True)
class EvaluationCorpus:
    """A parallel test corpus: row i is the same item in every language.

    Attributes:
        name: As in `metadata.corpus` of an evaluation task.
        title: Its name in the literature.
        languages: ISO 639-1 codes, English first.
        label_names: The position is the label's id.
        label_values: Value in the data -> label name, where they differ.
        folder: Folder below the data folder; files are `{split}-{language}.tsv`, without header.
        columns: Text, text, label, in the order of the folder's files and by name on the hub.
        repository: Hub repository with one config per language.
        revision: Its commit.
        published_rows: Split -> number of rows of every language.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    label_names: tuple[str, ...]
    label_values: dict[str, str]
    folder: str
    columns: tuple[str, str, str]
    repository: str
    revision: str
    published_rows: dict[str, int]

    def path(self, language: str, split: str) -> str:
        """Return a file's place below the data folder; XTREME calls the validation split `dev`."""
        return f"{self.folder}/{'dev' if split == 'validation' else split}-{language}.tsv"


_CORPORA = (
    EvaluationCorpus(
        name="xnli",
        title="XNLI",
        languages=_XNLI_LANGUAGES,
        label_names=("entailment", "neutral", "contradiction"),
        label_values={},
        folder="xtreme/xnli",
        columns=("premise", "hypothesis", "label"),
        repository="facebook/xnli",
        revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        published_rows={"test": 5010, "validation": 2490},
    ),
    EvaluationCorpus(
        name="pawsx",
        title="PAWS-X",
        languages=_PAWSX_LANGUAGES,
        label_names=("not_paraphrase", "paraphrase"),
        label_values={"0": "not_paraphrase", "1": "paraphrase"},
        folder="xtreme/pawsx",
        columns=("sentence1", "sentence2", "label"),
        repository="google-research-datasets/paws-x",
        revision="4cd8187c404bda33cb1f62b49b001115862acf37",
        published_rows={"test": 2000, "validation": 2000},
    ),
)

CORPORA = {corpus.name: corpus for corpus in _CORPORA}
