"""How plots look; matplotlib is an extra. No torch."""
