"""Evaluating networks: all conventions of average precision from one pass. No torch."""
