"""Which class stands for which section. To add a layer type, import it and list it here."""

from __future__ import annotations

from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.net import SECTION_NAMES
from darknet_torch.errors import CfgError, nearest
from darknet_torch.heads.detection import Detection
from darknet_torch.heads.gaussian_yolo import GaussianYolo
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.activation import Activate
from darknet_torch.layers.avgpool import Avgpool
from darknet_torch.layers.base import Layer
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


def layer_type(section: Section) -> type[Layer]:
    """The class for `section`.

    Raises:
        CfgError: Darknet has no such section.
    """
    if section.name in _BY_NAME:
        return _BY_NAME[section.name]
    if section.name in SECTION_NAMES:
        raise CfgError(
            f"[{section.name}] again",
            where=section.where,
            expected="layers only, behind the first section",
        )
    close = nearest(section.name, _BY_NAME)
    raise CfgError(
        f"unknown section [{section.name}]",
        where=section.where,
        expected="a layer type of Darknet",
        got=f"[{section.name}]",
        fix=f"did you mean [{close}]?" if close else None,
    )
