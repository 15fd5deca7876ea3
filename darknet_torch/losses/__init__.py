"""Darknet's losses: the delta that each layer with a truth hands back, in closed form."""
