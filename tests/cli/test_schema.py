import json

from click.testing import CliRunner

from harness.cli.main import cli
from harness.config.sequence_file import SequenceFile
from harness.kinds.registry import KINDS


def schema(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(cli, ["schema", *arguments])
    assert done.exit_code == 0
    return dict(json.loads(done.output))


def test_schemas_name_every_key_and_allow_no_other() -> None:
    sequence, task = schema(), schema("--kind", "task")
    assert sequence["$schema"] == task["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    tasks = {name: KINDS.get(name).task_model for name in KINDS.names()}
    kinds = {kind: task["$defs"][model.__name__] for kind, model in tasks.items()}  # type: ignore[index]
    models = {"sequence": SequenceFile, **tasks}
    for name, found in {"sequence": sequence, **kinds}.items():
        assert set(found["properties"]) == set(models[name].model_fields)  # type: ignore[call-overload]
        assert found["additionalProperties"] is False
    assert task["discriminator"]["propertyName"] == "kind"  # type: ignore[index]


def test_settings_of_single_tasks_are_described_like_those_of_all() -> None:
    settings = schema()["$defs"]["TrainingSettings"]["properties"]  # type: ignore[index]
    (one,) = settings["per_task"]["patternProperties"].values()
    assert one["properties"]["epochs"] == settings["epochs"]
    assert one["additionalProperties"] is False
