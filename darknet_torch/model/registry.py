"""The class that builds each section of a cfg.

To add a layer type to the package, import its class and list it in `LAYER_TYPES`. Code outside
of the package registers its own types with `register_layer`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from darknet_torch.cfg.grammar import Section, parse_cfg
from darknet_torch.cfg.net import SECTION_NAMES
from darknet_torch.errors import CfgError, UsageError, nearest
from darknet_torch.heads.detection import Detection
from darknet_torch.heads.gaussian_yolo import GaussianYolo
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.activation import Activate
from darknet_torch.layers.avgpool import Avgpool
from darknet_torch.layers.base import Layer, LayerOptions
from darknet_torch.layers.batchnorm import Batchnorm
from darknet_torch.layers.connected import Connected
from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.layers.conv_lstm import ConvLstm
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.cost import Cost
from darknet_torch.layers.crnn import Crnn
from darknet_torch.layers.crop import Crop
from darknet_torch.layers.deconvolutional import Deconvolutional
from darknet_torch.layers.dropout import Dropout
from darknet_torch.layers.empty import Empty
from darknet_torch.layers.gru import Gru
from darknet_torch.layers.history import History
from darknet_torch.layers.implicit import Implicit
from darknet_torch.layers.iseg import Iseg
from darknet_torch.layers.l2norm import L2norm
from darknet_torch.layers.local import Local
from darknet_torch.layers.local_avgpool import LocalAvgpool
from darknet_torch.layers.logistic import Logistic
from darknet_torch.layers.lstm import Lstm
from darknet_torch.layers.maxpool import Maxpool
from darknet_torch.layers.normalization import LocalResponse
from darknet_torch.layers.reorg import Reorg
from darknet_torch.layers.reorg3d import Reorg3d
from darknet_torch.layers.rnn import Rnn
from darknet_torch.layers.route import Route, RouteHalf
from darknet_torch.layers.sam import Sam
from darknet_torch.layers.scale_channels import ScaleChannels
from darknet_torch.layers.shortcut import Shortcut
from darknet_torch.layers.softmax import Softmax
from darknet_torch.layers.upsample import Upsample

LAYER_TYPES: tuple[type[Layer], ...] = (
    Convolutional,
    Deconvolutional,
    Local,
    Connected,
    Maxpool,
    Avgpool,
    LocalAvgpool,
    Batchnorm,
    LocalResponse,
    L2norm,
    Dropout,
    Activate,
    Route,
    RouteHalf,
    Shortcut,
    ScaleChannels,
    Sam,
    Implicit,
    Upsample,
    Reorg,
    Reorg3d,
    Crop,
    Rnn,
    Gru,
    Lstm,
    Crnn,
    ConvLstm,
    History,
    Softmax,
    Logistic,
    Cost,
    Contrastive,
    Iseg,
    Empty,
    Detection,
    Region,
    Yolo,
    GaussianYolo,
)

_BY_NAME = {name: layer for layer in LAYER_TYPES for name in layer.section_names}

LayerClass = TypeVar("LayerClass", bound=type[Layer])


def layer_type(section: Section) -> type[Layer]:
    """Find the layer class that builds `section`.

    Raises:
        CfgError: no layer type has this name.
    """
    if section.name in _BY_NAME:
        return _BY_NAME[section.name]
    if section.name in SECTION_NAMES:
        raise CfgError(
            f"[{section.name}] again",
            where=section.where,
            expected="only layers after the first section",
        )
    close = nearest(section.name, _BY_NAME)
    raise CfgError(
        f"unknown section [{section.name}]",
        where=section.where,
        expected="a layer type of Darknet",
        got=f"[{section.name}]",
        fix=f"did you mean [{close}]?" if close else None,
    )


def register_layer(layer: LayerClass) -> LayerClass:
    """Make the sections of a layer class known to every function and command of this process.

    Use it as a decorator, or call it, before the cfg is read:

        @darknet_torch.register_layer
        class Scale(Layer):
            section_names = ("scale",)
            example_cfg = "[scale]\\nfactor=2\\n"
            Options = ScaleOptions

    Training then updates the layer's parameters, unless it reproduces Darknet's bugs: Darknet's
    CPU code updates the sections that it names, and no others.

    Args:
        layer: a subclass of `Layer`; CONTRIBUTING.md describes its members.

    Returns:
        The class itself.

    Raises:
        UsageError: the class lacks section_names, Options or example_cfg, or one of its section
            names is taken.
    """
    _check_declarations(layer)
    for name in layer.section_names:
        _check_name_is_free(layer, name)
    _BY_NAME.update(dict.fromkeys(layer.section_names, layer))
    return layer


def unregister_layer(layer: type[Layer]) -> None:
    """Forget a class that `register_layer` registered; other classes stay as they are."""
    if layer in LAYER_TYPES:
        return
    for name in [name for name, known in _BY_NAME.items() if known is layer]:
        del _BY_NAME[name]


def _check_declarations(layer: Any) -> None:
    """Refuse a class without one of the members that every layer declares."""
    if not (isinstance(layer, type) and issubclass(layer, Layer)):
        raise UsageError(
            "only a layer can be registered",
            expected="a subclass of darknet_torch.layers.base.Layer",
            got=repr(layer),
        )
    names = getattr(layer, "section_names", None)
    if not isinstance(names, tuple) or not names or not all(isinstance(n, str) for n in names):
        raise _declaration_error(
            layer, "section_names", "a tuple of the section's name and its aliases"
        )
    options = layer.Options
    if not (isinstance(options, type) and issubclass(options, LayerOptions)):
        raise _declaration_error(layer, "Options", "a dataclass derived from LayerOptions")
    if options is not LayerOptions and "__dataclass_fields__" not in vars(options):
        raise _declaration_error(
            layer, "Options", "a class with the decorator @dataclass(frozen=True)"
        )
    if not _contains_section(getattr(layer, "example_cfg", None), names):
        raise _declaration_error(layer, "example_cfg", f"sections that contain [{names[0]}]")


def _contains_section(cfg: Any, names: tuple[str, ...]) -> bool:
    try:
        return isinstance(cfg, str) and any(item.name in names for item in parse_cfg(cfg))
    except CfgError:
        return False


def _declaration_error(layer: type[Layer], member: str, expected: str) -> UsageError:
    return UsageError(
        f"{layer.__qualname__} cannot be registered: its {member} does not fit",
        expected=expected,
        got=repr(getattr(layer, member, None)),
    )


def _check_name_is_free(layer: type[Layer], name: str) -> None:
    owner = _BY_NAME.get(name)
    if name in SECTION_NAMES or (owner is not None and owner is not layer):
        raise UsageError(
            f"the section name [{name}] is taken",
            expected="a name that no other layer type has",
            got=f"[{name}], which is {owner.__qualname__ if owner else 'the first section'}",
            fix=f"choose another name in section_names of {layer.__qualname__}",
        )
