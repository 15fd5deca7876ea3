"""The cores that this process may use, and whether others keep it off them. No torch."""
