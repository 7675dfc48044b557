"""The three files of one language pair of BUCC 2018: two lists of sentences, and which are translations."""

from pathlib import Path
from typing import Any

from harness.data.sources.text_file import MalformedFileError, file_lines, file_text
from harness.kinds.columns import SourceColumns, require_columns
from harness.message_text import in_short
from harness.named_path import is_there

COLUMNS = ("id", "sentence", "translations")
_ENGLISH, _GOLD = ".en", ".gold"


def bucc_columns(path: Path, source: str, needed: tuple[str, ...]) -> SourceColumns:
    """Return one row for each sentence, those of the file first, then the English ones.

    `translations` holds the ids of a sentence's translations, mostly none; of English ones it is null, since
    they are found and do not search.

    Args:
        path: The file of the other language, `de-en.training.de`; `.en` and `.gold` lie beside it.
        source: What messages and records call it.
        needed: The columns.

    Raises:
        MalformedFileError: a file is not there, a line is not laid out so, or names a sentence that is not
            there.
        MissingColumnError: the task names other columns.
    """
    require_columns(str(path), COLUMNS, needed, "A BUCC file gives these; leave the task's own names out.")
    english, gold = path.with_suffix(_ENGLISH), path.with_suffix(_GOLD)
    if not is_there(gold):
        raise MalformedFileError(
            f"{gold}: no such file, so that nothing says which sentences are translations; XTREME's own "
            "download takes it away: use BUCC's release, bucc2018-LANGUAGE-en.training-gold.tar.bz2"
        )
    own, others = _sentences(path), _sentences(english)
    translations: dict[str, list[str]] = {name: [] for name, _ in own}
    known = {name for name, _ in others}
    for number, (first, second) in enumerate(_fields(gold), 1):
        if first not in translations or second not in known:
            raise MalformedFileError(
                f"{gold}, line {number}: {in_short(first)} or {in_short(second)} is no sentence's id; take "
                "the three files from one release"
            )
        translations[first].append(second)
    rows = [*own, *others]
    columns: dict[str, list[Any]] = {
        "id": [name for name, _ in rows],
        "sentence": [text for _, text in rows],
        "translations": [*translations.values(), *([None] * len(others))],
    }
    numbers = [*range(1, len(own) + 1), *range(1, len(others) + 1)]
    return SourceColumns({name: columns[name] for name in needed}, str(path), source, "line", numbers, {})


def _sentences(path: Path) -> list[tuple[str, str]]:
    found = _fields(path)
    if len(dict(found)) != len(found):
        raise MalformedFileError(f"{path}: two sentences have one id; take the file from BUCC's release")
    return found


def _fields(path: Path) -> list[tuple[str, str]]:
    if not is_there(path):
        raise MalformedFileError(f"{path}: no such file; take the three files from one release")
    found = []
    for number, line in enumerate(file_lines(file_text(path)), 1):
        first, tab, second = line.rstrip("\n").partition("\t")
        if line.strip():
            if not tab or not first.strip():
                raise MalformedFileError(
                    f"{path}, line {number}: {in_short(line)} is not two fields with a tab in between; take "
                    "the file from BUCC's release"
                )
            found.append((first.strip(), second.strip()))
    return found
