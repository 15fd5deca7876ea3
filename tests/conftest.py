"""What several tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NO_REFERENCE = "no recorded results: neither DTORCH_REFERENCE nor ../shared/reference"


def reference_folder() -> Path | None:
    """The recorded results: under DTORCH_REFERENCE, else beside the checkout, else None."""
    named = os.environ.get("DTORCH_REFERENCE")
    folder = Path(named) if named else ROOT.parent / "shared" / "reference"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of recorded results; tests that need it are skipped where it is absent."""
    folder = reference_folder()
    if folder is None:
        pytest.skip(NO_REFERENCE)
    return folder
