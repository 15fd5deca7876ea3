"""darknet.py's names one by one: memory, other kinds of network, and what is refused."""

import ctypes
import gc
import random

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.compat import darknet
from darknet_torch.compat.darknet import networks
from tests.compat.models import PICTURE, make

CFG, WEIGHTS, NAMES = (
    str(sample_folder() / f"toy-shapes{suffix}") for suffix in (".cfg", ".weights", ".names")
)
# What darknet.py defines and scripts may use.
DARKNET_PY = """BOX DETECTION DETECTIONPtr DETNUMPAIR DETNUMPAIRPtr FloatPtr IMAGE IntPtr METADATA
bbox2points class_colors copy_image_from_bytes decode_detection detect_image do_nms_obj do_nms_sort
draw_boxes free_batch_detections free_detections free_image free_network_ptr free_ptrs
get_network_boxes init_cpu letterbox_image load_image load_meta load_net load_net_custom
load_network make_image network_height network_predict network_predict_batch network_width
non_max_suppression_fast predict predict_image predict_image_letterbox print_detections
remove_negatives remove_negatives_faster reset_rnn rgbgr_image set_gpu""".split()


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "toy.data"
    file.write_text(f"classes = 3\nnames = {NAMES}\n")
    return str(file)


@pytest.fixture
def network():
    return darknet.load_net_custom(CFG.encode(), WEIGHTS.encode(), 0, 1)


@pytest.fixture
def picture():
    return darknet.load_image(str(PICTURE).encode(), 160, 160)


def boxes_of(network, threshold=0.25, relative=0):
    count = ctypes.pointer(ctypes.c_int(0))
    found = darknet.get_network_boxes(network, 160, 160, threshold, 0.5, None, relative, count, 0)
    return found, count[0]


def test_every_name_of_darknet_py_is_there():
    assert [name for name in DARKNET_PY if not hasattr(darknet, name)] == []
    assert set(DARKNET_PY) <= set(darknet.__all__)


def test_pictures_own_their_memory():
    image = darknet.make_image(4, 3, 2)
    assert (image.w, image.h, image.c) == (4, 3, 2)
    gc.collect()
    assert [image.data[place] for place in range(24)] == [0] * 24
    image.data[5] = 0.5
    assert image.data[5] == 0.5
    darknet.free_image(image)


def test_bytes_go_in_channel_by_channel():
    image = darknet.make_image(2, 1, 3)
    darknet.copy_image_from_bytes(image, bytes((255, 0, 51, 0, 255, 102)))
    values = [image.data[place] for place in range(6)]
    assert values == pytest.approx([1, 0, 0, 1, 0.2, 0.4], abs=1e-7)  # float32
    darknet.rgbgr_image(image)
    values = [image.data[place] for place in range(6)]
    assert values == pytest.approx([0.2, 0.4, 0, 1, 1, 0], abs=1e-7)
    with pytest.raises(dt.UsageError, match="expected 6 for 2x1x3, got 5; resize the array"):
        darknet.copy_image_from_bytes(image, bytes(5))


def test_an_image_over_a_scripts_own_memory_works(network):
    values = np.full(3 * 160 * 160, 0.5, np.float32)
    pointer = values.ctypes.data_as(darknet.POINTER(darknet.c_float))
    image = darknet.IMAGE(160, 160, 3, pointer)
    plain = darknet.predict_image(network, image)[0]
    values[:] = 0
    assert darknet.predict_image(network, image)[0] != plain


def test_output_pointers_outlive_the_next_picture(network, picture):
    first = darknet.predict_image(network, picture)
    before = first[0]
    darknet.predict_image(network, darknet.make_image(160, 160, 3))
    gc.collect()
    assert first[0] == before


def test_boxes_know_their_best_class(network, picture):
    darknet.predict_image(network, picture)
    found, count = boxes_of(network)
    assert count == len(found) >= 4
    names = ["a", "b", "c"]
    best = darknet.remove_negatives_faster(found, names, count)
    every = darknet.remove_negatives(found, names, count)
    assert set(best) <= set(every)
    assert all(found[index].classes == 3 for index in range(count))


def test_nms_sorts_by_the_last_class(network, picture):
    darknet.predict_image(network, picture)
    found, count = boxes_of(network)
    before = [found[index].prob[2] for index in range(count)]
    darknet.do_nms_sort(found, count, 3, 0.45)
    after = [found[index].prob[2] for index in range(count)]
    kept = [score for score in after if score]
    assert kept == sorted(kept, reverse=True)
    assert set(kept) < set(before)
    darknet.do_nms_sort(found, 0, 3, 0.45)


def test_no_boxes_are_no_trouble(network):
    darknet.predict_image(network, darknet.make_image(160, 160, 3))
    found, count = boxes_of(network, threshold=0.99)
    assert count == 0
    darknet.do_nms_obj(found, count, 3, 0.45)
    assert darknet.remove_negatives(found, ["a", "b", "c"], count) == []
    darknet.free_detections(found, count)
    assert darknet.non_max_suppression_fast([], 0.3) == []


def test_boxes_that_cover_each_other_leave_the_lowest():
    detections = [(0, 0, 0, (x, y, 20, 20)) for x, y in ((10, 10), (12, 12), (40, 40))]
    kept = darknet.non_max_suppression_fast(detections, 0.3)
    assert kept == [detections[2], detections[1]]


def test_colours_repeat_with_the_seed_and_boxes_are_drawn():
    random.seed(3)
    colors = darknet.class_colors(["cat", "dog"])
    random.seed(3)
    assert darknet.class_colors(["cat", "dog"]) == colors
    image = np.zeros((60, 60, 3), np.uint8)
    drawn = darknet.draw_boxes([("cat", "98.2", (30.2, 35.1, 20, 10))], image, colors)
    assert drawn is image
    assert tuple(drawn[30, 25]) == colors["cat"]
    assert darknet.bbox2points((30.2, 35.1, 20, 10)) == (20, 30, 40, 40)


def test_a_classifiers_scores_are_its_output(tmp_path):
    files = make("classifier", tmp_path)
    network = darknet.load_net_custom(str(files.cfg).encode(), str(files.weights).encode(), 0, 1)
    size = darknet.network_width(network), darknet.network_height(network)
    assert size == (32, 24)
    scores = darknet.predict_image(network, darknet.load_image(str(PICTURE), 0, 0))
    assert sum(scores[class_id] for class_id in range(5)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(dt.UsageError, match="no boxes; run predict_image first"):
        boxes_of(network)


def test_load_net_takes_the_mini_batch_of_the_cfg(tmp_path):
    text = (sample_folder() / "toy-shapes.cfg").read_text()
    cfg = tmp_path / "toy.cfg"
    cfg.write_text(text.replace("[net]", "[net]\nbatch=8\nsubdivisions=4"))
    network = darknet.load_net(str(cfg).encode(), WEIGHTS.encode(), 0)
    values = np.zeros((2, 3, 160, 160), np.float32)
    values[1] = 0.5
    pointer = values.ctypes.data_as(darknet.FloatPtr)
    output = darknet.network_predict(network, pointer)
    assert output[0] != output[8 * 100]


def test_recurrent_networks_forget_on_reset(tmp_path):
    cfg = tmp_path / "letters.cfg"
    layers = (
        "[rnn]\noutput=4\nhidden=4\nactivation=tanh\n[connected]\noutput=4\nactivation=linear\n"
    )
    cfg.write_text(f"[net]\ninputs=4\n{layers}")
    network = darknet.load_net_custom(str(cfg).encode(), b"", 0, 1)
    letter = np.array([1, 0, 0, 0], np.float32)
    pointer = letter.ctypes.data_as(darknet.FloatPtr)
    first, second = (darknet.predict(network, pointer)[1] for _ in range(2))
    darknet.reset_rnn(network)
    assert darknet.predict(network, pointer)[1] == first != second
    darknet.free_network_ptr(network)


def test_meta_reads_names_or_labels(data, tmp_path):
    meta = darknet.load_meta(data.encode())
    assert meta.classes == 3
    gc.collect()
    assert [meta.names[index] for index in range(3)] == [b"circle", b"square", b"triangle"]
    labels = tmp_path / "labels.data"
    labels.write_text(f"labels = {NAMES}\n")
    assert darknet.load_meta(str(labels)).classes == 2
    for text, message in (
        ("classes=3\n", "no names= in the .data file; add names=FILE"),
        (f"classes=x\nnames={NAMES}\n", "classes= is no number: expected 1 or more, got x"),
        (f"classes=9\nnames={NAMES}\n", "expected 9 names, as the network has classes, got 3"),
    ):
        labels.write_text(text)
        with pytest.raises(dt.DarknetError, match=message):
            darknet.load_meta(str(labels))


def test_bytes_left_over_are_a_warning(tmp_path):
    longer = tmp_path / "longer.weights"
    longer.write_bytes((sample_folder() / "toy-shapes.weights").read_bytes() + bytes(8))
    with pytest.warns(dt.CfgWarning, match="8 bytes; check that the weights belong to this cfg"):
        darknet.load_net_custom(CFG, str(longer), 0, 1)


def test_what_cannot_be_is_said(network, data, picture):
    pair = (160, 160, 0.25, 0.5)
    with pytest.raises(dt.UsageError, match=r"expected 1, got 2; say load_network\(..., batch"):
        darknet.network_predict_batch(network, picture, 2, *pair, None, 0, 0)
    darknet.predict_image(network, picture)
    with pytest.raises(dt.UnsupportedError, match="maps of class ids are not supported"):
        darknet.get_network_boxes(network, *pair, [1, 2], 0, [0], 0)
    with pytest.raises(dt.CfgError, match="no such cfg"):
        darknet.load_network("none.cfg", data, WEIGHTS)
    with pytest.raises(dt.ImageError, match="no such picture"):
        darknet.load_image(b"none.jpg", 0, 0)


def test_devices_are_chosen_for_what_is_loaded_next(monkeypatch):
    monkeypatch.setattr(networks, "_device", "auto")
    with pytest.raises(dt.UsageError, match="no such device"):
        darknet.set_gpu(99)
    darknet.init_cpu()
    loaded = darknet.load_net_custom(CFG, WEIGHTS)
    assert next(loaded.network.parameters()).device.type == "cpu"
