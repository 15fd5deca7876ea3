"""Importing optional packages."""

import sys

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra


def test_an_installed_module_is_imported():
    assert import_extra("xml.dom", extra="plot") is sys.modules["xml.dom"]


def test_a_missing_package_is_an_error_that_names_the_extra():
    with pytest.raises(UsageError, match="package no_such_package, which") as raised:
        import_extra("no_such_package.part", extra="plot")
    assert raised.value.fix == "pip install 'darknet-torch[plot]'"
    assert "no_such_package" in raised.value.got
