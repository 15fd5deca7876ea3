"""The Dockerfile copies what the package is built from, and installs it as the README does."""

import configparser
import re
from pathlib import Path

from tests.docs.pages import commands

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Dockerfile").read_text()
COPIED = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)


def test_it_copies_everything_that_setup_cfg_names():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    metadata, options = config["metadata"], config["options"]
    folders = [
        line.partition("=")[2].strip() for line in options["package_dir"].split("\n") if line
    ]
    files = [metadata["license_files"], metadata["long_description"].removeprefix("file: ")]
    assert {*folders, *files, "setup.py", "setup.cfg", "pyproject.toml"} <= {*COPIED}


def test_everything_that_it_copies_exists():
    assert len(COPIED) >= 7
    assert [path for path in COPIED if not (ROOT / path).exists()] == []
    assert "constraints.txt" in COPIED


def test_it_changes_opencv_by_the_lines_of_the_readme():
    """In this order: what is removed last takes the other package's files with it."""
    lines = [line for line in commands("README.md") if "opencv-python" in line]
    assert len(lines) == 2
    run = re.sub(r"--no-cache-dir |--constraint \S+ ", "", TEXT)
    places = [run.index(f"python -m {line}") for line in ("pip install", *lines)]
    assert places == sorted(places)


def test_it_takes_the_index_of_the_readme():
    (line,) = [line for line in commands("README.md") if "--index-url" in line]
    assert f"--extra-index-url {line.split()[-1]} " in TEXT


def test_its_python_is_the_oldest_that_the_package_takes_and_no_root_runs_it():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    python = config["options"]["python_requires"].removeprefix(">=")
    assert f"\nFROM python:{python}-slim\n" in TEXT
    assert TEXT.index("\nUSER user\n") < TEXT.index('\nENTRYPOINT ["dtorch"]\n')
