"""What other programs for detectors call the options and commands of this one. No torch.

Messages suggest the name here: ``did you mean '--threshold'?``. The names are those of
Ultralytics, YOLOv5 and yolov7, by their letters and digits.
"""

from __future__ import annotations

from collections.abc import Container

# Options here, as arguments in Python are spelled; a value may follow.
OPTIONS: dict[str, tuple[str, ...]] = {
    "batchsize": ("batch",),
    "conf": ("threshold",),
    "confidence": ("threshold",),
    "confthres": ("threshold",),
    "confthreshold": ("threshold",),
    "existok": ("overwrite",),
    "img": ("width", "height"),
    "imgsize": ("width", "height"),
    "imgsz": ("width", "height"),
    "inputsize": ("width", "height"),
    "iouthres": ("nms_threshold",),
    "iouthreshold": ("nms_threshold",),
    "iterations": ("max_batches",),
    "json": ("format json",),
    "lr": ("learning_rate",),
    "lr0": ("learning_rate",),
    "maxdet": ("max_detections",),
    "model": ("cfg", "weights", "src"),
    "name": ("save", "backup", "names"),
    "pretrained": ("weights",),
    "project": ("save", "backup"),
    "savejson": ("format json",),
    "saveperiod": ("save_every",),
    "savetxt": ("format txt",),
    "source": ("source",),
    "viewimg": ("show",),
}

COMMANDS = {
    "anchors": "kmeans",
    "evaluate": "eval",
    "export": "convert",
    "infer": "detect",
    "inference": "detect",
    "init": "dataset init",
    "predict": "detect",
    "val": "eval",
    "validate": "eval",
}


def own_names(name: str, known: Container[str]) -> list[str]:
    """Return what an option of another program is called here.

    Args:
        name: the option, with or without dashes.
        known: the options that there are, as arguments in Python are spelled.

    Returns:
        Those of `known` that it stands for, some with a value, such as "format json".
    """
    letters = "".join(filter(str.isalnum, name.lower()))
    return [own for own in OPTIONS.get(letters, ()) if own.split()[0] in known]
