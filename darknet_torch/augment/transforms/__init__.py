"""Transforms of pictures and their boxes, for lists of steps of one's own. No torch."""
