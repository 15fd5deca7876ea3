"""Whether the length of a weight file fits a cfg."""

import pytest

from darknet_torch.errors import WeightsError
from darknet_torch.model.weight_fit import find_mismatch
from tests.conversion.small_models import DETECTOR, write_model


@pytest.fixture
def files(tmp_path):
    return write_model(tmp_path)


def test_a_file_of_the_right_length_fits(files):
    assert find_mismatch()(*files) is None


@pytest.mark.parametrize(
    "section",
    ["", pytest.param("[batchnorm]\n", id="whose arrays differ between the code bases")],
)
def test_the_reason_names_the_classes_that_would_fit(tmp_path, section):
    text = DETECTOR.replace("[convolutional]\nfilters=14", f"{section}[convolutional]\nfilters=14")
    cfg, weights = write_model(tmp_path, text)
    cfg.write_text(text.replace("classes=2", "classes=3").replace("filters=14", "filters=16"))
    assert find_mismatch()(cfg, weights).startswith("probably 2 classes in the file, 3 in the cfg")


def test_bytes_left_over_fit_where_they_are_allowed(files):
    with files[1].open("ab") as file:
        file.write(bytes(8))
    assert find_mismatch()(*files) is not None
    assert find_mismatch(strict=False)(*files) is None


def test_a_partial_file_fits_by_its_name_alone(tmp_path):
    cfg, weights = write_model(tmp_path, cutoff=1)
    assert find_mismatch()(cfg, weights) == "the file ends after 1 of 3 layers"
    partial = weights.rename(weights.with_name("small.conv.1"))
    assert find_mismatch()(cfg, partial) is None


def test_a_file_of_the_other_code_base_fits(tmp_path):
    text = "[net]\nwidth=8\nheight=8\nchannels=2\n[batchnorm]\n"
    assert find_mismatch()(*write_model(tmp_path, text, "pjreddie")) is None


def test_a_broken_cfg_does_not_fit(files):
    cfg, weights = files
    cfg.write_text("[net]\ninputs=8\n[nonsense]\n")
    assert "nonsense" in find_mismatch()(cfg, weights)


def test_what_is_no_weight_file_is_refused(files):
    cfg, weights = files
    weights.write_bytes(b"<html>" + bytes(40))
    with pytest.raises(WeightsError, match="web page"):
        find_mismatch()(cfg, weights)
