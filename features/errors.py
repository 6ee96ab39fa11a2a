"""The errors of the feature pipeline, each one clear sentence for the person who can mend it.

::

    FeatureError
    ├── SourceError    a source of scenes is wrong; names the file and, where there is one, the line
    ├── StorageError   the bytes that a path or URI names cannot be had
    │   └── AbsentError        nothing lies there
    ├── ImageError     one image cannot be read; the scene lives on without it
    ├── BackboneError  an unknown or unavailable backbone
    │   ├── WeightsError        a weights file is missing or does not match
    │   └── BatchTooLargeError  a batch does not fit into the device's memory
    └── VectorsError   vectors are unusable (not finite, wrong shape)
"""

from features.storage.redaction import redacted


class FeatureError(Exception):
    """Base of every error that the feature pipeline raises on purpose."""


class SourceError(FeatureError):
    """A source of scenes breaks a rule.

    Parameters
    ----------
    place
        The file or folder, with the line number after a colon where there is one.
    rule
        What is wrong there, as the end of a sentence.
    """

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}")
        self.place = place
        self.rule = rule


class StorageError(FeatureError):
    """The bytes that a path or URI names cannot be had, or it names none.

    Parameters
    ----------
    uri
        The path or URI; kept and shown without what may be secret in it.
    reason
        What is wrong, as the end of a sentence.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = redacted(uri)
        self.reason = reason
        super().__init__(f"{self.uri}: {reason}")


class AbsentError(StorageError):
    """Nothing lies where a path or URI points."""


class ImageError(FeatureError):
    """An image cannot be read: missing, empty, truncated, or not an image.

    Parameters
    ----------
    uri
        The image; kept and shown without what may be secret in its URI.
    reason
        What is wrong, as the end of a sentence.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = redacted(uri)
        self.reason = reason
        super().__init__(f"{self.uri}: {reason}")


class BackboneError(FeatureError):
    """A backbone is unknown or cannot be used here."""


class WeightsError(BackboneError):
    """A weights file is missing, unreadable or does not match its backbone or hash."""


class BatchTooLargeError(BackboneError):
    """A batch of images does not fit into the memory of the device; a smaller one may."""


class VectorsError(FeatureError):
    """Vectors are unusable: not finite, of the wrong shape, or zero."""
