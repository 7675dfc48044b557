"""One side of a comparison, in a process of its own: `python -m benchmarks.sides SIDE SETTINGS`."""

import json
import sys

from benchmarks import evaluation_sides, leaderboard_sides, learning, torch_compile, training_sides

SIDES = {
    **training_sides.SIDES,
    **evaluation_sides.SIDES,
    **leaderboard_sides.SIDES,
    **learning.SIDES,
    **torch_compile.SIDES,
}

SIDES[sys.argv[1]](**json.loads(sys.argv[2]))
