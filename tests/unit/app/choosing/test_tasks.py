"""What solve processes do, done in this one."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.certificates import Claim
from app.choosing.seeding import FrontierAnswer
from app.choosing.tasks import (
    CertificateTask,
    FrontierTask,
    ProblemTask,
    SeedTask,
    StoredQuestion,
)
from app.datasets.source_reports import ReportTask
from app.datasets.uploads import VectorsTask
from app.errors import InfeasibleError, InvalidRequestError
from app.processes.child import Cancellation
from app.settings import Settings
from features.signatures.model import Signatures
from features.sources import SourceOptions
from solver.check import check, parse, read_problem
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.objective import value

N = 9


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write nine scenes' signatures."""
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(N, 5))
    vectors *= 0.9 / np.linalg.norm(vectors, axis=1, keepdims=True)
    path = tmp_path_factory.mktemp("signatures") / "key.npz"
    ids = tuple(f"s{k}" for k in range(N))
    Signatures(ids, rng.uniform(0.2, 0.9, N), vectors, np.full(N, 3, dtype=np.int64)).save(path)
    return path


@pytest.fixture
def ask(signatures: Path) -> Callable[..., StoredQuestion]:
    """Return a function that makes a question; all scenes cost 1 to 3."""

    def make(**changes: Any) -> StoredQuestion:  # noqa: ANN401 any member
        usual: dict[str, Any] = {"costs": 1.0 + np.arange(N) % 3, "budget": 6.0}
        return StoredQuestion(path=signatures, **{**usual, **changes})

    return make


def test_baselines_keep_every_rule(ask: Callable[..., StoredQuestion]) -> None:
    """Simpler selections are within budgets, groups and numbers, and worth no more."""
    rules = Constraints(
        include=np.array([0]),
        exclude=np.array([1]),
        labelled=np.array([2]),
        min_items=1,
        max_items=3,
        groups=(GroupRule(name="g", items=np.array([3, 4, 5]), minimum=0, maximum=1),),
        resources=(Resource(name="hours", costs=np.ones(N), limit=3.0),),
    )
    names = ("random", "greedy", "kmeans")
    answer = SeedTask(question=ask(constraints=rules, baselines=names)).run(Cancellation())
    assert tuple(baseline.name for baseline in answer.baselines) == names
    for baseline in answer.baselines:
        assert baseline.lowest <= baseline.objective <= baseline.highest
        assert baseline.highest <= answer.result.objective + 1e-12
        assert baseline.total_cost <= 6.0
        assert baseline.scene_count <= 3


def test_a_minimum_that_chance_never_meets_has_no_random_baseline(
    ask: Callable[..., StoredQuestion],
) -> None:
    """Where none of the 20 draws keeps the rules, there is no baseline rather than a wrong one."""
    rare = tuple(
        GroupRule(name=f"g{item}", items=np.array([item]), minimum=1, maximum=None)
        for item in (3, 6, 8)
    )
    asked = ask(
        constraints=Constraints(groups=rare, max_items=3),
        budget=9.0,
        baselines=("random", "greedy"),
    )
    answer = SeedTask(question=asked).run(Cancellation())
    assert {scene.scene_id for scene in answer.scenes} == {"s3", "s6", "s8"}
    assert [baseline.name for baseline in answer.baselines] == ["greedy"]


@pytest.mark.parametrize("objective", ["seedal", "facility_location"])
def test_a_frontier_is_best_for_every_budget(
    ask: Callable[..., StoredQuestion], objective: str
) -> None:
    """Each point is worth what the best of all selections is, up to the gap of 1 %."""
    question = ask(objective=objective, budget=9.0, baselines=("greedy", "kmeans"))
    frontier: FrontierAnswer = FrontierTask(
        question=question, budgets=(2.0, 5.0, 9.0), nested=False
    ).run(Cancellation())
    problem = question.load().problem()
    for step in frontier.steps:
        best = max(
            _value(problem, chosen)
            for size in range(N + 1)
            for chosen in itertools.combinations(range(N), size)
            if question.costs[list(chosen)].sum() <= step.budget
        )
        assert best / 1.01 - 1e-9 <= step.objective <= best + 1e-9
        assert best <= step.upper_bound + 1e-9
        assert [baseline.name for baseline in step.baselines] == ["greedy", "kmeans"]
        assert all(baseline.objective <= best + 1e-9 for baseline in step.baselines)
    assert frontier.knee is None or 0 < frontier.knee < 3


def _value(problem: Any, chosen: tuple[int, ...]) -> float:  # noqa: ANN401 any kind of problem
    mask = np.zeros(N, dtype=bool)
    mask[list(chosen)] = True
    return value(problem, mask)


def test_a_frontier_says_what_it_cannot(ask: Callable[..., StoredQuestion]) -> None:
    """Rules that no budget keeps, and nesting of objectives over sets, are refused by name."""
    rules = Constraints(min_items=5)
    for objective in ("seedal", "facility_location"):
        question = ask(constraints=rules, objective=objective)
        with pytest.raises(InfeasibleError, match="within 2"):
            FrontierTask(question=question, budgets=(2.0, 9.0), nested=False).run(Cancellation())
    with pytest.raises(InvalidRequestError, match="pair objectives") as refused:
        FrontierTask(question=ask(objective="k_center"), budgets=(2.0,), nested=True).run(
            Cancellation()
        )
    assert refused.value.pointer == "#/nested"
    with pytest.raises(InvalidRequestError, match="no objective"):
        FrontierTask(question=ask(objective="luck"), budgets=(2.0,), nested=False).run(
            Cancellation()
        )


@pytest.mark.parametrize("objective", ["seedal", "facility_location", "k_center"])
def test_a_certificate_holds_for_its_problem(
    ask: Callable[..., StoredQuestion], objective: str, tmp_path: Path
) -> None:
    """The independent checker accepts proof and problem together."""
    question = ask(objective=objective, constraints=Constraints(exclude=np.array([0])))
    answer = SeedTask(question=question).run(Cancellation())
    claim = Claim(
        budget=question.budget,
        selected=tuple(scene.scene_id for scene in answer.scenes),
        upper_bound=answer.result.upper_bound,
    )
    proof = CertificateTask(question=question, claim=claim).run(Cancellation())
    assert len(proof.json) == proof.size
    task = ProblemTask(
        question=question, budget=question.budget, groups={"g": np.array([1, 2])}, resources={}
    )
    (tmp_path / "problem.npz").write_bytes(task.run(Cancellation()))
    proven = check(read_problem(tmp_path / "problem.npz"), parse(proof.json))
    assert proven.status == "optimal"
    assert proven.upper_bound == pytest.approx(answer.result.objective)


def test_a_report_lists_mistakes_by_line(tmp_path: Path) -> None:
    """Every kind of mistake in a line is listed; other sources give their one sentence."""
    manifest = tmp_path / "scenes.jsonl"
    good = '{"scene_id": "a", "cost": 1}'
    manifest.write_text(f'{good}\n\n{good}\n{{"scene_id": "b"}}\n[]')
    settings = Settings(data_dir=tmp_path, file_roots=(tmp_path,))
    task = ReportTask(
        kind="manifest", root=str(manifest), options=SourceOptions(), settings=settings
    )
    report = task.run(Cancellation())
    assert [error.place.rpartition(":")[2] for error in report.errors] == ["2", "3", "4", "5"]
    manifest.write_text(good)
    assert task.run(Cancellation()).valid
    folder = ReportTask(
        kind="images", root=str(tmp_path), options=SourceOptions(), settings=settings
    )
    assert len(folder.run(Cancellation()).errors) == 1


def test_vectors_are_checked_without_telling_where_they_lie(tmp_path: Path) -> None:
    """A good file passes; a bad one is described without the server's own path."""
    path = tmp_path / "upload.npz"
    np.savez(path, scene_ids=np.array(["a"]), vectors=np.ones((1, 3), dtype=np.float32))
    VectorsTask(path=path, scene_ids=("a", "b")).run(Cancellation())
    with pytest.raises(InvalidRequestError, match="'a'") as caught:
        VectorsTask(path=path, scene_ids=("b",)).run(Cancellation())
    assert str(tmp_path) not in caught.value.detail
