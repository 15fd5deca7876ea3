"""A network of one's own from a base: `dtorch new`."""
