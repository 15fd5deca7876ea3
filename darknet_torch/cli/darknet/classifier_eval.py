"""`dtorch classifier valid`: Darknet's own spelling of `dtorch eval` for classifiers."""

from __future__ import annotations

from typing import Any

from darknet_torch.cli.classifier_evaluation import evaluate_classifier
from darknet_torch.cli.darknet.flags import darknet_style, take_darknet_flags
from darknet_torch.cli.eval import eval_command
from darknet_torch.cli.model_loading import from_command, load_to_device


@darknet_style(eval_command)
def valid(**arguments: Any) -> None:
    """How often the classifier is right on the list valid= in DATA: top 1, top= and by class."""
    arguments = take_darknet_flags(arguments)
    evaluate_classifier(load_to_device(from_command(arguments), arguments), arguments)
