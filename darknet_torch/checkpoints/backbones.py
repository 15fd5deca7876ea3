"""The backbones of torchvision and timm that are read, by family."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone
from darknet_torch.checkpoints.densenet import DenseNet
from darknet_torch.checkpoints.mobilenetv3 import TimmMobileNetV3, TorchvisionMobileNetV3
from darknet_torch.checkpoints.resnet import ResNet
from darknet_torch.checkpoints.vgg import Vgg

BACKBONES: tuple[Backbone, ...] = (
    ResNet(),
    DenseNet(),
    Vgg(),
    TorchvisionMobileNetV3(),
    TimmMobileNetV3(),
)
