"""The forms in which data sets come. No torch.

A form is a class in a file of its own and a row in `FORMS`. The first that recognises a path reads
it; a folder that holds data in two forms is read in the earlier one.
"""

from __future__ import annotations

from pathlib import Path

from darknet_torch.datasets.forms.base import Form
from darknet_torch.datasets.forms.box_csv import BoxCsv
from darknet_torch.datasets.forms.coco_json import CocoJson
from darknet_torch.datasets.forms.darknet_data import DarknetData, KeyValueFile
from darknet_torch.datasets.forms.picture_list import PictureList
from darknet_torch.datasets.forms.voc_root import VocRoot
from darknet_torch.datasets.forms.xml_folder import XmlFolder
from darknet_torch.datasets.forms.yolo_folder import YoloFolder
from darknet_torch.datasets.forms.yolo_yaml import YoloYaml
from darknet_torch.text import path_exists

FORMS: tuple[Form, ...] = (
    DarknetData(),
    VocRoot(),
    YoloYaml(),
    CocoJson(),
    BoxCsv(),
    YoloFolder(),
    XmlFolder(),
    PictureList(),
    KeyValueFile(),
)


def find_form(path: Path) -> tuple[Form, Path] | None:
    """The form of the data set at `path`, and its file or folder; None if none recognises it.

    Raises:
        UsageError: several data sets of a form are there.
    """
    if not path_exists(path):
        return None
    for form in FORMS:
        place = form.locate(path)
        if place is not None:
            return form, place
    return None
