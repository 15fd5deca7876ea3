"""Finds anchors for the boxes of a data set. No torch, except in `gpu`."""
