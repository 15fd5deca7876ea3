"""Darknet's own spelling of the commands."""
