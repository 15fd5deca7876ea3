"""Store what the bundled model finds in the bundled picture, for `dtorch doctor` to compare with.

    python tools/bundled_picture.py

To be run after the model or the picture has changed; look at the objects that it prints.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, sample_folder
from darknet_torch.doctor.self_test import detect_sample, load_bundled
from darknet_torch.files import write_text


@click.command(help=__doc__)
@click.option(
    "--out", type=click.Path(path_type=Path), default=sample_folder() / BUNDLED_DETECTIONS
)
def main(out: Path) -> None:
    """Write the objects, as `Detections.to_dict` lists them, and print their names and scores."""
    objects = detect_sample(load_bundled())
    write_text(out, json.dumps(objects, indent=1) + "\n")
    for one in objects:
        click.echo(f"{one['name']} {one['confidence']:.2f}")


if __name__ == "__main__":
    main()
