"""What a person does in FiftyOne, run by FiftyOne's own Python: prints what came of it as JSON.

``fiftyone_session.py IMAGES``: a dataset of images with a cost each, one of them labelled; two
choices by the operator, the second with a larger budget; then groups of two slices.
"""

import json
import sys
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.executor

OPERATOR = "@seedal/seed/choose_seed"


def shown(sample: Any) -> str:  # noqa: ANN401 FiftyOne's
    """Return what tells a sample: its folder and file."""
    return "/".join(Path(sample.filepath).parts[-2:])


def choose(dataset: Any, **params: object) -> dict[str, Any]:  # noqa: ANN401
    """Run the operator; return what it left behind."""
    context = {"dataset": dataset, "params": params}
    try:
        result = foo.execute_operator(OPERATOR, context)
    except foo.executor.ExecutionError as error:
        return {"error": str(error).strip().splitlines()[-1]}
    dataset.reload()
    view = dataset.load_saved_view(result.result["view"])
    return {
        "view": [shown(sample) for sample in view],
        "ranks": [sample["seedal_rank"] for sample in view],
        "tagged": len(dataset.match_tags("seedal")),
        "views": dataset.list_saved_views(),
    }


def main() -> None:
    """Do it."""
    images = sorted(Path(sys.argv[1]).rglob("*.jpg"))
    flat = fo.Dataset("flat", persistent=False)
    for place, path in enumerate(images):
        flat.add_sample(fo.Sample(filepath=str(path), price=1.0 + place % 3))
    labelled = flat.first()
    labelled.tags.append("labelled")
    labelled.save()
    found = {
        "labelled": shown(labelled),
        "first": choose(flat, budget="30%", cost="price"),
        "second": choose(flat, budget="50%", cost="price"),
        "first view": [
            shown(sample) for sample in flat.load_saved_view(flat.list_saved_views()[0])
        ],
        "refused": choose(flat, budget="nonsense"),
    }
    grouped = fo.Dataset("grouped", persistent=False)
    grouped.add_group_field("group", default="left")
    for left, right in zip(images[::2], images[1::2], strict=False):
        group = fo.Group()
        grouped.add_samples(
            [
                fo.Sample(filepath=str(left), group=group.element("left")),
                fo.Sample(filepath=str(right), group=group.element("right")),
            ]
        )
    found["grouped"] = choose(grouped, budget="4")
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
