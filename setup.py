"""Finds the packages; everything else stands in setup.cfg."""

from setuptools import find_packages, setup

# The definitions in cfg/ are installed as a package of data, which no search can find.
setup(packages=[*find_packages(include=["darknet_torch*"]), "darknet_torch.definitions"])
