"""Certificates at the shell and in Python: each source of vectors, each objective, all rules.

What is written is checked by `seedal verify` and by the checker alone.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from both_checkers import alone, held
from PIL import Image
from safetensors.numpy import save_file

from app.choosing.objectives import OBJECTIVES
from app.choosing.problem_writing import write_problem
from app.cli.main import main
from solver.certificate import certify
from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.solve import solve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT: Final = 9
IDS: Final = tuple(f"room/{k}" for k in range(COUNT))
RULES: Final = (
    *("--include", "room/3", "--exclude", "room/0", "--labelled", "room/6"),
    *("--min-scenes", "2", "--max-scenes", "4"),
    *("--group-limit", "north=1:3", "--side-budget", "hours=7"),
)
RULES_FILE: Final = {
    "include": ["room/3"],
    "exclude": ["room/0"],
    "labelled": ["room/6"],
    "min_scenes": 2,
    "max_scenes": 4,
    "groups": [{"group": "north", "min": 1, "max": 3}],
    "side_budgets": [{"resource": "hours", "limit": 7}],
}


def _rows(each: int) -> tuple[np.ndarray, list[str]]:
    """Return vectors of length 1 in float32, as networks give them, and whose each is."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(COUNT * each, 24)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), list(np.repeat(IDS, each))


def _manifest(folder: Path) -> Path:
    path = folder / "scenes.jsonl"
    records = [
        {
            "scene_id": name,
            "costs": {"points": 10 + k, "hours": 1 + k % 3},
            "group": ("north", "south")[k % 2],
        }
        for k, name in enumerate(IDS)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def _npz(path: Path, vectors: np.ndarray, ids: list[str]) -> None:
    np.savez(path, scene_ids=np.array(ids), vectors=vectors)


def _npy(path: Path, vectors: np.ndarray, ids: list[str]) -> None:
    np.save(path, vectors)
    path.with_suffix(".ids.json").write_text(json.dumps(ids))


def _parquet(path: Path, vectors: np.ndarray, ids: list[str]) -> None:
    pq.write_table(pa.table({"scene_id": ids, "vector": list(vectors)}), path)


def _safetensors(path: Path, vectors: np.ndarray, ids: list[str]) -> None:
    save_file({"vectors": vectors}, path, metadata={"scene_ids": json.dumps(ids)})


WRITERS: Final[dict[str, Callable[[Path, np.ndarray, list[str]], None]]] = {
    "npz": _npz,
    "npy": _npy,
    "parquet": _parquet,
    "safetensors": _safetensors,
}


def _vectors(ending: str, each: int) -> Callable[[Path], list[str]]:
    """Return what writes a source whose vectors are a file, and returns its flags."""

    def source(folder: Path) -> list[str]:
        path = folder / f"vectors.{ending}"
        WRITERS[ending](path, *_rows(each))
        root = _manifest(folder)
        return ["--root", str(root), "--resource", "points", "--vectors", str(path)]

    return source


def _picture(path: Path, seed: int) -> None:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((64, 48)).save(path)


def _images(folder: Path) -> list[str]:
    for k in range(COUNT):
        for view in range(1 + k % 3):
            _picture(folder / "pool" / f"room_{k}" / f"{view}.png", 10 * k + view)
    return ["--root", str(folder / "pool"), "--source", "images", "--backbone", "colour_grid"]


def _scannet(folder: Path) -> list[str]:
    for k in range(COUNT):
        scan = folder / "scans" / f"scene000{k}_00"
        scan.mkdir(parents=True)
        (scan / f"{scan.name}_vh_clean_2.ply").write_bytes(_mesh(5 + k))
        for frame in range(2):
            _picture(scan / "color" / f"{frame}.jpg", 10 * k + frame)
    return ["--root", str(folder), "--source", "scannet", "--backbone", "colour_grid"]


def _mesh(vertices: int) -> bytes:
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\nproperty float x\n"
        "property float y\nproperty float z\nelement face 0\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    return header.encode() + bytes(12 * vertices)


SOURCES: Final[dict[str, Callable[[Path], list[str]]]] = {
    "folder of images": _images,
    "scannet": _scannet,
    **{f"one vector a scene, {ending}": _vectors(ending, 1) for ending in WRITERS},
    "vectors of images": _vectors("npz", 4),
}


@pytest.fixture
def seedal(tmp_path: Path) -> Callable[..., None]:
    """Return a function that runs `seedal` and expects it to succeed."""

    def run(*words: object) -> None:
        data = ("--data-dir", tmp_path / "data")
        assert main([*map(str, words), *map(str, data)]) == 0

    return run


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_of_vectors_is_proven(
    name: str, tmp_path: Path, seedal: Callable[..., None]
) -> None:
    """`select` and `solve` write a problem and a certificate that both checkers accept."""
    source = SOURCES[name](tmp_path)
    rules = RULES if "vector" in name else ("--max-scenes", "4")
    seedal(
        "select",
        *source,
        *rules,
        "--budget",
        "60%",
        "--certificate",
        "--problem",
        "--out",
        tmp_path / "out",
    )
    first = held(tmp_path / "out" / "problem.npz", tmp_path / "out" / "proof.json")
    files = ("--problem", tmp_path / "p.npz", "--certificate", tmp_path / "c.json")
    seedal("solve", *source, *rules, "--budget", "60%", *files)
    second = held(tmp_path / "p.npz", tmp_path / "c.json")
    assert first["status"] == second["status"] == "optimal"
    assert first["problem"] == second["problem"]
    assert first["selected"] == second["selected"]
    chosen = {
        scene["scene_id"]
        for scene in json.loads((tmp_path / "out" / "seed.json").read_bytes())["scenes"]
    }
    with np.load(tmp_path / "p.npz") as arrays:
        assert set(arrays["ids"][first["selected"]]) == chosen


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("rules", [(), RULES], ids=["budget", "rules"])
def test_each_objective_is_proven(
    objective: str, rules: tuple[str, ...], tmp_path: Path, seedal: Callable[..., None]
) -> None:
    """So it is with every objective, and the file asks the same question again."""
    words = (*_vectors("npz", 3)(tmp_path), *rules, "--objective", objective, "--budget", "50%")
    out = tmp_path / "out"
    seedal("select", *words, "--certificate", "--problem", "--out", out)
    first = held(out / "problem.npz", out / "proof.json")
    files = ("--problem", tmp_path / "p.npz", "--certificate", tmp_path / "c.json")
    assert main(["solve", str(out / "problem.npz"), *map(str, files)]) == 0
    second = held(tmp_path / "p.npz", tmp_path / "c.json")
    assert first["status"] == second["status"] == "optimal"
    assert first["problem"] == second["problem"]
    assert first["objective"] == pytest.approx(second["objective"], rel=1e-9)
    held(out / "problem.npz", tmp_path / "c.json")


@pytest.mark.parametrize("objective", [*OBJECTIVES])
def test_each_point_of_a_frontier_is_proven(
    objective: str, tmp_path: Path, seedal: Callable[..., None]
) -> None:
    """One problem without a budget, and a proof of each point."""
    words = (*_vectors("npz", 3)(tmp_path), "--objective", objective, "--gap", "0")
    seedal("frontier", *words, "--budgets", "20%,40%,60%", "--certificates", tmp_path / "out")
    budgets = []
    for place in range(3):
        proof = tmp_path / "out" / f"proof-{place}.json"
        certificate = held(tmp_path / "out" / "problem.npz", proof)
        assert certificate["status"] == "optimal"
        budgets.append(certificate["budget"])
    assert budgets == sorted(set(budgets))


def test_rules_in_a_file_are_insisted_on(tmp_path: Path, seedal: Callable[..., None]) -> None:
    """With --constraints a certificate holds for the rules that were asked, and for no others."""
    words = (*_vectors("npz", 3)(tmp_path), "--budget", "60%")
    rules, others, fewer = (tmp_path / name for name in ("rules.json", "others.json", "fewer.json"))
    rules.write_text(json.dumps(RULES_FILE))
    others.write_text(json.dumps(RULES_FILE | {"groups": [{"group": "south", "max": 3}]}))
    fewer.write_text(json.dumps(RULES_FILE | {"max_scenes": 3}))
    files = ("--problem", tmp_path / "p.npz", "--certificate", tmp_path / "c.json")
    seedal("solve", *words, "--constraints", rules, *files)
    held(tmp_path / "p.npz", tmp_path / "c.json", "--constraints", rules)
    verify = ["verify", str(tmp_path / "p.npz"), str(tmp_path / "c.json")]
    for refused in (("--constraints", others), ("--constraints", fewer), ("--budget", "61%")):
        assert main([*verify, *map(str, refused)]) == 1


def test_a_problem_of_your_own_is_proven(tmp_path: Path) -> None:
    """Arrays that a person saved are proven as they are, in float64 also by the checker alone."""
    vectors, ids = _rows(1)
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    shared = {"weights": np.ones(COUNT), "costs": np.arange(10.0, 10.0 + COUNT)}
    for name, given in (("float64", exact), ("float32", vectors)):
        path, proof = tmp_path / f"{name}.npz", tmp_path / f"{name}.json"
        np.savez(path, vectors=given, ids=np.array(ids), **shared)
        assert main(["solve", str(path), "--budget", "50%", "--certificate", str(proof)]) == 0
        assert main(["verify", str(path), str(proof)]) == 0
    assert alone(tmp_path / "float64.npz", tmp_path / "float64.json").returncode == 0
    again = ("--problem", str(tmp_path / "p.npz"), "--certificate", str(tmp_path / "c.json"))
    assert main(["solve", str(tmp_path / "float32.npz"), "--budget", "50%", *again]) == 0
    held(tmp_path / "p.npz", tmp_path / "c.json")


def test_an_answer_of_the_library_is_proven(tmp_path: Path) -> None:
    """`solve` and `certify` in Python, and a problem's file beside them."""
    vectors, ids = _rows(1)
    problem = SignatureProblem(
        weights=np.ones(COUNT),
        vectors=vectors,
        costs=np.arange(10.0, 10.0 + COUNT),
        budget=60.0,
        ids=tuple(ids),
    )
    document: dict[str, Any] = certify(problem, solve(problem, SolverOptions(time_limit_s=60)))
    (tmp_path / "c.json").write_text(json.dumps(document))
    with (tmp_path / "p.npz").open("wb") as stream:
        write_problem(stream, problem, groups={}, resources={})
    assert held(tmp_path / "p.npz", tmp_path / "c.json")["status"] == "optimal"
