import harness
from harness.report.publication import compile_publication
from harness.report.renderers.markdown import render_page
from harness.resolved_plan import resolve
from harness.results.settings import stage_settings
from tests.report.experiments import board, columns, scored_row
from tests.store.entries import manifest


def settings(changes):
    """Return the settings of the quickstart's stages, some with results that `changes` alters."""
    resolved = resolve(harness.plan("quickstart", limit=4, seeds=[1, 2]), None)
    manifests = []
    for stage, digest in resolved.digests.items():
        made = manifest(digest)
        member, names = made.result.members[0], [one.name for one in resolved.content(stage).members]
        members = tuple(member.model_copy(update={"name": name}) for name in names)
        changed = {"steps": 40, "members": members, **changes(stage)}
        manifests.append(made.model_copy(update={"result": made.result.model_copy(update=changed)}))
    return stage_settings(resolved, manifests)


def page(found):
    row = scored_row(("rte",), {seed: {"en": 0.6, "de": 0.5} for seed in (1, 2)})
    return render_page(
        compile_publication(
            board([row], {"xnli": columns("xnli", ("en", "de"))}, (1, 2), settings=found), None
        )
    )


def test_the_page_tells_steps_that_fp16_left_out_and_stages_that_may_differ_another_time():
    def changes(stage):
        if stage.task == "mini_sentiment":
            return {"skipped_steps": 2 + stage.seed, "deterministic": False}
        return {}

    found = {one.stage: one for one in settings(changes)}
    stages = len(found["mini_sentiment"].skipped_steps)
    assert stages == 4 == found["mini_sentiment"].nondeterministic
    text = page(tuple(found.values()))
    assert "mini_sentiment: 3 to 4 (mean 4) of 40 steps of a stage changed nothing, since" in text
    assert "mini_sentiment: 4 stages trained with an operation that has no deterministic form" in text
    assert text.count("deterministic form") == text.count("exceeded fp16") == 1


def test_nothing_is_said_of_stages_that_went_as_they_should():
    found = settings(lambda stage: {})
    assert "deterministic form" not in page(found)
    assert "fp16" not in page(found)
    assert all(not {"skipped_steps", "nondeterministic"} & one.model_dump().keys() for one in found)
