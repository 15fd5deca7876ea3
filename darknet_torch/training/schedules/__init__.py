"""Schedules of the learning rate and warm-ups, a list of small classes each. No torch."""
