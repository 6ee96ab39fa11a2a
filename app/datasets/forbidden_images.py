"""Images that links lead out of the permitted folders: left unread and reported, as at the shell.

Only what a source *names* decides whether it is refused as a whole; where a name leads is looked
at here, when the images are about to be read, and each one that strays fails alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from app.access.files import STRAY, permitted
from app.errors import SourceRefusedError
from app.settings import Settings
from features.images.reading import UnreadableImage, left_out
from features.prepared import Prepared
from features.sources.scenes import Image, PoolScene, ScenePool


@dataclass(frozen=True, slots=True)
class ForbiddenImages:
    """A pool without the images that stray.

    Parameters
    ----------
    pool
        What may be read.
    scenes
        The scenes that have such an image, as they were.
    failures
        The images that stray, by scene.
    """

    pool: ScenePool
    scenes: Mapping[str, PoolScene]
    failures: Mapping[str, tuple[UnreadableImage, ...]]

    @classmethod
    def set_aside(cls, pool: ScenePool, settings: Settings) -> Self:
        """Look where each image of a pool leads.

        Raises
        ------
        SourceRefusedError
            Not a single image may be read; names the first.
        """
        kept: list[PoolScene] = []
        scenes: dict[str, PoolScene] = {}
        failures: dict[str, tuple[UnreadableImage, ...]] = {}
        refusal: SourceRefusedError | None = None
        for scene in pool.scenes:
            images: list[Image] = []
            for image in scene.images:
                try:
                    permitted(image.uri, settings)
                except SourceRefusedError as error:
                    refusal = refusal or error
                    failure = UnreadableImage(scene.scene_id, image.uri, STRAY)
                    failures[scene.scene_id] = (*failures.get(scene.scene_id, ()), failure)
                else:
                    images.append(image)
            if scene.scene_id in failures:
                scenes[scene.scene_id] = scene
                kept.append(replace(scene, images=tuple(images)))
            else:
                kept.append(scene)
        if refusal is not None and not any(scene.images for scene in kept):
            raise refusal
        return cls(replace(pool, scenes=tuple(kept)), scenes, failures)

    def reported(self, prepared: Prepared) -> Prepared:
        """Return what was made of the pool, with the images that stray among the failures."""
        if not self.failures:
            return prepared
        strays = tuple(failure for found in self.failures.values() for failure in found)
        failures = (*prepared.failures, *strays)
        by_scene: dict[str, list[UnreadableImage]] = {name: [] for name in self.scenes}
        for failure in failures:
            if failure.scene_id in by_scene:
                by_scene[failure.scene_id].append(failure)
        without = tuple(
            left_out(self.scenes[scene.scene_id], by_scene[scene.scene_id])
            if scene.scene_id in self.scenes
            else scene
            for scene in prepared.left_out
        )
        return replace(prepared, failures=failures, left_out=without)
