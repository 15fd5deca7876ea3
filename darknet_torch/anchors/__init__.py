"""Finds anchors for the boxes of a data set. No torch, except in `gpu`.

The names and defaults below are for the options of the commands, which import no numpy.
"""

VARIANT_NAMES = ("median", "mean", "euclidean")  # of k-means; see `kmeans.VARIANTS`
DEFAULT_VARIANT = "median"
DEFAULT_RESTARTS = 20
