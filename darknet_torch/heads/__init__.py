"""The layers that a detector's boxes come from."""
