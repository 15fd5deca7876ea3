"""Model files converted to other kinds of model file, and checked against their source."""
