"""Data sets: labelled pictures in any of the common forms. No torch."""
