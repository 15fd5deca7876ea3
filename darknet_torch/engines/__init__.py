"""Engines: libraries other than PyTorch that run a network. No torch.

A model is prepared for an engine once: PyTorch exports its graph, the engine writes it in the form
that it loads fastest, and `ModelDescription` keeps what the graph lacks: the input's size, and how
boxes are decoded. All of it lies in the user's cache, so that later commands need no PyTorch.
"""
