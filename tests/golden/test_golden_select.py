"""`seedal select`: from every kind of source, by every objective, into every format."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import pytest
from doors import run_seedal
from stored import Golden, Plain
from threadpoolctl import threadpool_info

MANIFEST: Final = "manifest/scenes.jsonl"
OBJECTIVES: Final = (
    *("seedal", "pairwise", "centred", "facility_location", "k_center"),
    *("coverage", "spread", "balanced"),
)

SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "JSON Lines": (MANIFEST,),
    "CSV": ("manifest/scenes.csv",),
    "Parquet": ("manifest/scenes.parquet",),
    "another resource": (MANIFEST, "--resource", "hours"),
    "scenes that cannot be used": ("manifest/broken.jsonl",),
    "folders of images": ("images",),
    "COCO by a key": ("coco/instances.json", "--scene-from", "key:video_id"),
    "COCO by a pattern": ("coco/instances.json", "--scene-from", "^([0-9]+)_"),
    "COCO, annotations": (
        *("coco/instances.json", "--scene-from", "^([0-9]+)_"),
        *("--resource", "annotations"),
    ),
    "SemanticKITTI": ("semantic_kitti",),
    "SemanticKITTI, train": ("semantic_kitti", "--split", "train"),
    "S3DIS": ("s3dis",),
    "S3DIS, train": ("s3dis", "--split", "train"),
    "nuScenes": ("nuscenes",),
    "nuScenes, keyframes": ("nuscenes", "--unit", "keyframe"),
    "ScanNet": ("scannet",),
    "KITTI-360": ("kitti_360",),
    "kind by name": ("images", "--source", "images"),
    "patch keys": (MANIFEST, "--token", "patch_keys", "--clusters", "3"),
    "patches": (MANIFEST, "--token", "patches"),
    "sparsified": ("sequences", "--sparsify", "0.98"),
    "sparsified, tails dropped": ("sequences", "--sparsify", "0.98", "--sparsify-tail", "drop"),
}

VECTORS: Final[dict[str, tuple[str, ...]]] = {
    "npz": ("vectors.npz",),
    "npy and a file of ids": ("vectors.npy", "--vector-ids", "names.txt"),
    "Parquet": ("vectors.parquet",),
    "safetensors": ("vectors.safetensors",),
    "some scenes without": ("some.npz",),
    "few clusters": ("vectors.npz", "--clusters", "1"),
}

SEARCHES: Final = tuple(
    (objective, strategy)
    for objective in ("facility_location", "k_center", "coverage", "spread", "balanced")
    for strategy in ("greedy", "local_search", "exact")
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data directory of one question's own, in a folder that is the present one."""
    monkeypatch.chdir(tmp_path)
    return Path("data")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory that the questions about objectives share."""
    return tmp_path_factory.mktemp("data")


def _select(root: Path, data: Path, *words: object, out: str | Path = "out") -> dict[str, Any]:
    places = ("--root", root, "--data-dir", data, "--out", out)
    usual = ("--budget", "40%") if "--budget" not in words else ()
    if "--vectors" not in words:
        usual = (*usual, "--backbone", "colour_grid")
    if "--objective" not in words:
        usual = (*usual, "--objective", "seedal")
    return run_seedal("select", *places, *usual, "--time-limit", 60, *words).answer()


def _keys(data: Path) -> dict[str, Any]:
    """Return the names under ``cache/``; of vectors the keys of the images in them."""
    cache = data / "cache"
    blocks = sorted((cache / "vectors").glob("*.npz"))
    keys: list[str] = []
    for block in blocks:
        with np.load(block) as arrays:
            keys += [row.tobytes().hex() for row in arrays["keys"]]
    names = {
        kind: sorted(p.name for p in (cache / kind).iterdir())
        for kind in ("neighbours", "signatures")
    }
    return {**names, "vectors of": sorted(keys)}


def _machine() -> str:
    """Return what decides the last digits of sums: the kernels of BLAS."""
    (blas,) = (info for info in threadpool_info() if "numpy" in info["filepath"])
    return str(blas["architecture"])


def _without(answer: dict[str, Any], *members: str) -> dict[str, Any]:
    out = {name: value for name, value in answer["out"].items() if name not in members}
    return answer | {"out": out}


@pytest.mark.parametrize("question", SOURCES)
def test_sources_stay(question: str, sources: Path, data: Path) -> None:
    """A source's seed, its provenance, its notes and the keys of what is kept are golden."""
    root, *words = SOURCES[question]
    answer = _select(sources / root, data, *words, "--json")
    answer["cache"] = _keys(data)
    Golden("select_sources").holds(question, Plain()(answer))


@pytest.mark.parametrize("question", VECTORS)
def test_seeds_by_vectors_stay(question: str, sources: Path, data: Path) -> None:
    """Vectors of any format in place of images give the golden seed under the golden keys."""
    folder = sources / "manifest"
    words = [folder / word if (folder / word).is_file() else word for word in VECTORS[question]]
    answer = _select(folder / "scenes.jsonl", data, "--vectors", *words, "--json")
    answer["cache"] = {
        kind: sorted(p.name for p in (data / "cache" / kind).iterdir())
        for kind in ("neighbours", "signatures")
    }
    Golden("select_vectors").holds(question, Plain()(answer))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives_stay(objective: str, sources: Path, kept: Path, tmp_path: Path) -> None:
    """Each objective's seed, in rank order, its worth and its bound are golden."""
    answer = _select(sources / MANIFEST, kept, "--objective", objective, "--json", out=tmp_path)
    answer = _without(answer, "stages", "files", "provenance") | {"err": []}
    Golden("select_objectives").holds(objective, Plain()(answer))


@pytest.mark.parametrize(("objective", "strategy"), SEARCHES)
def test_searches_stay(
    objective: str, strategy: str, sources: Path, kept: Path, tmp_path: Path
) -> None:
    """So are those that each strategy finds for objectives over sets."""
    words = ("--objective", objective, "--strategy", strategy, "--budget", "60", "--json")
    answer = _select(sources / MANIFEST, kept, *words, out=tmp_path)
    members = ("stages", "files", "provenance", "near_misses", "dataset_id", "id", "source")
    answer = _without(answer, *members) | {"err": []}
    golden, question = Golden("select_objectives"), f"{objective} by {strategy}"
    if (
        question == "spread by greedy"
    ):  # all scenes are worth the same alone: the last digit decides
        golden.holds_if_known(f"{question} on {_machine()}", Plain()(answer))
    else:
        golden.holds(question, Plain()(answer))


def _content(path: Path) -> Any:  # noqa: ANN401 any JSON
    if path.suffix == ".png":
        with PIL.Image.open(path) as image:
            fields = image.convert("RGB").resize((6, 4), PIL.Image.Resampling.BOX)
            colours = np.asarray(fields).reshape(-1, 3).tolist()
            return {"size": image.size, "mode": image.mode, "colours": colours}
    return path.read_text().splitlines()


@pytest.mark.parametrize("root", [MANIFEST, "semantic_kitti", "s3dis"])
@pytest.mark.parametrize("form", ["json", "csv", "redal", "contact_sheet"])
def test_exported_files_stay(form: str, root: str, sources: Path, data: Path) -> None:
    """What is written and what people read are golden; of a picture its size and colours."""
    answer = _select(sources / root, data, "--format", form)
    paths = sorted(Path("out").rglob("*")) if Path("out").is_dir() else []
    answer["files"] = {str(p): _content(p) for p in paths if p.is_file() and p.name != "seed.json"}
    answer["err"] = [line for line in answer["err"] if "features:" not in line]
    Golden("select_files").holds(f"{form} of {root}", Plain()(answer))


def test_what_is_reused_stays(sources: Path, data: Path) -> None:
    """A second run computes nothing; another setting computes what depends on it."""
    changes = ((), (), ("--clusters", "2"), ("--objective", "pairwise"), ("--strategy", "greedy"))
    runs = [_select(sources / MANIFEST, data, *words, "--json")["out"] for words in changes]
    told = {" ".join((str(k), *w)): runs[k]["stages"] for k, w in enumerate(changes)}
    Golden("select_sources").holds("what is reused", Plain()(told))


def test_keys_of_answers_stay(sources: Path, data: Path) -> None:
    """Answers and blocks are kept under the golden names, where arithmetic is the same."""
    question = f"names of answers and blocks on {_machine()}"
    _select(sources / MANIFEST, data)
    found = {
        kind: sorted(path.name for path in (data / "cache" / kind).iterdir())
        for kind in ("seeds", "vectors")
    }
    Golden("select_sources").holds_if_known(question, found)
