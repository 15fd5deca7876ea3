"""Loading and running networks."""

import gc
from pathlib import Path

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.compat import darknet
from darknet_torch.compat.darknet import networks
from darknet_torch.compat.darknet.pictures import planes
from tests.compat.darknet.toy import CFG, NAMES, WEIGHTS, boxes_of
from tests.compat.models import make
from tests.toy.files import PICTURE


def test_an_image_can_use_the_scripts_own_memory(network):
    values = np.full(3 * 160 * 160, 0.5, np.float32)
    pointer = values.ctypes.data_as(darknet.POINTER(darknet.c_float))
    image = darknet.IMAGE(160, 160, 3, pointer)
    plain = darknet.predict_image(network, image)[0]
    values[:] = 0
    assert darknet.predict_image(network, image)[0] != plain


def test_output_pointers_stay_valid_after_the_next_picture(network, picture):
    first = darknet.predict_image(network, picture)
    before = first[0]
    darknet.predict_image(network, darknet.make_image(160, 160, 3))
    gc.collect()
    assert first[0] == before


def test_the_output_of_a_classifier_is_its_scores(tmp_path):
    files = make("classifier", tmp_path)
    network = darknet.load_net_custom(str(files.cfg).encode(), str(files.weights).encode(), 0, 1)
    size = darknet.network_width(network), darknet.network_height(network)
    assert size == (32, 24)
    scores = darknet.predict_image(network, darknet.load_image(str(PICTURE), 0, 0))
    assert sum(scores[class_id] for class_id in range(5)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(dt.UsageError, match=r"no predictions .*; call predict_image first"):
        boxes_of(network)


def test_load_net_uses_the_mini_batch_of_the_cfg(tmp_path):
    text = Path(CFG).read_text()
    cfg = tmp_path / "toy.cfg"
    cfg.write_text(text.replace("[net]", "[net]\nbatch=8\nsubdivisions=4"))
    network = darknet.load_net(str(cfg).encode(), WEIGHTS.encode(), 0)
    values = np.zeros((2, 3, 160, 160), np.float32)
    values[1] = 0.5
    pointer = values.ctypes.data_as(darknet.FloatPtr)
    output = darknet.network_predict(network, pointer)
    assert output[0] != output[8 * 100]


def test_reset_rnn_resets_the_state(tmp_path):
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


def test_load_meta_reads_names_or_labels(data, tmp_path):
    meta = darknet.load_meta(data.encode())
    assert meta.classes == 3
    gc.collect()
    assert [meta.names[index] for index in range(3)] == [b"circle", b"square", b"triangle"]
    labels = tmp_path / "labels.data"
    labels.write_text(f"labels = {NAMES}\n")
    assert darknet.load_meta(str(labels)).classes == 2
    for text, message in (
        ("classes=3\n", "no names= in the .data file; add names=FILE"),
        (f"classes=x\nnames={NAMES}\n", "classes= is not a number: expected 1 or more, got x"),
        (f"classes=9\nnames={NAMES}\n", "expected 9 names, as the network has classes, got 3"),
    ):
        labels.write_text(text)
        with pytest.raises(dt.DarknetError, match=message):
            darknet.load_meta(str(labels))


def test_leftover_bytes_are_a_warning(tmp_path):
    longer = tmp_path / "longer.weights"
    longer.write_bytes(Path(WEIGHTS).read_bytes() + bytes(8))
    with pytest.warns(dt.CfgWarning, match=r"8 bytes .*check that the weights belong to"):
        darknet.load_net_custom(CFG, str(longer), 0, 1)


def test_the_device_applies_to_networks_loaded_later(monkeypatch):
    monkeypatch.setattr(networks, "_device", "auto")
    with pytest.raises(dt.UsageError, match="no such device"):
        darknet.set_gpu(99)
    darknet.init_cpu()
    loaded = darknet.load_net_custom(CFG, WEIGHTS)
    assert next(loaded.network.parameters()).device.type == "cpu"


def test_a_network_gets_the_input_that_its_cfg_asks_for(tmp_path):
    cfg = tmp_path / "toy.cfg"
    keys = "[net]\nnormalize=imagenet\nfill=picture"
    cfg.write_text(Path(CFG).read_text().replace("[net]", keys))
    network = darknet.load_net_custom(str(cfg).encode(), WEIGHTS.encode(), 0, 1)
    wide = darknet.load_image(str(PICTURE).encode(), 200, 100)
    first = darknet.predict_image_letterbox(network, wide)[0]
    found = boxes_of(network, 0.3)[1]
    image = np.round(planes(wide) * 255).astype(np.uint8).transpose(1, 2, 0)[:, :, ::-1]
    detector = dt.Detector(dt.load(cfg, WEIGHTS), letterbox=True, nms_threshold=0, threshold=0.3)
    assert found == len(detector(image)) > 0
    grey = darknet.letterbox_image(wide, 160, 160)
    assert darknet.predict_image(network, grey)[0] != first
