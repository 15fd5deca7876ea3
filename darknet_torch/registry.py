"""Which class stands for which section. To add a layer type, import it and list it here."""

from __future__ import annotations

from darknet_torch.cfg.grammar import Section
from darknet_torch.errors import CfgError, UnsupportedError, nearest
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.activation import Activate
from darknet_torch.layers.avgpool import Avgpool
from darknet_torch.layers.base import Layer
from darknet_torch.layers.batchnorm import Batchnorm
from darknet_torch.layers.connected import Connected
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.cost import Cost
from darknet_torch.layers.dropout import Dropout
from darknet_torch.layers.empty import Empty
from darknet_torch.layers.maxpool import Maxpool
from darknet_torch.layers.reorg import Reorg
from darknet_torch.layers.route import Route
from darknet_torch.layers.shortcut import Shortcut
from darknet_torch.layers.softmax import Softmax
from darknet_torch.layers.upsample import Upsample

LAYER_TYPES: tuple[type[Layer], ...] = (
    Convolutional,
    Connected,
    Maxpool,
    Avgpool,
    Batchnorm,
    Dropout,
    Activate,
    Route,
    Shortcut,
    Upsample,
    Reorg,
    Softmax,
    Cost,
    Empty,
    Region,
    Yolo,
)

_BY_NAME = {name: layer for layer in LAYER_TYPES for name in layer.section_names}

_NOT_YET = frozenset(
    "deconvolutional deconv local local_avgpool local_avg logistic l2norm normalization lrn "
    "crop reorg3d rnn gru lstm crnn conv_lstm history implicit contrastive iseg detection "
    "Gaussian_yolo scale_channels sam".split()
)


def layer_type(section: Section) -> type[Layer]:
    """The class for `section`.

    Raises:
        UnsupportedError: Darknet has that section, this version does not.
        CfgError: nobody has it.
    """
    if section.name in _BY_NAME:
        return _BY_NAME[section.name]
    if section.name in _NOT_YET:
        raise UnsupportedError(f"[{section.name}] is not supported yet", where=section.where)
    close = nearest(section.name, [*_BY_NAME, *_NOT_YET])
    raise CfgError(
        f"unknown section [{section.name}]",
        where=section.where,
        expected="a layer type of Darknet",
        got=f"[{section.name}]",
        fix=f"did you mean [{close}]?" if close else None,
    )
