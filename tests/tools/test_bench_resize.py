"""The two sides of the benchmark of resizing."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from darknet_torch.media.images import network_input
from tools.bench import main
from tools.bench_resize import FORMS, Form, fastest, peer

SMALL = [Form(24, 32, 16), Form(24, 32, 16, letterbox=True), Form(24, 32, 16, channels=1)]


@pytest.mark.parametrize("form", SMALL, ids=str)
def test_the_peer_makes_an_input_of_the_same_form(form):
    """A red picture: its channels have an order, and no rule of resizing changes it."""
    image = np.zeros((form.height, form.width, 3), np.uint8)
    image[:, :, 2] = 255
    out = np.full((form.side, form.side, form.channels), np.nan, np.float32)
    peer(image, form.placement(), channels=form.channels, out=out)
    ours = network_input(image, form.placement(), channels=form.channels)
    # The upper half, because Darknet may darken the last row. Weights are rounded twice.
    inside = np.s_[:, : form.side // 2]
    np.testing.assert_allclose(out.transpose(2, 0, 1)[inside], ours[inside], atol=1e-6)


def test_each_program_has_its_turn():
    turns = []
    times = fastest(lambda: turns.append("a"), lambda: turns.append("b"), seconds=0)
    assert turns == ["a", "b"]
    assert len(times) == 2
    assert all(0 <= spent < 1 for spent in times)


@pytest.fixture
def threads_of_opencv():
    """The command gives OpenCV one thread."""
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("threads_of_opencv")
def test_every_form_is_a_line():
    result = CliRunner().invoke(main, ["resize", "--seconds", "0"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(form) for form in FORMS]
    assert all("cv2.resize of floats" in line and "ratio" in line for line in lines)
