from pathlib import Path

import pytest

from harness.data.location import DataFolderMissingError, OutsideDataFolderError, below, data_folders


def test_the_option_wins_over_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setenv("XSTILTS_DATA", str(tmp_path / "a"))
    assert data_folders([tmp_path / "b"]) == (tmp_path / "b",)
    assert data_folders([]) == (tmp_path / "a",)
    monkeypatch.setenv("XSTILTS_DATA", f"{tmp_path / 'b'}:{tmp_path / 'a'}")
    assert data_folders([]) == (tmp_path / "b", tmp_path / "a")
    monkeypatch.delenv("XSTILTS_DATA")
    assert data_folders([]) == ()


def test_a_missing_folder_is_named_with_the_setting_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataFolderMissingError, match=r"--data-dir: .*nowhere"):
        data_folders([tmp_path / "nowhere"])
    monkeypatch.setenv("XSTILTS_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataFolderMissingError, match=r"XSTILTS_DATA: .*gone"):
        data_folders([])


@pytest.mark.parametrize(
    "path", ["../secret.tsv", "xtreme/../../secret.tsv", "/etc/hostname", "~/x.tsv", "."]
)
def test_no_path_leaves_the_data_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(OutsideDataFolderError, match="leads out of the data folder"):
        below(tmp_path, path)


def test_links_in_the_data_folder_are_followed_wherever_they_lead(tmp_path: Path) -> None:
    storage = tmp_path / "storage" / "RTE"
    storage.mkdir(parents=True)
    (storage / "train.tsv").write_text("a\tb\tentailment\n")
    folder = tmp_path / "data"
    (folder / "glue").mkdir(parents=True)
    (folder / "glue" / "RTE").symlink_to(storage)
    (folder / "link.tsv").symlink_to(storage / "train.tsv")
    for path in ("link.tsv", "glue/rte/train.tsv"):
        assert below(folder, path).read_text() == "a\tb\tentailment\n"


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("xnli/test-de.tsv", "xtreme/xnli/test-de.tsv"),
        ("download/xnli/test-de.tsv", "xtreme/xnli/test-de.tsv"),
        ("xtreme/xnli/test-de.tsv", "xtreme/xnli/test-de.tsv"),
        ("glue_data/MNLI/train.tsv", "glue/MNLI/train.tsv"),
        ("MNLI/train.tsv", "glue/MNLI/train.tsv"),
        ("GLUE/mnli/Train.TSV", "glue/MNLI/train.tsv"),
        ("own/train.tsv.gz", "own/train.tsv"),
        ("own/TRAIN.tsv.zst", "own/train.tsv"),
    ],
)
def test_a_file_is_found_by_other_names_of_its_folder_in_any_letter_case_and_compressed(
    tmp_path: Path, there: str, asked: str
) -> None:
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).touch()
    assert below(tmp_path, asked) == tmp_path / there


def test_of_two_files_that_differ_in_letter_case_alone_neither_is_taken_for_a_third(tmp_path: Path) -> None:
    for name in ("Train.tsv", "TRAIN.tsv"):
        (tmp_path / name).touch()
    assert not below(tmp_path, "train.tsv").exists()
    assert below(tmp_path, "TRAIN.tsv").exists()
