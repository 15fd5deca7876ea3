"""Darknet's losses.

For each layer that is trained on a truth: its delta, the negative gradient at the layer's
input, in closed form. One file per head; `registry` lists them.
"""
