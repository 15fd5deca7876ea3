"""Experiments: trainings and evaluations that docs/experiments.md reports, one module each."""
