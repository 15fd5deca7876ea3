"""Which options of evaluations contradict the rest of a plan, or have no effect. No torch."""

from __future__ import annotations

from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.training.plan import TrainPlan

_NEED_EVALUATIONS = ("map_every", "criterion")
_NOT_OF_CHARACTERS = ("map", "overfit", "augment")


def check_evaluates(plan: TrainPlan) -> None:
    """Check the options that need evaluations.

    Raises:
        UsageError: --patience has nothing to wait for.

    Warns:
        CfgNote: names the others that are given without --map.
    """
    if plan.map or plan.overfit:
        return
    if plan.patience is not None:
        raise _patience_error(plan, got="no --map", fix="give --map, too, and a list valid=")
    for name in _NEED_EVALUATIONS:
        if getattr(plan, name) is not None:
            warn(f"--{name.replace('_', '-')} has no effect without --map", category=CfgNote)


def check_kind(plan: TrainPlan, *, detects: bool, classifies: bool) -> None:
    """Check the options that are for one kind of network.

    Args:
        plan: what is given.
        detects: whether the network is a detector.
        classifies: whether it classifies pictures; a network of characters does neither.

    Raises:
        UsageError: --patience is given, and the network cannot be evaluated.

    Warns:
        CfgNote: names the options that have no effect on such a network.
    """
    if plan.patience is not None and not (detects or classifies):
        raise _patience_error(
            plan,
            got="a network of characters, which has no evaluation",
            fix="leave --patience out; --time-limit ends such a training, too",
        )
    if not (detects or classifies):
        for name in _NOT_OF_CHARACTERS:
            if getattr(plan, name) != TrainPlan.__dataclass_fields__[name].default:
                warn(f"--{name} has no effect on characters", where=plan.cfg, category=CfgNote)
    if plan.criterion is not None and not detects:
        warn("--criterion has no effect: it is for detectors", where=plan.cfg, category=CfgNote)
    if plan.label_smoothing is not None and not classifies:
        instead = "; label_smooth_eps= of a head in the cfg smooths its classes" if detects else ""
        warn(
            f"--label-smoothing has no effect: it is for classifiers{instead}",
            where=plan.cfg,
            category=CfgNote,
        )


def _patience_error(plan: TrainPlan, got: str, fix: str) -> UsageError:
    return UsageError(
        f"--patience {plan.patience} counts evaluations, and there are none",
        expected="a training that is evaluated at intervals",
        got=got,
        fix=fix,
    )
