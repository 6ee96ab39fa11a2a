"""Where another host finds a pool's images and point clouds.

A platform opens neither our paths nor, without its own credentials, our buckets. A rule says that
what lies under a root here lies under a URL there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from app.access.signatures import MediaUrl
from app.errors import InvalidRequestError
from app.exports.seed import ExportableSeed, ExportError, ExportScene
from features.errors import redacted
from features.sources.scenes import Image
from features.storage.uris import HTTP, OBJECT_STORES, is_remote, parse, to_path

_FORM: Final = "a media rule is ROOT=URL, such as /scenes=https://files.example/scenes"


@dataclass(frozen=True, slots=True)
class MediaRules:
    """Roots here and what they are called there; the longest root that fits counts.

    Parameters
    ----------
    roots
        Pairs of a folder or URI prefix and a URL prefix. What follows the root is quoted and put
        behind the URL, whether that ends in a path or, as Label Studio's local files do, in a
        query: ``/data/local-files/?d=scenes``. Keys of object stores are not quoted.
    """

    roots: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Return rules as they are written at the shell: ``ROOT=URL``.

        Raises
        ------
        InvalidRequestError
            One has another form, or a root has two URLs.
        """
        found: dict[str, str] = {}
        for text in texts:
            root, equals, url = text.partition("=")
            if not (root.strip() and equals and url.strip()):
                rule = f"{text!r}: {_FORM}."
                raise InvalidRequestError(rule)
            root = root.strip().rstrip("/") or "/"
            if found.setdefault(root, url.strip()) != url.strip():
                rule = f"{root} has two media rules."
                raise InvalidRequestError(rule)
        return cls(tuple(sorted(found.items(), key=lambda pair: -len(pair[0]))))

    def opened(self, seed: ExportableSeed, signed: MediaUrl | None = None) -> ExportableSeed:
        """Return a seed whose chosen scenes have URLs that a platform can open.

        What no rule is for is left as it is where it is a web address, gets a signed URL of ours
        where these are to be had, and is left as it is where it lies in an object store: platforms
        have credentials of their own.

        Parameters
        ----------
        seed
            Its scenes are those of its pool, in the pool's order, where `signed` is given.
        signed
            Makes addresses of ours that another host may open.

        Raises
        ------
        ExportError
            A file lies on this machine, and nothing says how it is reached from another.
        """
        chosen = set(seed.chosen)
        scenes = tuple(
            self._scene(position, scene, signed) if scene.scene_id in chosen else scene
            for position, scene in enumerate(seed.scenes)
        )
        return replace(seed, scenes=scenes)

    def _scene(self, position: int, scene: ExportScene, signed: MediaUrl | None) -> ExportScene:
        def url(uri: str, number: int | None) -> str:
            found = self.url(uri)
            if found is None and signed is not None:
                found = signed(position, number, uri)
            if found is None and is_remote(uri):
                found = uri
            if found is None:
                detail = (
                    f"Scene {scene.scene_id!r}: nothing says how another host opens "
                    f"{redacted(uri)}; {_FORM}."
                )
                raise ExportError(detail)
            return found

        cloud = scene.pointcloud
        images = tuple(
            Image(url(image.uri, number), image.sensor, image.frame)
            for number, image in enumerate(scene.images)
        )
        names = frozenset(file_name(image.uri) for image in scene.images)
        return replace(
            scene,
            images=images,
            file_names=scene.file_names if images == scene.images else names,
            pointcloud=None if cloud is None else url(cloud, None),
        )

    def url(self, uri: str) -> str | None:
        """Return what a path or URI is called there, or None where no rule is for it."""
        name = uri if is_remote(uri) else str(to_path(uri))
        for root, prefix in self.roots:
            rest = name.removeprefix(root)
            if rest != name and (root.endswith("/") or rest.startswith("/")):
                rest = rest.lstrip("/")
                if prefix.partition("://")[0].lower() in OBJECT_STORES:
                    rest = unquote(rest) if _is_web(uri) else rest  # keys are as they are written
                elif not _is_web(uri):
                    rest = quote(rest, safe="/")
                return f"{prefix.rstrip('/')}/{rest}"
        return uri if _is_web(uri) else None


def in_stores(seed: ExportableSeed) -> Sequence[str]:
    """Return the chosen scenes some of whose files lie in an object store: ids, in rank order."""
    return [scene.scene_id for scene in seed.split()[0] if any(map(_is_in_store, _files(scene)))]


def _files(scene: ExportScene) -> list[str]:
    clouds = [] if scene.pointcloud is None else [scene.pointcloud]
    return [*(image.uri for image in scene.images), *clouds]


def _is_in_store(uri: str) -> bool:
    return is_remote(uri) and not _is_web(uri)


def _is_web(uri: str) -> bool:
    return is_remote(uri) and parse(uri).scheme in HTTP


def file_name(uri: str) -> str:
    """Return the last part of a path or URL; of Label Studio's local files, of what they name.

    Examples
    --------
    >>> file_name("s3://bucket/a/b.jpg"), file_name("/data/local-files/?d=rooms/b%20c.jpg")
    ('b.jpg', 'b c.jpg')
    """
    parts = urlsplit(uri) if "://" in uri or uri.startswith("/data/") else None
    if parts is None:
        return PurePosixPath(uri).name
    local = dict(parse_qsl(parts.query)).get("d")
    return PurePosixPath(local if local is not None else unquote(parts.path)).name
