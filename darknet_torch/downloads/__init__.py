"""Published weight files: what exists, how it is downloaded, where it is kept. No torch."""

TIMEOUT = (
    30.0  # seconds without an answer, or almost without data, after which a server is given up
)
