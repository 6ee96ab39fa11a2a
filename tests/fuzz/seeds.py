"""Whole files of every format, from which mutation starts."""

import gzip
import io
import json
import lzma
from collections.abc import Iterator

import laspy
import numpy as np
import PIL.Image
import pillow_heif
import pyarrow as pa
import pyarrow.parquet as pq
from targets import IDS

_DRAWN = np.random.default_rng(0)
_VECTORS = _DRAWN.normal(size=(6, 3)).astype(np.float32)
_POINTS = _DRAWN.normal(size=(20, 3)).astype(np.float32)
_KNAPSACK = b"3 2 int\n0 1 5\n1 1 2.5\n2 3 4\n3 5\n"


def seeds(name: str) -> Iterator[bytes]:
    """Yield files that a reader accepts."""
    kind, _, form = name.partition(".")
    yield from _SEEDS[kind](form)


def _scenes() -> list[dict[str, object]]:
    return [
        {
            "scene_id": scene_id,
            "cost": 1.5 * number,
            "costs": {"hours": number + 0.25},
            "group": "g",
            "images": [{"uri": "a.png", "sensor": "left", "frame": number}, "s3://b/c%20d.png"],
            "pointcloud": {"uri": "a.ply", "format": "ply"},
            "regions": [1, 2],
            "external_ids": {"x": [1]},
            "meta": {"k": None},
        }
        for number, scene_id in enumerate(IDS)
    ]


def _manifest(form: str) -> Iterator[bytes]:
    if form == "jsonl":
        yield "\n".join(map(json.dumps, _scenes())).encode()
        yield b'{"scene_id": "a", "cost": 1}\n'
    elif form == "csv":
        yield b'scene_id,cost,cost.hours,group,images,meta\ns0,1,2,g,"[""a.png""]",{}\n'
        yield b"scene_id,image_uri,sensor,frame,cost\na,1.png,left,1,5\na,2.png,left,2,5\n"
        yield b"scene_id;cost;images\ns0;10,5;im/0.jpg\n"
        yield "\ufeffscene_id,cost\na,1\n".encode("utf-16-le")
        yield b"scene_id,image_uri,cost,width,floor\na,1.png,1,640,2\na,2.png,1,800,2\n"
        yield "scene_id,cost,image_uri\na,1,bu\u0308ro\\1.png\n".encode()
    elif form == "csv.gz":
        yield from (gzip.compress(content) for content in _manifest("csv"))
    else:
        rows = [
            {key: scene[key] for key in ("scene_id", "cost", "group", "costs", "regions")}
            for scene in _scenes()
        ]
        yield _parquet(pa.Table.from_pylist(rows))
        simple = {"scene_id": [1, 2], "cost": [1, 2], "images": ["a.png", "b.png"]}
        yield _parquet(pa.table(simple))
        yield _parquet(pa.table(simple), compression="zstd", use_dictionary=False)


def _parquet(table: pa.Table, **options: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def _coco(form: str) -> Iterator[bytes]:
    del form
    images = [{"id": n, "file_name": f"{n % 3}/x{n}.png"} for n in range(6)]
    notes = [{"id": n, "image_id": n, "bbox": [0, 1.5, 2, 3e2]} for n in range(6)]
    yield json.dumps({"info": {"a": [1]}, "images": images, "annotations": notes}).encode()


def _vectors(form: str) -> Iterator[bytes]:
    ids = np.array(IDS)
    if form == "npy":
        yield _npy(_VECTORS)
        yield _npy(_VECTORS.astype("<f8").reshape(6, 3, 1))
        yield _npy(np.asfortranarray(_VECTORS))
    elif form == "npz":
        yield _npz(vectors=_VECTORS, scene_ids=ids)
        yield _npz(compressed=True, embeddings=_VECTORS, ids=ids, image_ids=ids)
    elif form == "parquet":
        lists = pa.FixedSizeListArray.from_arrays(pa.array(_VECTORS.ravel()), 3)
        columns = {"scene_id": pa.array(IDS), "vector": lists, "image_id": pa.array(IDS)}
        yield _parquet(pa.table(columns))
        yield _parquet(pa.table({"scene_id": IDS, "embedding": _VECTORS.tolist()}))
        yield _parquet(pa.table(columns), compression="zstd", data_page_version="2.0")
    else:
        data = _VECTORS.tobytes()
        entry = {"dtype": "F32", "shape": [6, 3], "data_offsets": [0, len(data)]}
        header = {"__metadata__": {"scene_ids": json.dumps(IDS)}, "vectors": entry}
        text = json.dumps(header).encode()
        yield len(text).to_bytes(8, "little") + text + data


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _npz(*, compressed: bool = False, **arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def _cloud(form: str) -> Iterator[bytes]:
    if form == "npy":
        yield _npy(_POINTS)
        yield _npy(np.asfortranarray(_POINTS.astype("f8")))
    elif form == "bin":
        yield _DRAWN.normal(size=(20, 4)).astype("<f4").tobytes()
    elif form == "pcd":
        head = "VERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\n"
        head += "WIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA "
        yield f"{head}ascii\n1 2 3 255\n4 5 6 7\n".encode()
        yield f"{head}binary\n".encode() + bytes(32)
        packed = b"\x00\x00\xe0\x16\x00"  # a byte, then 31 times the one before
        yield f"{head}binary_compressed\n".encode() + np.array([5, 32], "<u4").tobytes() + packed
    elif form == "laz":
        for ending in (".las", ".laz"):
            las = laspy.LasData(laspy.LasHeader(point_format=2))
            las.x, las.y, las.z = _POINTS[:, :3].T
            stream = io.BytesIO()
            las.write(stream, do_compress=ending == ".laz")
            yield stream.getvalue()
    elif form == "xyz":
        yield "\n".join(" ".join(map(str, row)) for row in _POINTS.tolist()).encode()
        yield b"# a\n\n1 2 3 255 0 9\n4 5 6 1 2 3\n"
        yield b"1 2 3 0.5\n4 5 6 1e30\n"
    else:
        head = "ply\nformat {} 1.0\ncomment x\n{}element vertex 2\nproperty float x\n"
        head += "property float y\nproperty double z\nproperty uchar red\nproperty uchar green\n"
        head += "property uchar blue\nproperty float intensity\nend_header\n"
        yield head.format("ascii", "").encode() + b"1 2 3 4 5 6 0.5\n4 5 6 7 8 9 1\n"
        row = np.dtype([("p", "<f4", 2), ("z", "<f8"), ("c", "u1", 3), ("i", "<f4")])
        yield head.format("binary_little_endian", "").encode() + np.zeros(2, row).tobytes()
        face = "element face 1\nproperty list uchar int v\n"
        yield head.format("ascii", face).encode() + b"3 0 1 2\n1 2 3 4 5 6 0.5\n4 5 6 7 8 9 1\n"


def _image(form: str) -> Iterator[bytes]:
    names = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}
    pixels = PIL.Image.fromarray(_DRAWN.integers(0, 255, (24, 16, 3), np.uint8))
    if form == "heic":
        stream = io.BytesIO()
        pillow_heif.from_pillow(pixels.resize((64, 64))).save(stream)
        yield stream.getvalue()
        return
    modes = {"png": ["RGB", "RGBA", "P", "L", "1", "I;16"], "tif": ["RGB", "L", "F", "CMYK"]}
    for mode in modes.get(form, ["RGB"]):
        image = pixels.convert("I").convert("I;16") if mode == "I;16" else pixels.convert(mode)
        stream = io.BytesIO()
        image.save(stream, names.get(form, form.upper()))
        yield stream.getvalue()
    if form in {"gif", "webp", "png", "avif"}:
        stream = io.BytesIO()
        frames = [pixels.rotate(90)]
        pixels.save(stream, form.upper(), save_all=True, append_images=frames)
        yield stream.getvalue()


def _problem(form: str) -> Iterator[bytes]:
    del form
    n = np.arange(1.0, 7.0)
    arrays = {"weights": n, "vectors": _VECTORS, "costs": n, "ids": np.array(IDS)}
    yield _npz(**arrays)
    more = {"groups": np.array(["a", "b"] * 3), "resource_h": n, "budget": np.array(5.0)}
    yield _npz(compressed=True, **arrays, **more, profits=n)


def _knapsack(form: str) -> Iterator[bytes]:
    yield lzma.compress(_KNAPSACK) if form == "xz" else _KNAPSACK


def _text(form: str) -> Iterator[bytes]:
    del form
    yield b"s0\ns1\n"


def _ids(form: str) -> Iterator[bytes]:
    yield json.dumps(IDS).encode() if form == "json" else "\n".join(IDS).encode()


def _constraints(form: str) -> Iterator[bytes]:
    del form
    rules = {
        "include": ["s0"],
        "exclude": [],
        "labelled": ["s1"],
        "groups": [{"group": "g", "max": 1}],
        "side_budgets": {"hours": 2.5},
    }
    yield json.dumps(rules).encode()
    yield b"{}"


def _json(form: str) -> Iterator[bytes]:
    del form
    yield b'{"format": 1, "budget": 5.0, "leaves": [[1, 2], {"t": 1e-3}], "n": null, "b": true}'


def _uri(form: str) -> Iterator[bytes]:
    del form
    for name in ("a/b.png", "file:///data/a%20b.png", "s3://b/k.png", "https://h:1/a%2eb?q#f"):
        yield name.encode()


_SEEDS = {
    "manifest": _manifest,
    "coco": _coco,
    "costs": lambda _: iter([b"scene_id,hours\n" + b"".join(b"%s,1\n" % i.encode() for i in IDS)]),
    "json": _json,
    "uri": _uri,
    "vectors": _vectors,
    "ids": _ids,
    "cloud": _cloud,
    "image": _image,
    "problem": _problem,
    "knapsack": _knapsack,
    "constraints": _constraints,
    "certificate": _json,
}
