"""Rows trained again, stores combined and held to what was published, through the real command line."""

import re
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.errors import XstiltsError
from harness.evaluation.job import EvaluationManifest
from harness.store.entry import write_manifest
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow


def xstilts(*words):
    """Run a command in this process; return its exit code and everything it says."""
    found = CliRunner().invoke(cli, [str(word) for word in words])
    if isinstance(found.exception, XstiltsError):
        return found.exception.exit_code, f"{found.output}{found.exception}"
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.output


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One row with one seed in `store`, the other seed in `other`."""
    folder = tmp_path_factory.mktemp("made")
    file = make_experiment(folder, orders="[[rte]]", seeds="[1, 2]")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        for seed, store in ((1, "store"), (2, "other")):
            code, said = xstilts(
                "run", file, "--data-dir", folder / "data", "--seeds", seed, "--store", folder / store,
                "--workers", 1, "--leaderboards", folder / store / "runs" / "boards",
            )  # fmt: skip
            assert code == 0, said
        yield folder, file


def again(folder, page, file, *words):
    """Reproduce the first row of a page."""
    data = ("--data-dir", folder / "data")
    return xstilts("reproduce", page, "--row", 1, "--sequence", file, "--workers", 1, *data, *words)


def page_of(folder, store="store"):
    return folder / store / "runs" / "boards" / "tiny-orders.md"


def test_a_row_is_trained_again_to_the_same_bits_and_answers(made):
    folder, file = made
    code, said = again(folder, page_of(folder), file, "--store", folder / "store")
    assert code == 0, said
    assert said.count("bit-identical") == 2
    assert "xtreme_xnli_sw: the same 15 answers" in said and said.rstrip().endswith("The same.")


def test_what_is_not_the_same_is_named_and_explained(made, tmp_path):
    folder, file = made
    for name in page_of(folder).parent.iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    path = tmp_path / "tiny-orders.predictions.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[3]["prediction"] = "neutral" if rows[3]["prediction"] != "neutral" else "entailment"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    data = tmp_path / "tiny-orders.json"
    data.write_text(re.sub(r'("weights": ")....', r"\1ffff", data.read_text()))
    code, said = again(folder, data, file)
    assert code == 1, said
    assert "DIFFERS  weights of rte → xnli (seed 1): not those of the published checksum" in said
    assert re.search(r"DIFFERS  xtreme_xnli_\w+: 1 of 15 predictions differ \(items 3\)", said)
    assert "What may rightly differ" in said


def test_another_sequence_file_is_not_taken_for_the_published(made, tmp_path):
    folder, file = made
    other = tmp_path / "other.yaml"
    other.write_text(file.read_text().replace("1.0e-3", "1.1e-3"))
    code, said = again(folder, page_of(folder), other)
    assert code == 2
    assert "no sequence of" in said and "itself was changed since" in said
    assert xstilts("reproduce", page_of(folder), "--row", 7)[0] == 2


def test_two_stores_publish_one_leaderboard_and_conflicts_are_refused(made, tmp_path):
    folder, file = made
    stores = ("--data-dir", folder / "data", "--from", folder / "store", "--from", folder / "other")
    code, said = xstilts("publish", file, *stores, "--leaderboards", tmp_path / "boards")
    assert code == 0, said
    page = tmp_path / "boards" / "tiny-orders.md"
    assert "## Not run yet" not in page.read_text()
    words = ("verify", page, "--store", folder / "store", "--store", folder / "other")
    assert xstilts(*words)[0] == 0
    wrong = tmp_path / "wrong"
    shutil.copytree(folder / "store" / "evaluations", wrong / "evaluations")
    shutil.copy(folder / "store" / "format.json", wrong)
    (manifest,) = (wrong / "evaluations").glob("*/manifest.json")
    other = re.sub(r'("accuracy": 0\.)\d+', r"\g<1>987", manifest.read_text(), count=1)
    # As if that store had found another result; a manifest that is not its checksum's would be left out.
    write_manifest(manifest.parent, EvaluationManifest.model_validate_json(other))
    stores = ("--data-dir", folder / "data", "--from", folder / "store", "--from", wrong)
    code, said = xstilts("publish", file, *stores, "--leaderboards", tmp_path)
    assert code == 2
    assert "the same evaluation has other results" in said and "0.987" in said


def test_any_changed_digit_of_a_manifest_or_file_of_the_store_is_named(made):
    folder, _ = made
    words = ("verify", page_of(folder), "--store", folder / "store")
    assert xstilts(*words)[0] == 0
    for path in (*folder.glob("store/stages/*/manifest.json"), *folder.glob("store/evaluations/*/*.json")):
        whole = path.read_bytes()
        digits = [place for place, byte in enumerate(whole) if 48 <= byte <= 57]
        for place in digits[:: max(1, len(digits) // 6)]:
            changed = bytearray(whole)
            changed[place] = ord(str((int(chr(whole[place])) + 1) % 10))
            path.write_bytes(changed)
            code, said = xstilts(*words)
            assert code == 1 and path.relative_to(folder / "store").as_posix() in said, (path, place)
        path.write_bytes(whole)
    assert xstilts(*words)[0] == 0
