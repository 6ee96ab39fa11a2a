"""Bytes by path or URI, wherever they lie.

::

    reading, writing
            -> web (http) | object_stores (obstore: s3, gs, az) | file_systems (fsspec: others)
            -> environment, failures -> limits
    local   -> the file itself, without a library between

``features.storage.uris`` says what a URI may be; ``features.images.pixels`` and
``features.sources`` read through :mod:`features.storage.reading`.
"""
