"""Published weight files: which there are, where they come from, where they lie. No torch."""

TIMEOUT = 30.0  # seconds without an answer, or with hardly any bytes, until a place is given up
