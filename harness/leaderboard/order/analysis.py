"""Everything that a leaderboard says about order, target by target."""

from harness.frozen_model import FrozenModel
from harness.leaderboard.board import Board
from harness.leaderboard.contrast import Contrasts
from harness.leaderboard.order.agreement import (
    Agreement,
    languages_agreement,
    seed_halves_agreement,
    targets_agreement,
)
from harness.leaderboard.order.effects import PlaceEffect, before_effects, last_effects, position_effects
from harness.leaderboard.order.permutation import OrderTest, order_test
from harness.leaderboard.order.power import SeedPower, seed_power
from harness.leaderboard.order.scores import Order, order_scores
from harness.leaderboard.order.variance import VarianceShare, variance_shares


class OrderAnalysis(FrozenModel):
    """Order as a factor in one target's table, over the rows that are complete.

    Attributes:
        target: The target.
        sequences: Complete rows.
        seeds: Seeds of each.
        variance: Shares of the variance of scores.
        test: Of no effect of order at all; None where no two rows hold the same tasks.
        before: A before B; effects need per-item predictions, without which there are none.
        last: Each task as the last before the target.
        positions: Each task at each position of three or more.
        agreement: Of the rankings by language and by halves of the seeds.
        power: Seeds needed; None with one seed.
    """

    target: str
    sequences: int
    seeds: int
    variance: tuple[VarianceShare, ...]
    test: OrderTest | None
    before: tuple[PlaceEffect, ...]
    last: tuple[PlaceEffect, ...]
    positions: tuple[PlaceEffect, ...]
    agreement: tuple[Agreement, ...]
    power: SeedPower | None


def analyse_target(
    board: Board, target: str, orders: tuple[Order, ...], contrasts: Contrasts | None
) -> OrderAnalysis:
    """Analyse one target.

    Args:
        board: The scores.
        target: One of its targets.
        orders: The rows of `contrasts`.
        contrasts: From the predictions; None where there are none.
    """
    scores = order_scores(board, target)
    agreements = (languages_agreement(scores), seed_halves_agreement(scores))
    return OrderAnalysis(
        target=target,
        sequences=len(scores.orders),
        seeds=len(board.seeds),
        variance=variance_shares(scores),
        test=order_test(scores),
        before=before_effects(orders, contrasts) if contrasts else (),
        last=last_effects(orders, contrasts) if contrasts else (),
        positions=position_effects(orders, contrasts) if contrasts else (),
        agreement=tuple(agreement for agreement in agreements if agreement),
        power=seed_power(scores),
    )


def agreement_of_targets(board: Board) -> Agreement | None:
    """Compare how the targets rank the orders that they share; None for one target or fewer than 3 orders."""
    if len(board.targets) < 2:
        return None
    return targets_agreement([order_scores(board, target) for target in board.targets])
