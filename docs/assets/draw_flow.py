"""Draws docs/assets/flow.svg, the one picture of the way from a sequence file to a leaderboard."""

import itertools
from html import escape
from pathlib import Path

BOXES = [
    (20, 70, "Sequence file", ("model, tasks, orders,", "targets, seeds"), "#e8eaf6"),
    (230, 70, "Plan", ("a tree of stages that", "sequences share"), "#e8eaf6"),
    (440, 70, "Train", ("DeepSpeed; inline, local,", "Slurm or Ray"), "#e0f2f1"),
    (650, 70, "Evaluate", ("lm-evaluation-harness,", "every language"), "#e0f2f1"),
    (860, 70, "Leaderboard", ("page, JSON, predictions,", "tests, intervals"), "#fff3e0"),
]
STORE = (
    440,
    220,
    "Store",
    ("finished stages and evaluations,", "each under a digest of all that can change it"),
)
WIDTH, HEIGHT, BOX, TALL = 1060, 320, 170, 84


def arrow(path: str) -> str:
    """Return a line with a head at its end."""
    return f'<path d="{path}" fill="none" stroke="#5c6bc0" stroke-width="2" marker-end="url(#head)"/>'


def box(x: int, y: int, width: int, title: str, lines: tuple[str, ...], fill: str) -> str:
    """Return a box with a title and lines of text."""
    middle = x + width / 2
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{TALL}" rx="8" fill="{fill}" stroke="#5c6bc0"/>',
        f'<text x="{middle}" y="{y + 27}" font-weight="bold" font-size="17">{escape(title)}</text>',
    ]
    parts += [
        f'<text x="{middle}" y="{y + 49 + 18 * at}" font-size="13">{escape(line)}</text>'
        for at, line in enumerate(lines)
    ]
    return "\n".join(parts)


def draw() -> str:
    """Return the picture."""
    x, y, title, lines = STORE
    parts = [box(left, top, BOX, name, text, fill) for left, top, name, text, fill in BOXES]
    parts.append(box(x, y, 380, title, lines, "#f5f5f5"))
    ends = [(left + BOX, after[0]) for (left, *_), after in itertools.pairwise(BOXES)]
    parts += [arrow(f"M{start} 112 H{end - 6}") for start, end in ends]
    parts += [
        arrow("M505 154 V214"),
        arrow("M545 220 V160"),
        arrow("M715 154 V214"),
        arrow("M755 220 V160"),
        arrow("M820 262 H945 V160"),
        arrow("M315 154 V262 H434"),
        arrow("M905 70 V30 H105 V64"),
    ]
    parts += [
        '<text x="325" y="252" font-size="13" text-anchor="start">what is there</text>',
        '<text x="325" y="280" font-size="13" text-anchor="start">is reused</text>',
        '<text x="505" y="22" font-size="13">reproduce: train a row again, and compare; verify: recompute every number</text>',
    ]
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L10 5 L0 10 z" fill="#5c6bc0"/></marker></defs>'
    )
    label = "Sequence file, plan, training, evaluation and leaderboard, with the store below them"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n'
        f'{head}\n<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#ffffff"/>\n'
        f'<g font-family="Helvetica, Arial, sans-serif" text-anchor="middle" fill="#1a1a2e">\n'
        + "\n".join(parts)
        + "\n</g>\n</svg>\n"
    )


if __name__ == "__main__":
    Path(__file__).with_name("flow.svg").write_text(draw(), encoding="utf-8")
