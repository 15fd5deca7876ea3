"""The words of [net] normalize= and fill=, which are options of darknet_torch. No torch.

Darknet gives every network its pictures in 0-1, and pads them with 0.5.
"""

ZERO_ONE = "zero-one"  # values stay in 0-1, as Darknet has them
IMAGENET = "imagenet"
PER_PICTURE = "per-picture"
NORMALIZATIONS = (ZERO_ONE, IMAGENET, PER_PICTURE)

GREY = "0.5"
PICTURE_MEAN = "picture"
FILLS = (GREY, IMAGENET, PICTURE_MEAN)

# Of red, green and blue in 0-1. Source: torchvision.transforms.v2 presets of ImageClassification.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
