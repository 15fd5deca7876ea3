"""Compare the wheel and the source archive in a folder with the files of the repository.

    python tools/check_dist.py FOLDER

`make dist` builds the wheel from the source archive, so a wheel that has every file of the package
shows that the archive is enough to build it. Exit status: 0 they agree, 1 a file is missing or
does not belong there; each is named.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import click

_ROOT = Path(__file__).resolve().parents[1]
# Where setup.cfg installs each folder.
_PACKAGES = {"darknet_torch/": "darknet_torch/", "cfg/": "darknet_torch/definitions/"}
_METADATA = ".dist-info/"  # of a wheel
_OF_THE_REPOSITORY = (".ci/", ".gitignore")  # not of a release
# What setuptools adds to a source archive.
_GENERATED = ("PKG-INFO", "darknet_torch.egg-info/")


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Print what differs."""
    tracked = tracked_files(_ROOT)
    (wheel,) = folder.glob("*.whl")
    (archive,) = folder.glob("*.tar.gz")
    found = differences(wheel.name, in_wheel(tracked), wheel_files(wheel))
    found += differences(archive.name, in_archive(tracked), archive_files(archive))
    for line in found:
        click.echo(line)
    if found:
        sys.exit(1)
    click.echo(f"{wheel.name} and {archive.name} have the files of the repository")


def tracked_files(root: Path) -> list[str]:
    """Return the paths of the files that git tracks, relative to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    return listed.stdout.rstrip("\0").split("\0")


def in_wheel(tracked: Iterable[str]) -> set[str]:
    """Return the paths in a wheel of the tracked files that belong to it."""
    return {
        package + path.removeprefix(folder)
        for path in tracked
        for folder, package in _PACKAGES.items()
        if path.startswith(folder)
    }


def in_archive(tracked: Iterable[str]) -> set[str]:
    """Return the paths in a source archive of the tracked files that belong to it."""
    return {path for path in tracked if not path.startswith(_OF_THE_REPOSITORY)}


def wheel_files(wheel: Path) -> set[str]:
    """Return the paths in a wheel, without its metadata."""
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if _METADATA not in name}


def archive_files(archive: Path) -> set[str]:
    """Return the paths in a source archive, without its top folder and generated files.

    setup.cfg counts as tracked although setuptools adds a section to it.
    """
    with tarfile.open(archive) as opened:
        files = [member.name.partition("/")[2] for member in opened if member.isfile()]
    return {name for name in files if not name.startswith(_GENERATED)}


def differences(name: str, expected: set[str], found: set[str]) -> list[str]:
    """Return a line for each path that is in one of the sets alone."""
    lines = [f"{name}: {path} is missing" for path in sorted(expected - found)]
    return lines + [f"{name}: {path} does not belong there" for path in sorted(found - expected)]


if __name__ == "__main__":
    main()
