"""Every YAML and JSON file that ships is read by the code that users' files go through."""

from pathlib import Path

import pytest
import yaml

from harness.config.catalogue import Catalogue
from harness.config.deepspeed_file import read_deepspeed
from harness.config.load import load_sequences
from harness.resources import shipped

FOLDERS = ("tasks", "sequences", "deepspeed_configs")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in shipped(folder).rglob("*")
    if path.suffix in (".yaml", ".yml", ".json") and not path.name.endswith(".lock.json")
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    catalogue = Catalogue.load()
    assert catalogue.problems == ()
    return catalogue


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(shipped("tasks").parent)))
def test_is_sound_and_bears_its_name(path: Path, catalogue: Catalogue) -> None:
    top = path.relative_to(shipped("tasks").parent).parts
    if top[0] == "sequences":
        assert load_sequences([path], catalogue)[0].spec.name == path.stem
    elif top[0] == "deepspeed_configs":
        assert read_deepspeed(path, path.stem).name == path.stem
    elif top[1] == "training":
        assert catalogue.training_tasks[path.stem].name == path.stem
    elif path.parent.name == "corpora":
        assert catalogue.corpora[path.stem].name == path.stem
    else:
        assert path.stem in catalogue.evaluation_names


@pytest.mark.parametrize("path", [file for file in FILES if file.parent.name in ("training", "sequences")])
def test_says_in_its_first_lines_what_it_is(path: Path) -> None:
    comment = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert path.read_text(encoding="utf-8").startswith("# ")
    if path.parent.name == "sequences":
        assert any(
            f"xstilts run {name}" in " ".join(comment) for name in (path.stem, f"sequences/{path.name}")
        )


@pytest.mark.parametrize("path", sorted(shipped("tasks").joinpath("training").glob("*.yaml")))
def test_other_yaml_readers_see_the_same_task(path: Path, catalogue: Catalogue) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    task = catalogue.training_tasks[path.stem]
    assert tuple(data.get("labels", ())) == task.labels
    assert set(data.get("label_values", {})) == set(getattr(task, "label_values", None) or {})


def test_hub_sources_are_pinned_to_commits(catalogue: Catalogue) -> None:
    for task in catalogue.training_tasks.values():
        for sources in task.all_sources:
            # ANLI's file says why it is not.
            if sources.hub is not None and sources.hub.repository != "facebook/anli":
                assert len(sources.hub.revision) == 40, task.name
