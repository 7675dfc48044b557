"""`xstilts plan`: what a sequence file asks for, before anything is trained."""

import json
from dataclasses import asdict

import click


@click.command("plan")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print counts and orders as JSON.")
def command(file: str, as_json: bool) -> None:
    """Draw the tree of stages of FILE (a path, or the name of a known sequence) and count them.

    ● marks a target stage, whose checkpoint is evaluated.
    """
    from harness.plan.balance import balance
    from harness.plan.drawing import draw
    from harness.plan.orders import plan_size
    from harness.spec.catalogue import find_sequence
    from harness.spec.load import load_sequences

    (loaded,) = load_sequences([find_sequence(file)])
    if not as_json:
        click.echo(draw(loaded))
        return
    spec, counts = loaded.spec, balance(loaded.spec)
    content = {
        "name": spec.name,
        "model": spec.model,
        **asdict(plan_size(spec)),
        "intermediates": spec.intermediates,
        "targets": spec.targets,
        "seeds": spec.seeds,
        "balance": {
            **asdict(counts),
            "positions_are_even": counts.positions_are_even,
            "successions_are_even": counts.successions_are_even,
        },
        "evaluations": {
            target: [task.name for task in tasks] for target, tasks in loaded.evaluations.items()
        },
    }
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
