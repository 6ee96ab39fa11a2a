from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.cuts import Cut, parse_cut
from app.labelled.errors import LabelledDataError
from app.labelled.stems import clip_of

stems = st.lists(
    st.builds(
        "{}_{:05}".format, st.sampled_from(["0001TP", "Seq05VD", "a", "a#1"]), st.integers(0, 99999)
    ),
    max_size=40,
    unique=True,
)
lengths = st.tuples(st.integers(1, 9), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair)))
seeds = st.integers(0, 2**32)


def flat(scenes: dict[str, tuple[str, ...]]) -> list[str]:
    """Return all images of some scenes."""
    return [stem for members in scenes.values() for stem in members]


@given(stems=stems, seed=seeds)
def test_a_frame_is_a_scene(stems: Sequence[str], seed: int) -> None:
    """Each image is a scene of its own name."""
    assert parse_cut("frame").scenes(stems, seed) == {stem: (stem,) for stem in stems}


@given(stems=stems, bounds=lengths, seed=seeds)
def test_windows_are_consecutive_frames_of_one_clip(
    stems: Sequence[str], bounds: tuple[int, int], seed: int
) -> None:
    """Windows partition each clip in its order; only a clip's last may be shorter than LO."""
    least, most = bounds
    cut = parse_cut(f"window:{least}-{most}")
    scenes = cut.scenes(stems, seed)
    assert scenes == cut.scenes(stems, seed)
    clips = {
        clip: [stem for stem in stems if clip_of(stem) == clip] for clip in map(clip_of, stems)
    }
    windows = list(scenes.values())
    for clip, members in clips.items():
        of_clip = [window for window in windows if clip_of(window[0]) == clip]
        assert [stem for window in of_clip for stem in window] == members
        assert all(least <= len(window) <= most for window in of_clip[:-1])
        assert 1 <= len(of_clip[-1]) <= most
    assert flat(scenes) == [stem for members in clips.values() for stem in members]


@given(stems=stems, bounds=lengths, seed=seeds)
def test_parts_of_groups_are_within_their_group(
    stems: Sequence[str], bounds: tuple[int, int], seed: int
) -> None:
    """Parts partition each group; their images keep the list's order; only a last may be short."""
    least, most = bounds
    cut = parse_cut(f"group:^(.+)_@{least}-{most}")
    scenes = cut.scenes(stems, seed)
    assert scenes == cut.scenes(stems, seed)
    assert sorted(flat(scenes)) == sorted(stems)
    groups = [{stem.rpartition("_")[0] for stem in part} for part in scenes.values()]
    assert all(len(group) == 1 for group in groups)
    for part, here, after in zip(scenes.values(), groups, [*groups, None][1:], strict=True):
        assert list(part) == sorted(part, key=list(stems).index)
        assert (1 if here != after else least) <= len(part) <= most


@given(stems=stems, seed=seeds)
def test_groups_are_whole_where_no_lengths_are_given(stems: Sequence[str], seed: int) -> None:
    """A group is all images in whose stems the expression finds the same."""
    scenes = parse_cut("group:^[^_]+").scenes(stems, seed)
    assert sorted(flat(scenes)) == sorted(stems)
    assert all(stem.rpartition("_")[0] == name for name in scenes for stem in scenes[name])


def test_every_length_is_drawn() -> None:
    """Lengths are uniform: in many windows each is there about equally often."""
    scenes = parse_cut("window:1-4").scenes([f"a_{i:05}" for i in range(20_000)], 0)
    sizes = [len(window) for window in scenes.values()]
    shares = [sizes.count(size) / len(sizes) for size in range(1, 6)]
    assert shares == pytest.approx([0.25] * 4 + [0], abs=0.02)


def test_seeds_cut_differently() -> None:
    """Another seed draws other windows, and other members of parts."""
    frames = [f"a_{i}" for i in range(50)]
    for spec in ("window:1-8", "group:^(a)@4-4"):
        cut = parse_cut(spec)
        assert cut.scenes(frames, 0) != cut.scenes(frames, 1)
    parts = parse_cut("group:^(a)@4-4").scenes(frames, 0)
    assert any(abs(frames.index(a) - frames.index(b)) > 1 for a, b, *_ in parts.values())


def test_names_of_scenes() -> None:
    """Ids say the clip or group, and the number of the part."""
    frames = ["a_1", "b_1", "a_2", "b_2"]
    assert parse_cut("window:2-2").scenes(frames, 0) == {
        "a#1": ("a_1", "a_2"),
        "b#1": ("b_1", "b_2"),
    }
    assert parse_cut("window:1-1:_([12])").scenes(frames, 0) == {
        "1#1": ("a_1",),
        "1#2": ("b_1",),
        "2#1": ("a_2",),
        "2#2": ("b_2",),
    }
    assert parse_cut("group:[12]").scenes(frames, 0) == {"1": ("a_1", "b_1"), "2": ("a_2", "b_2")}


def _text(cut: Cut) -> str | None:
    return None if cut.expression is None else cut.expression.text


def test_colons_belong_to_expressions() -> None:
    """Only the first colons part a text, and an escaped end is no length."""
    assert _text(parse_cut("group:(?:a|b):1")) == "(?:a|b):1"
    assert _text(parse_cut("window:1-2:(?:a):1-8")) == "(?:a):1-8"
    escaped = parse_cut("group:a@[2]-5")
    assert (_text(escaped), escaped.lengths) == ("a@[2]-5", None)


def test_stems_without_a_group_are_named() -> None:
    """An image in whose stem the expression finds nothing, or nothing but nothing, is refused."""
    for spec in ("group:^a_", "group:^(a?)", "window:1-2:^(a?)"):
        with pytest.raises(LabelledDataError) as caught:
            parse_cut(spec).scenes(["a_1", "b_1", "b_2"], 0)
        assert str(caught.value) == (
            f"cut {spec!r}: the expression finds nothing in 2 stems (b_1, b_2)"
        )
    with pytest.raises(LabelledDataError, match="more than 512 characters"):
        parse_cut("group:a").scenes(["a" * 513], 0)


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("", "must be frame, window:LO-HI[:REGEX] or group:REGEX[@LO-HI]"),
        ("frames", "must be frame, "),
        ("frame:", "must be frame, "),
        ("window", "lengths must be LO-HI, for example 1-8, not ''"),
        ("window:8", "lengths must be LO-HI"),
        ("window:1-8 ", "lengths must be LO-HI"),
        ("window:-1-8", "lengths must be LO-HI"),
        ("window:1-1234567890", "lengths must be LO-HI"),
        ("window:0-8", "lengths must be from 1 and ascend, not 0-8"),
        ("window:8-1", "lengths must be from 1 and ascend, not 8-1"),
        ("window:1-8:", "must have an expression after its last colon"),
        ("window:1-8:(", "the expression must be a regular expression ("),
        ("group", "must have an expression"),
        ("group:", "must have an expression"),
        ("group:@1-2", "must have an expression"),
        ("group:(a)@2-1", "lengths must be from 1"),
        ("group:[", "the expression must be a regular expression ("),
        ("group:(a)(b)", "the expression must have at most one group"),
        (
            "group:(?=a)b",
            "the expression must be a regular expression (invalid perl",
        ),
        (
            "group:" + ".{0,512}" * 4,
            "the expression must be smaller",
        ),
    ],
)
def test_what_is_no_cut_is_refused(spec: str, rule: str) -> None:
    """Each malformed text gets a sentence that names it and the rule."""
    with pytest.raises(LabelledDataError) as caught:
        parse_cut(spec)
    assert caught.value.place == f"cut {spec!r}"
    assert rule in caught.value.rule


@pytest.mark.shared_data
def test_collections_of_photos(shared_data: Path) -> None:
    """LabelMeFacade's photos fall into their collections, and those into parts of 1 to 8."""
    frames = [path.stem for path in sorted((shared_data / "labelmefacade" / "images").iterdir())]
    collections = parse_cut("group:^(.+)__").scenes(frames, 0)
    assert sum(map(len, collections.values())) == 945
    assert len(collections["05june05_static_street_boston"]) == 97
    parts = parse_cut("group:^(.+)__@1-8").scenes(frames, 0)
    assert sum(map(len, parts.values())) == 945
    assert {len(part) for part in parts.values()} == set(range(1, 9))
