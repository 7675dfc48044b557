"""What the first worker looks at before any stage is trained, so that nothing is found out hours later."""

from harness.config.model_family import model_type
from harness.models.families import FAMILIES
from harness.models.tokenizer import fast_tokenizer
from harness.models.tokenizer_checks import (
    check_known,
    check_tokenizer,
    pipeline_warnings,
    unknown_warnings,
)
from harness.models.xmod import check_languages
from harness.training.distributed import World
from harness.training.engine import engine_config
from harness.training.model import check_loads
from harness.training.preflight_job import PreflightJob
from harness.training.self_check import self_check


def preflight(job: PreflightJob, world: World) -> tuple[str, ...]:
    """Refuse what no stage of a plan could be trained with; return what a user should know.

    Raises:
        UserError: batch or precision do not go with this machine; or the model, its tokenizer, the lengths
            and the texts do not go together.
    """
    for settings in job.stages:
        engine_config(job.deepspeed, settings, world)
    configs = [check_loads(job.model, one.task, one.hyperparameters) for one in job.tasks]
    folder, tokenizer = job.model.folder, fast_tokenizer(job.model)
    for config in configs[:1]:
        check_tokenizer(folder, tokenizer, config.to_dict())
        check_languages(config.to_dict(), job.languages)
    if model_type(folder) not in FAMILIES:
        self_check(job.model)
    for one in job.tasks:
        check_known(folder, tokenizer, f"training task {one.name!r}", one.texts)
    texts = [text for one in job.tasks for text in one.texts]
    return (
        *pipeline_warnings(folder, tokenizer, texts),
        *unknown_warnings(tokenizer, job.evaluation_texts),
    )
