"""Darknet models to other files and back: a reader and a writer for each suffix."""
