"""Point clouds from files that nobody has vetted, thinned while they are read.

::

    reading ─▶ packed | arrays | ply | text ─▶ records ─▶ cloud
"""

from features.pointclouds.cloud import Cloud
from features.pointclouds.reading import read_cloud

__all__ = ["Cloud", "read_cloud"]
