"""`dtorch classifier valid`: `dtorch eval` for classifiers with Darknet's command line."""

from __future__ import annotations

from darknet_torch.cli.classifier_evaluation import evaluate_classifier
from darknet_torch.cli.darknet.flags import apply_darknet_flags, darknet_style
from darknet_torch.cli.eval import eval_command
from darknet_torch.cli.eval_options import EvalOptions
from darknet_torch.cli.model_loading import load_model_to_device
from darknet_torch.cli.options import parsed_into

_FOR_BOXES = frozenset(
    "threshold min_score ious points nms_threshold resize sweep results export export_formats "
    "report plots images voc_origin source".split()
)


@darknet_style(eval_command, without_effect=_FOR_BOXES)
@parsed_into(EvalOptions)
def valid(options: EvalOptions) -> None:
    """Measure the accuracy on the list valid= in DATA: top 1, top= and by class."""
    options = apply_darknet_flags(options)
    evaluate_classifier(load_model_to_device(options), options)
