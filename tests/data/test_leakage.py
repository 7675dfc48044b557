"""Whole plans on real rows and on files made to leak, before anything is trained."""

import re
from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.data.leakage import Leakage, Shared
from harness.data.overlap import OverlapError
from harness.data.rows import NoRowsLeftError
from harness.planning.tree import Plan
from harness.resolved_plan import resolve
from tests.corpora import CORPORA
from tests.training.models import make_bert

XNLI_LANGUAGES = CORPORA["xnli"].languages


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    make_bert(folder)
    return folder


def plan(folder: Path, model: Path, target: str, evaluation: str, overlap: str | None = None) -> Plan:
    file = folder / "plan.yaml"
    file.write_text(
        f"name: plan\nmodel: {model}\ntargets: [{target}]\nseeds: [1]\nevaluation: {{{evaluation}}}\n"
        + (f"overlap: {overlap}\n" if overlap else "")
    )
    return Plan.of(load_sequences([file])[0])


def shared_with(leakage: Leakage, name: str) -> Shared:
    return next(part for part in leakage.shared if part.evaluation.name == name)


PAWSX = "tasks: [xtreme_pawsx_en, xtreme_pawsx_de, xtreme_pawsx_ko, xtreme_pawsx_zh]"


def test_pawsx_is_refused_for_its_reversed_pair_and_runs_without_it(shared_data, model, tmp_path):
    with pytest.raises(OverlapError, match=r"pawsx: 3 rows also in xtreme_pawsx_en(.|\n)*overlap: drop"):
        resolve(plan(tmp_path, model, "pawsx", PAWSX), shared_data)
    resolution = resolve(plan(tmp_path, model, "pawsx", PAWSX, "drop"), shared_data)
    rows = resolution.training["pawsx"]
    assert 562 in rows.dropped and len(rows.dropped) == 3
    assert len(rows.dataset) == 1997
    english = shared_with(resolution.leakage, "xtreme_pawsx_en")
    assert (english.sentence_rows, english.evaluation.rows) == (1237, 2000)


def leaking_xnli(folder: Path, shared_data: Path, languages: tuple[str, ...]) -> Path:
    """XNLI's development split as training rows and, with stand-ins for its translations, to be scored."""
    train = (shared_data / "xtreme" / "xnli" / "train-en.tsv").read_text()
    xnli = folder / "data" / "xtreme" / "xnli"
    xnli.mkdir(parents=True)
    (xnli / "train-en.tsv").write_text(train)
    for language in languages:
        lines = (line.split("\t") for line in train.splitlines())
        translated = (f"{language} {a}\t{language} {b}\t{label}\n" for a, b, label in lines)
        (xnli / f"dev-{language}.tsv").write_text(train if language == "en" else "".join(translated))
    return folder / "data"


def test_xnlis_development_split_leaks_into_all_fifteen_languages(shared_data, model, tmp_path):
    data = leaking_xnli(tmp_path, shared_data, XNLI_LANGUAGES)
    evaluation = "tasks: [xtreme_xnli], split: validation"
    with pytest.raises(OverlapError) as caught:
        resolve(plan(tmp_path, model, "xnli", evaluation), data)
    assert "xnli: 2,490 rows also in xtreme_xnli_en" in str(caught.value)
    named = re.search(r"the same items are scored in 15 languages \((.*)\)", str(caught.value))
    assert named and set(named.group(1).split(", ")) == set(XNLI_LANGUAGES)
    with pytest.raises(NoRowsLeftError, match="all of its 2,490 rows"):
        resolve(plan(tmp_path, model, "xnli", evaluation, "drop"), data)


def test_translations_alone_are_compared_by_the_english_rows_that_are_at_hand(shared_data, model, tmp_path):
    data = leaking_xnli(tmp_path, shared_data, ("en", "sw"))
    evaluation = "tasks: [xtreme_xnli_sw], split: validation"
    with pytest.raises(OverlapError, match=r"2,490 rows also in xnli \(en\)"):
        resolve(plan(tmp_path, model, "xnli", evaluation), data)
    (data / "xtreme" / "xnli" / "dev-en.tsv").unlink()
    (warning,) = resolve(plan(tmp_path, model, "xnli", evaluation), data).leakage.warnings
    assert "English rows are not available" in warning


def test_dropping_enters_the_digest_only_where_something_is_dropped(shared_data, model, tmp_path):
    def digests(target: str, evaluation: str, overlap: str | None) -> set[str]:
        return set(resolve(plan(tmp_path, model, target, evaluation, overlap), shared_data).digests.values())

    xnli = "tasks: [xtreme_xnli_en, xtreme_xnli_de]"
    assert digests("xnli", xnli, "drop") == digests("xnli", xnli, None) == digests("xnli", xnli, "refuse")
    german = resolve(plan(tmp_path, model, "pawsx", PAWSX, "drop"), shared_data)
    assert german.training["pawsx"].whole_fingerprint != german.training["pawsx"].fingerprint
