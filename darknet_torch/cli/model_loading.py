"""The network and the names of classes that a command's options name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from darknet_torch.cfg.model_names import ModelFileKind, kind_of
from darknet_torch.cfg.zoo import companion, find_cfg, read_names
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import CfgOptions, ModelOptions, ReportingOptions, RunOptions
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cpu.contention import watching_contention
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.downloads.model_search import Candidate, Mismatch, find_names_of
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.text import is_file

if TYPE_CHECKING:
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.model.network import Network

_ModelOptions = TypeVar("_ModelOptions", bound=ModelOptions)


@dataclass(frozen=True, kw_only=True)
class RunModelOptions(ModelOptions, RunOptions):
    """A network, and how to run it."""


@dataclass(frozen=True)
class LoadedModel:
    """A model that the options name.

    Attributes:
        network: the network; or the model of an engine, which was prepared from it.
        names: of its classes, if the file of its weights contains them.
        taken: what was found by name, see `ModelOptions.taken`.
        complete: the weights are those of all layers.
        warnings: that loading issued.
    """

    network: Network | EngineModel
    names: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    complete: bool = True
    warnings: tuple[CfgWarning, ...] = ()

    @property
    def own_network(self) -> Network:
        """The network; `UsageError` if an engine runs its model."""
        from darknet_torch.inference.description import require_network

        return require_network(self.network)


def complete_model(
    options: _ModelOptions, names: str | None = None, *, default_weights: bool = True
) -> _ModelOptions:
    """Return the options with the cfg and the weights that are found by name.

    Args:
        options: of the network. Given a cfg or weights, the other one is found by name; the cfg
            stays None where it is inside the weights.
        names: a file by whose name both are found if neither is given.
        default_weights: without weights, find those of the cfg.

    Raises:
        CfgError, WeightsError, UsageError: as `resolve_model`.
    """
    files = resolve_model(
        options.cfg,
        options.weights or None,
        names=names if names and is_file(names) else None,
        default_weights=default_weights,
        mismatch=find_mismatch(options),
    )
    protect_inputs([files.cfg, files.weights])
    cfg, weights = options.cfg, options.weights
    if cfg is not None and not weights and kind_of(Path(cfg)) is ModelFileKind.WEIGHTS:
        cfg, weights = None, cfg
    if cfg is None and files.cfg is not None:
        cfg = str(files.cfg)
    if not weights and files.weights is not None:
        weights = str(files.weights)
    return replace(options, cfg=cfg, weights=weights, taken=(*options.taken, *files.taken))


def find_mismatch(options: CfgOptions) -> Mismatch:
    """Return what says why a weight file does not fit a cfg; it imports torch when it is asked."""

    def mismatch(cfg: Path, weights: Path) -> str | None:
        from darknet_torch.model.weight_fit import find_mismatch as find

        sizes = {"width": options.width, "height": options.height}
        return find(**sizes, strict=not options.allow_leftover)(cfg, weights)

    return mismatch


def load_model(options: ModelOptions) -> LoadedModel:
    """Build the network and read its weights; report what is wrong with either.

    Raises:
        CfgError, WeightsError, UsageError: as `darknet_torch.load`; also CfgError for the
            warnings under --strict, UsageError when no weights are found.
    """
    from darknet_torch.loading.load import load_model as load

    options = complete_model(options)
    with report_warnings(options) as warnings:
        model = load(**loading_arguments(options))
    report = model.report
    if report is not None and not report.complete:
        options.print_remark(f"warning: {report}; the other layers hold random numbers")
    elif options.verbose:
        options.print_remark(f"loaded {report}")
    taken = options.taken
    if options.cfg is None:
        taken += (_describe_cfg(model.cfg_file, inside=model.cfg_file == options.weights),)
    complete = report is not None and report.complete
    return LoadedModel(model.network, model.names, taken, complete, tuple(warnings))


def _describe_cfg(path: str, *, inside: bool) -> str:
    return f"cfg {'inside ' if inside else ''}{Candidate(Path(path))}"


def load_prepared(options: ModelOptions, model: EngineModel) -> LoadedModel:
    """Return what `load_model` would, for a model that an engine has loaded."""
    taken = options.taken
    if options.cfg is None:
        taken += (_describe_cfg(str(options.weights), inside=True),)
    return LoadedModel(model, model.description.names, taken)


def loading_arguments(options: ModelOptions) -> dict[str, Any]:
    """Return the arguments of `darknet_torch.loading.load.load_model`, which JSON knows."""
    return {
        "cfg": options.cfg,
        "weights": options.weights or None,
        "width": options.width,
        "height": options.height,
        "dialect": options.dialect,
        "strict": not options.allow_leftover,
        "allow_large": options.allow_large,
    }


def load_on_device(options: RunModelOptions) -> LoadedModel:
    """`load_model` on --device, after --threads and --seed have taken effect.

    Without --threads the number is chosen, see `darknet_torch.inference.threads`. It also holds
    for OpenCV. Until the command ends, a warning says if its threads wait for cores.

    Raises:
        UsageError: there is no such device; and as `load_model`.
    """
    import cv2
    import torch

    from darknet_torch.inference.threads import use_threads
    from darknet_torch.model.loading import find_device

    device = find_device(options.device)
    threads = use_threads(options.threads, device, options.print_remark)
    cv2.setNumThreads(threads)
    if options.seed is not None:
        torch.manual_seed(options.seed)
    model = load_model(options)
    if device.type == "cpu":
        _warn_of_contention(options, threads)
    return replace(model, network=model.own_network.to(device))


def _warn_of_contention(options: RunModelOptions, threads: int) -> None:
    """Warn once if the threads of this process wait for cores while the command runs."""
    context = click.get_current_context(silent=True)
    if context is not None and threads > 1 and not options.quiet:
        watching = watching_contention(
            threads, lambda text: options.print_remark(f"warning: {text}")
        )
        context.with_resource(watching)


def load_model_to_device(options: RunModelOptions) -> Network:
    """`load_on_device` for a command that needs no names; prints what was found by name."""
    model = load_on_device(options)
    print_taken(options, model.taken)
    return model.own_network


def print_taken(options: ReportingOptions, taken: tuple[str, ...]) -> None:
    """Print one line that says what was found by name, if anything was."""
    if taken:
        options.print_remark(", ".join(taken))


def build_model(options: ModelOptions) -> Network:
    """Build the network without weights; its arrays have no values."""
    from darknet_torch.model.loading import build

    assert options.cfg is not None, "the command has checked it"
    cfg = find_cfg(options.cfg)
    protect_inputs([cfg])
    with report_warnings(options):
        return build(
            cfg,
            width=options.width,
            height=options.height,
            dialect=options.dialect,
        )


def find_names(
    options: ModelOptions,
    classes: int,
    given: str | list[str] | None,
    model: LoadedModel | None = None,
) -> list[str] | str | None:
    """Find the names of a network's classes, and print what was found by name.

    Args:
        options: of the network.
        classes: how many the network has.
        given: the names or the file of them that the user gives, if any.
        model: the network, if nothing was printed about it yet.

    Returns:
        `given`, else the names inside the model, else the .names file next to the cfg or
        the weights, else the names of COCO or VOC if their number fits; else None.
    """
    taken = model.taken if model else ()
    if given:
        print_taken(options, taken)
        return given
    if model and model.names:
        print_taken(options, (*taken, f"names inside {options.weights}"))
        return list(model.names)
    files = [find_cfg(options.cfg) if options.cfg else None]
    files += [Path(options.weights)] if options.weights else []
    found = find_names_of(files, classes)
    if found is None:
        print_taken(options, taken)
        options.print_remark(
            "note: no names of classes found; they are called class 0, class 1, ... without "
            "--names FILE"
        )
        return None
    if found.is_shipped:
        return _take_shipped_names(options, classes, found.path.stem, taken)
    protect_inputs([found.path])
    is_default = files[0] is not None and found.path == companion(files[0], ".names")
    if taken or not is_default:
        print_taken(options, (*taken, f"names {found}"))
    return str(found.path)


def _take_shipped_names(
    options: ModelOptions, classes: int, name: str, taken: tuple[str, ...]
) -> list[str]:
    if taken:
        print_taken(options, (*taken, f"names {name}"))
    else:
        options.print_remark(
            f"note: {classes} classes, named as in {name}; --names FILE for others"
        )
    return read_names(name)


def find_given_names(
    options: ReportingOptions, names: str | None, data: str | None
) -> str | list[str] | None:
    """Return the names that --names or --data gives; None without either.

    Args:
        options: how to report what is noted about the data set.
        names: a names file, or None.
        data: a data set in any form, or None.

    Returns:
        `names`, else the names file of a .data file, else the names in the data set.

    Raises:
        UsageError, NamesError: the data set has no names, or cannot be read.
    """
    if names or not data:
        return names
    with report_warnings(options):
        return _names_of_data(data)


def _names_of_data(data: str) -> str | list[str]:
    from darknet_torch.datasets.darknet import DataFile
    from darknet_torch.datasets.data_names import read_class_names
    from darknet_torch.datasets.file_list import named_files
    from darknet_torch.datasets.opening import data_file

    protect_inputs(named_files(data))
    file = data_file(data)
    if file is None:
        found = read_class_names(Path(data))
        if not found:
            raise UsageError(
                "the classes have no names",
                where=data,
                expected="classes.txt or obj.names in the folder, or names: in data.yaml",
                fix="give them with --names FILE",
            )
        return list(found)
    path = DataFile.read(file).names_path()
    if path is None:
        raise UsageError("has no names=", where=file, expected="names=FILE")
    protect_inputs([path])
    return str(path)
