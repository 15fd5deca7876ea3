"""Replacements for the Python modules of other programs: a script changes one import only.

`darknet_torch.compat.darknet` replaces AlexeyAB's darknet.py, `darknet_torch.compat.opencv`
replaces OpenCV 4's dnn module for Darknet's files.
"""
