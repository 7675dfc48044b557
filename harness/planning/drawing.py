"""The plan as text: the tree of stages and its counts."""

from collections.abc import Iterator
from itertools import islice

from harness.config.load import LoadedSequence
from harness.message_text import how_many
from harness.planning.balance import balance
from harness.planning.balance_table import balance_tables
from harness.planning.content import mixture_descriptions, shown_name
from harness.planning.heads import reused_heads
from harness.planning.orders import plan_size
from harness.planning.stage import Stage
from harness.planning.tree import Plan

# Above this the tree would fill screens without telling more than the counts do.
_MOST_SEQUENCES = 5_000
_MOST_LINES = 200


def draw(loaded: LoadedSequence) -> str:
    """Return the tree of one seed (all seeds have the same), its balance, and the counts over all seeds."""
    spec, size = loaded.spec, plan_size(loaded.spec, len(loaded.untrained))
    lines = [spec.model]
    if size.sequences // len(spec.seeds) <= _MOST_SEQUENCES:
        plan = Plan.of(loaded, seeds=spec.seeds[:1])
        drawn = list(islice(_branches(plan), _MOST_LINES + 1))
        lines += drawn[:_MOST_LINES]
        if len(drawn) > _MOST_LINES:
            lines.append(f"… {len(plan.stages) - _MOST_LINES} more stages")
    else:
        lines.append("… the tree is too large to draw")
    mixtures = [f"{name} = {words}" for name, words in mixture_descriptions(loaded).items()]
    lines += ["", *mixtures] if mixtures else []
    tables = balance_tables(balance(spec))
    lines += ["", *([tables, ""] if tables else []), summary(loaded)]
    return "\n".join(lines)


def summary(loaded: LoadedSequence) -> str:
    """Return the counts in a sentence."""
    spec, size = loaded.spec, plan_size(loaded.spec, len(loaded.untrained))
    seeds = ", ".join(str(seed) for seed in spec.seeds)
    shared = (
        f"{size.stages_without_sharing:,} without shared prefixes"
        if spec.share == "prefixes"
        else "none of them shared"
    )
    return (
        f"{how_many(size.sequences, 'sequence')} (targets: {', '.join(spec.targets)}; seeds: {seeds}), "
        f"{how_many(size.stages, 'stage')}; {shared}"
    )


def _shown(loaded: LoadedSequence, stage: Stage) -> str:
    if not stage.is_trained:
        return f"{shown_name(loaded, stage.task)} (not trained: scores the encoder as it is here)"
    if stage.shots is None:
        return shown_name(loaded, stage.task)
    return f"{stage.shots} (not zero-shot)"


def _reused(loaded: LoadedSequence, stage: Stage) -> str:
    """Return whose head a stage reuses; a few-shot stage always has the target's."""
    heads = reused_heads(loaded, stage).values() if stage.shots is None else ()
    names = dict.fromkeys(head.name for head in heads)
    return f" (head of {', '.join(names)})" if names else ""


def _branches(plan: Plan) -> Iterator[str]:
    children: dict[Stage | None, list[Stage]] = {}
    for stage in plan.stages:
        children.setdefault(stage.parent, []).append(stage)
    yield from _below(plan.loaded, None, "", children)


def _below(
    loaded: LoadedSequence,
    parent: Stage | None,
    indent: str,
    children: dict[Stage | None, list[Stage]],
) -> Iterator[str]:
    here = children.get(parent, [])
    for position, stage in enumerate(here):
        last = position == len(here) - 1
        mark = " ●" if stage.is_evaluated else ""
        yield f"{indent}{'└─ ' if last else '├─ '}{_shown(loaded, stage)}{mark}{_reused(loaded, stage)}"
        yield from _below(loaded, stage, indent + ("   " if last else "│  "), children)
