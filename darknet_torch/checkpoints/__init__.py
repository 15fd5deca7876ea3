"""State_dicts of other programs, recognised by their keys and shapes."""
