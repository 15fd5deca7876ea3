"""compat.darknet compared with recorded results of AlexeyAB's darknet.py and its C library.

The records are the output of darknet_script.py with the CPU build of the library (AVX=1) and the
files that `files_of` returns.
"""

import json
from pathlib import Path

import pytest

from darknet_torch.compat import darknet
from tests.compat.darknet_script import results
from tests.conftest import reference_folder
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

DATA = Path(__file__).parent / "data"
TOY, SHARED = CFG.stem, "yolo-fastest-1.1"
# Float32 sums in another order: for scores, and for boxes in pictures of about 500 pixels.
SCORE, PIXELS = 1e-5, 1e-3
LISTS = ("pixels", "relative", "by objectness")


def files_of(name, folder):
    """The cfg, .data, weights and picture of a record."""
    cfg, weights, names, picture = CFG, WEIGHTS, NAMES, PICTURE
    if name == SHARED:
        shared = reference_folder()
        if shared is None:
            pytest.skip("no models: neither DTORCH_REFERENCE nor ../shared")
        models = shared.parent / "models"
        cfg, weights = models / f"{name}.cfg", models / f"{name}.weights"
        names, picture = models / "coco.names", shared.parent / "images/dog.jpg"
    data = folder / "model.data"
    data.write_text(f"classes= {len(names.read_text().split(chr(10))) - 1}\nnames = {names}\n")
    return cfg, data, weights, picture


@pytest.fixture(scope="module", params=[TOY, SHARED])
def both(request, tmp_path_factory):
    """The results of the script here, converted through JSON, and the recorded ones."""
    files = files_of(request.param, tmp_path_factory.mktemp("darknet"))
    wanted = json.loads((DATA / f"darknet-{request.param}.json").read_text())
    return json.loads(json.dumps(results(darknet, *files))), wanted


def test_names_and_colours_equal_darknets(both):
    found, wanted = both
    assert found["names"] == wanted["names"]
    assert found["colors"] == wanted["colors"]


@pytest.mark.parametrize("label", ["usual", "low", "raw", "stretched"])
def test_detections_equal_darknets_to_the_digit(both, label):
    found, wanted = (side[label] for side in both)
    assert len(wanted) >= 3
    assert [name for name, _, _ in found] == [name for name, _, _ in wanted]
    for (_, text, box), (_, wanted_text, wanted_box) in zip(found, wanted, strict=True):
        assert float(text) == pytest.approx(float(wanted_text), abs=0.0101)  # a digit's rounding
        assert box == pytest.approx(wanted_box, abs=PIXELS)


@pytest.mark.parametrize("label", LISTS)
def test_boxes_of_the_lower_functions_equal_darknets(both, label):
    found, wanted = (side[label] for side in both)
    assert len(wanted) >= 3
    compare(found, wanted)


def test_the_boxes_of_a_batch_equal_darknets(both):
    found, wanted = (side["batch"] for side in both)
    assert len(found) == len(wanted) == 2
    for one, other in zip(found, wanted, strict=True):
        assert other
        compare(one, other)


def test_printed_text_and_drawn_boxes_equal_darknets(both, capsys):
    found, wanted = both
    darknet.print_detections(wanted["usual"], True)
    darknet.print_detections(wanted["usual"])
    assert capsys.readouterr().out == wanted["printed"]
    # OpenCV's versions draw letters with other edges; boxes and letters cover some thousands.
    assert found["drawn"] == pytest.approx(wanted["drawn"], rel=0.15)


@pytest.mark.parametrize("label", ["read", "resized", "letterboxed", "swapped"])
def test_pictures_equal_darknets(both, label):
    found, wanted = (side[label] for side in both)
    assert found[:3] == wanted[:3]
    assert found[3] == pytest.approx(wanted[3], abs=1e-6)  # float32


def test_the_network_output_equals_darknets(both):
    found, wanted = both
    assert found["output"] == pytest.approx(wanted["output"], rel=1e-5, abs=1e-4)  # float32


def compare(found, wanted):
    """Assert that two lists of name, probability and box are equal."""
    assert [name for name, _, _ in found] == [name for name, _, _ in wanted]
    for (_, score, box), (_, wanted_score, wanted_box) in zip(found, wanted, strict=True):
        assert score == pytest.approx(wanted_score, abs=SCORE)
        assert box == pytest.approx(wanted_box, abs=PIXELS)
