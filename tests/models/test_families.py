"""What an architecture cannot be trained on is refused by its configuration alone, when a plan is drawn."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.errors import UserError
from harness.models.checks import UnsupportedModelError, check_named_model
from harness.models.families import MissingHeadError
from tests.config.files import SEQUENCE, changed, write


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


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"model_type": "nobert"}, "transformers does not know the architecture. Did you mean 'bert'"),
        ({"model_type": "qwen3"}, "no head of the architecture qwen3.*span_extraction.*Leave those tasks"),
        ({"model_type": "own_bert", "auto_map": {"AutoModel": "a.B"}}, "write trust_remote_code: true"),
    ],
)  # fmt: skip
def test_plan_ends_with_2_and_says_why(tmp_path: Path, config: dict[str, object], says: str) -> None:
    (tmp_path / "model").mkdir()
    folder(tmp_path / "model", **config)
    text = changed(SEQUENCE, ("embedded:e5-small", "./model"), ("[rte, pawsx]", "[rte, squad_v1]"))
    found = CliRunner().invoke(cli, ["plan", str(write(tmp_path, "trial.yaml", text))])
    assert isinstance(found.exception, UserError) and found.exception.exit_code == 2
    assert re.search(says, str(found.exception))
