"""[logistic] against the logistic function."""

import pytest

from tests.layers.single import build, check_output, logistic, picture


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_it_is_the_logistic_function(dialect):
    network = build("logistic", dialect=dialect)
    check_output(network, picture(), logistic(picture().double().numpy()))
