"""A plan to train on."""

import pytest

from tests.training.runs import small_plan


@pytest.fixture
def plan(tmp_path):
    return small_plan(tmp_path)
