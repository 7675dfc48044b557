from pathlib import Path

import pytest

from harness.data.location import DataFolderMissingError, OutsideDataFolderError, below, data_folder


def test_the_option_wins_over_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setenv("XSTILTS_DATA", str(tmp_path / "a"))
    assert data_folder(tmp_path / "b") == tmp_path / "b"
    assert data_folder(None) == tmp_path / "a"
    monkeypatch.delenv("XSTILTS_DATA")
    assert data_folder(None) is None


def test_a_missing_folder_is_named_with_the_setting_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataFolderMissingError, match=r"--data-dir: .*nowhere"):
        data_folder(tmp_path / "nowhere")
    monkeypatch.setenv("XSTILTS_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataFolderMissingError, match=r"XSTILTS_DATA: .*gone"):
        data_folder(None)


@pytest.mark.parametrize(
    "path", ["../secret.tsv", "xtreme/../../secret.tsv", "/etc/hostname", "xtreme/link.tsv"]
)
def test_no_path_leaves_the_data_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "data"
    (folder / "xtreme").mkdir(parents=True)
    (tmp_path / "secret.tsv").write_text("a\tb\tentailment\n")
    (folder / "xtreme" / "link.tsv").symlink_to(tmp_path / "secret.tsv")
    with pytest.raises(OutsideDataFolderError, match="leads out of the data folder"):
        below(folder, path)


def test_xtremes_own_folder_serves_as_data_folder(tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    assert below(tmp_path, "xtreme/xnli/test-de.tsv") == tmp_path / "xnli" / "test-de.tsv"
    (tmp_path / "xtreme").mkdir()
    assert below(tmp_path, "xtreme/xnli/test-de.tsv") == tmp_path / "xtreme" / "xnli" / "test-de.tsv"
