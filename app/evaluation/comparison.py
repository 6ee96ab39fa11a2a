"""One comparison: seeds within the same budget, trained on and scored alike."""

import math
from collections.abc import Mapping

from app.choosing.question import Question
from app.evaluation.arena import Arena
from app.evaluation.campaign import Campaign
from app.evaluation.draws import Draw
from app.evaluation.methods import RANDOM, Choice, Method, random_choice
from app.evaluation.outcome import EvaluationOutcome
from app.evaluation.parallel import side_by_side
from app.evaluation.plan import ComparisonPlan


def compare(
    arena: Arena,
    plan: ComparisonPlan,
    draw: Draw,
    questions: Mapping[str, Question],
    methods: Mapping[str, Method],
) -> tuple[tuple[EvaluationOutcome, ...], dict[str, EvaluationOutcome]]:
    """Choose one seed after the other, then train and score side by side.

    Parameters
    ----------
    arena
        Where probes are trained and scored.
    plan
        How many random seeds, and which rounds follow.
    draw
        The scenes.
    questions
        What each method is asked, by its name, and under ``random`` what random seeds are; all
        with the same budget.
    methods
        By name.

    Returns
    -------
    tuple
        Of the random seeds, in order, and of the methods, by name.
    """
    first = plan.first_random_seed(draw.repetition)
    seeds = range(first, first + plan.random)
    tasks = [(random_choice(questions[RANDOM], seed), seed) for seed in seeds]
    tasks += [(method(questions[name]), first) for name, method in methods.items()]
    price = draw.price
    campaign = Campaign(arena, draw.scenes, price, questions[RANDOM].budget, plan.rounds)

    def outcome(task: tuple[Choice, int]) -> EvaluationOutcome:
        choice, random_seed = task
        acquisitions = plan.acquisitions if plan.rounds else ()
        return EvaluationOutcome(
            choice=choice,
            cost=math.fsum(price[scene] for scene in choice.scenes),
            score=arena.score(stem for scene in choice.scenes for stem in draw.scenes[scene]),
            courses={
                acquisition: campaign.run(choice.scenes, acquisition, random_seed)
                for acquisition in acquisitions
            },
        )

    found = side_by_side(outcome, tasks)
    return tuple(found[: plan.random]), dict(zip(methods, found[plan.random :], strict=True))
