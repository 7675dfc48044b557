"""What an architecture cannot be trained on is refused by its configuration alone."""

import json
from pathlib import Path

import pytest

from harness.models.checks import UnsupportedModelError, check_named_model
from harness.models.families import MissingHeadError


def folder(path: Path, **config: object) -> str:
    (path / "config.json").write_text(json.dumps(config))
    return str(path)


@pytest.mark.parametrize("model_type", ["eurobert", "qwen3", "mistral"])
def test_a_missing_head_is_named_with_what_would_work(tmp_path: Path, model_type: str) -> None:
    with pytest.raises(MissingHeadError, match=r"kind multiple_choice.*Leave those tasks out.*bert"):
        check_named_model(folder(tmp_path, model_type=model_type), False, ["tagging", "multiple_choice"])


def test_foreign_code_needs_permission(tmp_path: Path) -> None:
    model = folder(tmp_path, model_type="own_bert", auto_map={"AutoModel": "modeling.Own"})
    with pytest.raises(UnsupportedModelError, match="Read that code, then write trust_remote_code: true"):
        check_named_model(model, False, ["classification"])


def test_an_unknown_architecture_and_one_that_decodes_are_refused(tmp_path: Path) -> None:
    for name, why in (("nobert", "does not know the architecture"), ("bart", "no head of it")):
        with pytest.raises(UnsupportedModelError, match=why):
            check_named_model(folder(tmp_path, model_type=name), False, ["classification"])
