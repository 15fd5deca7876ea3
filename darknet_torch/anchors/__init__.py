"""Anchors from the boxes of a data set. No torch but in `gpu`."""
