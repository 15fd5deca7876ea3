"""Stand-ins for other programs' Python interfaces: change one import, keep the script.

`darknet_torch.compat.darknet` is AlexeyAB's darknet.py, `darknet_torch.compat.opencv` is
OpenCV 4's dnn module for Darknet's files.
"""
