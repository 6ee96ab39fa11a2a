"""One backbone's view of the small labelled set."""

from pathlib import Path

import numpy as np
import pytest
from labelled_world import CLASSES, TEST, TRAIN, World

from app.errors import InvalidRequestError
from app.evaluation.arena import SEEN, UNSEEN, Arena
from app.evaluation.maps import dense_maps
from app.evaluation.probe import Space, fit
from app.labelled.folder import LabelFolder
from features.backbones import Compute, identify

SOME = ("a_000", "b_003", "d_001")


def test_a_score_is_the_mean_iou_counted_pixel_by_pixel(
    arena: Arena, labelled: LabelFolder, tmp_path: Path
) -> None:
    """Maps, space, probe and IoU done by hand, step by step, give the same numbers."""
    stems = (*TRAIN, *TEST)
    images = {stem: labelled.image(stem) for stem in stems}
    maps = dense_maps(images, identify("colour_grid"), tmp_path)
    space = Space.fit(maps.values[: len(TRAIN)])
    features = {stem: space.project(maps.values[k]) for k, stem in enumerate(stems)}
    counts = {stem: labelled.counts(stem, maps.rows, maps.columns) for stem in stems}
    probe = fit(
        np.concatenate([features[stem] for stem in SOME]),
        np.concatenate([counts[stem] for stem in SOME]),
    )
    inside, union = np.zeros(CLASSES), np.zeros(CLASSES)
    for stem in TEST:
        for cell, predicted in zip(counts[stem], probe.predict(features[stem]), strict=True):
            for true, pixels in enumerate(cell.tolist()):
                inside[true] += pixels * (true == predicted)
                union[true] += pixels
                union[predicted] += pixels * (true != predicted)
    score = arena.score(SOME)
    assert score.iou.tolist() == pytest.approx((inside / union).tolist())
    assert score.miou == pytest.approx((inside / union).mean())
    assert score.images == len(SOME)
    assert score.converged
    assert score.iterations == probe.iterations


def test_a_seed_is_a_set_of_images(arena: Arena) -> None:
    """Order and repeats change no bit, and what is known is not trained again."""
    score = arena.score(SOME)
    assert arena.score([*SOME[::-1], SOME[0]]) is score
    assert arena.train(SOME) is arena.train(iter(SOME[::-1]))


def test_more_labels_are_worth_more_here(arena: Arena) -> None:
    """All images teach the class that is in one clip only; another clip's image cannot."""
    assert arena.score(["a_000"]).iou[CLASSES - 1] == 0
    assert arena.score(TRAIN).miou > arena.score(["a_000"]).miou + 0.1


def test_parts_are_the_scores_of_test_sets_of_their_own(
    arena: Arena, world: World, tmp_path: Path
) -> None:
    """Seen are frames of clips that can be chosen from, unseen the others; alone they are whole."""
    parts = arena.score(SOME).parts
    assert list(parts) == [SEEN, UNSEEN]
    for part, stems in ((SEEN, TEST[:4]), (UNSEEN, TEST[4:])):
        other = World(tmp_path / part)
        other.lists(test=stems)
        alone = Arena(other.read(), identify("colour_grid"), tmp_path, Compute()).score(SOME)
        assert alone.miou == parts[part]
        assert alone.parts == {}
    assert world.test.read_text().split() == list(TEST)


def test_features_are_of_all_cells_of_an_image(arena: Arena, labelled: LabelFolder) -> None:
    """Whoever asks for an image gets its cells in the probe's space; no labels, no probe."""
    features = arena.features("c_002")
    assert features.dtype == np.float32
    assert len(features) == 28 * 28
    assert not np.array_equal(features, arena.features("c_003"))
    with pytest.raises(InvalidRequestError, match="needs labels"):
        arena.score([])
    assert labelled.train == TRAIN
