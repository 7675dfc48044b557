import json

from click.testing import CliRunner

from harness.cli.main import cli
from harness.spec.sequence_file import SequenceFile
from harness.spec.training_task import TrainingTask


def schema(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(cli, ["schema", *arguments])
    assert done.exit_code == 0
    return dict(json.loads(done.output))


def test_schemas_name_every_key_and_allow_no_other() -> None:
    for arguments, model in (((), SequenceFile), (("--kind", "task"), TrainingTask)):
        found = schema(*arguments)
        assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert set(found["properties"]) == set(model.model_fields)  # type: ignore[call-overload]
        assert found["additionalProperties"] is False


def test_settings_of_single_tasks_are_described_like_those_of_all() -> None:
    settings = schema()["$defs"]["TrainingSettings"]["properties"]  # type: ignore[index]
    (one,) = settings["per_task"]["patternProperties"].values()
    assert one["properties"]["epochs"] == settings["epochs"]
    assert one["additionalProperties"] is False
