"""The classifier, on networks that return their input or whose output is set by hand."""

import json
import math

import cv2
import numpy as np
import pytest
import torch

from darknet_torch import load
from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, ImageError, NamesError, UsageError
from darknet_torch.inference.classifier import Classifier
from darknet_torch.model.network import build_network
from darknet_torch.results.classification import Classification

EVERYTHING = 10**6  # more than any network here has classes


def build(text, dialect="alexeyab"):
    return build_network(parse_cfg(text), dialect=find_dialect(dialect))


def mirror(width, height, channels=3, dialect="alexeyab"):
    """A network that returns the values of its input as class scores."""
    net = f"[net]\nwidth={width}\nheight={height}\nchannels={channels}\n"
    return build(f"{net}[activation]\nactivation=linear", dialect)


def seen(network, picture, **options):
    """Return the input that the network gets for `picture`, [C, H, W]."""
    found = Classifier(network, top=EVERYTHING, **options)(picture)
    shape = network.net.input_shape
    values = np.full(shape.count, np.nan)
    values[list(found.class_ids)] = found.scores
    return values.reshape(shape.channels, shape.height, shape.width)


def set_outputs(network, values):
    """Make the network's [connected] return `values` for any input."""
    slots = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        slots["weights"].zero_()
        slots["biases"].copy_(torch.tensor(values))
    return network


def certain(*values, after="", dialect="alexeyab"):
    """A network that returns `values` for any input."""
    net = "[net]\nwidth=2\nheight=2\nchannels=3\n"
    layer = f"[connected]\nactivation=linear\noutput={len(values)}\n"
    return set_outputs(build(net + layer + after, dialect), values)


def noise(height, width):
    return np.random.RandomState(height * 100 + width).randint(
        0, 256, (height, width, 3), dtype=np.uint8
    )


BLACK = np.zeros((4, 4, 3), np.uint8)


def bilinear(image, height, width):
    """Resize a BGR picture bilinearly with aligned corners to RGB in 0-1, value by value."""
    last_row, last_column = len(image) - 1, len(image[0]) - 1
    out = np.empty((3, height, width))
    for y in range(height):
        position_y = y * last_row / (height - 1)
        top = min(int(position_y), max(0, last_row - 1))
        for x in range(width):
            position_x = x * last_column / (width - 1)
            left = min(int(position_x), max(0, last_column - 1))
            for channel in range(3):
                total = 0.0
                for row in (top, min(top + 1, last_row)):
                    for column in (left, min(left + 1, last_column)):
                        weight_y = 1 - abs(position_y - row) if last_row else 0.5
                        weight_x = 1 - abs(position_x - column) if last_column else 0.5
                        total += weight_y * weight_x * int(image[row, column, 2 - channel]) / 255
                out[channel, y, x] = total
    return out


def middle_of_shorter_side(image, height, width):
    """Darknet's resize_min to the network's width, then its crop_image."""
    own_height, own_width = image.shape[:2]
    shorter = min(own_height, own_width)
    resized = bilinear(image, own_height * width // shorter, own_width * width // shorter)
    rows, columns = resized.shape[1:]
    out = np.empty((3, height, width))
    for y in range(height):
        for x in range(width):
            # int() truncates negative margins towards zero, as C's division does.
            row = min(max(y + int((rows - height) / 2), 0), rows - 1)
            column = min(max(x + int((columns - width) / 2), 0), columns - 1)
            out[:, y, x] = resized[:, row, column]
    return out


def whole_on_grey(image, height, width):
    """Darknet's letterbox_image."""
    own_height, own_width = image.shape[:2]
    if width / own_width < height / own_height:
        inner_height, inner_width = own_height * width // own_width, width
    else:
        inner_height, inner_width = height, own_width * height // own_height
    out = np.full((3, height, width), 0.5)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    inner = bilinear(image, inner_height, inner_width)
    out[:, top : top + inner_height, left : left + inner_width] = inner
    return out


# Positions between pixels are float32: about 1e-7 of 40 pixels, with values of 0 to 1.
ROUNDING = 2e-5

SIZES = {
    "wide": (12, 31),
    "tall": (40, 15),
    "square": (20, 20),
    "fits as it is": (8, 8),
    "smaller": (5, 4),
    "one row": (1, 3),
    "one column": (4, 1),
}


class TestNetworkInput:
    @pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
    @pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 9), (13, 8)])
    def test_it_is_the_centre_of_the_picture_by_default(self, size, height, width):
        image = noise(*size)
        expected = middle_of_shorter_side(image, height, width)
        found = seen(mirror(width, height), image)
        np.testing.assert_allclose(found, expected, atol=ROUNDING)

    @pytest.mark.parametrize("size", list(SIZES.values())[:5], ids=list(SIZES)[:5])
    @pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 9), (13, 8)])
    def test_it_is_the_letterboxed_picture_under_pjreddie(self, size, height, width):
        image = noise(*size)
        expected = whole_on_grey(image, height, width)
        found = seen(mirror(width, height, dialect="pjreddie"), image)
        np.testing.assert_allclose(found, expected, atol=ROUNDING)

    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    def test_letterbox_overrides_the_dialect(self, dialect):
        image, network = noise(12, 31), mirror(8, 8, dialect=dialect)
        boxed, cropped = (seen(network, image, letterbox=letterbox) for letterbox in (True, False))
        np.testing.assert_allclose(boxed, whole_on_grey(image, 8, 8), atol=ROUNDING)
        np.testing.assert_allclose(cropped, middle_of_shorter_side(image, 8, 8), atol=ROUNDING)

    @pytest.mark.parametrize("letterbox", [True, False])
    def test_a_network_of_one_channel_gets_grey(self, letterbox):
        image = noise(8, 8)
        blue, green, red = np.moveaxis(image / 255, 2, 0)
        (found,) = seen(mirror(8, 8, channels=1), image, letterbox=letterbox)
        # Grey is rounded to 256 levels.
        np.testing.assert_allclose(
            found, 0.299 * red + 0.587 * green + 0.114 * blue, atol=0.51 / 255
        )

    def test_a_network_of_two_channels_is_refused(self):
        with pytest.raises(ImageError, match=r"expected channels=1 or 3.*got 2"):
            Classifier(mirror(8, 8, channels=2))(BLACK)

    def test_a_path_gives_the_same_as_an_array(self, tmp_path):
        image, path = noise(9, 9), tmp_path / "noise.png"
        cv2.imwrite(str(path), image)
        by_array = seen(mirror(8, 8), image)
        np.testing.assert_array_equal(seen(mirror(8, 8), path), by_array)
        np.testing.assert_array_equal(seen(mirror(8, 8), str(path)), by_array)

    def test_exif_rotates_a_picture_unless_disabled(self, tmp_path):
        app1 = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        jpeg = cv2.imencode(".jpg", noise(16, 16))[1].tobytes()
        size = (len(app1) + 2).to_bytes(2, "big")
        path = tmp_path / "turned.jpg"
        path.write_bytes(jpeg[:2] + b"\xff\xe1" + size + app1 + jpeg[2:])
        obeyed, ignored = (seen(mirror(16, 16), path, exif=exif) for exif in (True, False))
        np.testing.assert_array_equal(obeyed, np.rot90(ignored, -1, (1, 2)))


class TestTop:
    SCORES = (0.1, 0.4, 0.2, 0.3)

    def test_classes_are_sorted_by_score(self):
        found = Classifier(certain(*self.SCORES), top=3)(BLACK)
        assert found.class_ids == (1, 3, 2)
        assert found.scores == pytest.approx((0.4, 0.3, 0.2))
        assert found.parents is None

    def test_five_classes_are_returned_by_default(self):
        assert len(Classifier(certain(*range(9)))(BLACK).class_ids) == 5

    def test_all_classes_are_returned_if_there_are_fewer(self):
        assert Classifier(certain(*self.SCORES), top=9)(BLACK).class_ids == (1, 3, 2, 0)

    def test_the_lower_class_id_of_equal_scores_comes_first_as_in_darknet(self):
        assert Classifier(certain(0, 1, 0, 1, 0, 0))(BLACK).class_ids == (1, 3, 0, 2, 4)

    @pytest.mark.parametrize("top", [0, -1])
    def test_a_top_below_one_is_refused(self, top):
        with pytest.raises(UsageError, match=f"expected 1 or more, got {top}"):
            Classifier(certain(*self.SCORES), top=top)

    def test_a_cost_layer_at_the_end_is_ignored(self):
        network = certain(0, math.log(3), after="[softmax]\n[cost]")
        assert Classifier(network)(BLACK).scores == pytest.approx((0.75, 0.25))

    def test_every_value_of_an_output_map_is_a_class(self):
        text = "[net]\nwidth=2\nheight=2\nchannels=3\n[convolutional]\nfilters=2"
        assert Classifier(build(text)).classes == 8


def test_outputs_are_arrays_or_tensors():
    classifier = Classifier(certain(1, 2, 3), names=[], top=2)
    scores = np.array([[0.2, 0.5, 0.3]], np.float32)
    (found,) = classifier.rank_classes(scores, ["a.png"])
    assert found.class_ids == (1, 2)
    assert classifier.rank_classes(torch.from_numpy(scores), ["a.png"]) == [found]


class TestNames:
    def test_names_are_in_the_lines(self):
        found = Classifier(certain(0.25, 0.75), names=["cat", "dog"])(BLACK)
        assert found.lines() == ["dog: 0.750000", "cat: 0.250000"]

    def test_names_may_be_a_file(self, tmp_path):
        path = tmp_path / "two.names"
        path.write_text("cat\ndog\n\n")
        for names in (path, str(path)):
            assert Classifier(certain(0, 1), names=names)(BLACK).name(1) == "dog"

    def test_without_names_a_class_is_called_by_its_number(self):
        assert Classifier(certain(0.25, 0.75))(BLACK).lines()[0] == "class 1: 0.750000"

    def test_more_names_than_classes_are_allowed(self):
        assert Classifier(certain(0, 1), names=["cat", "dog", "cow"])(BLACK).name(1) == "dog"

    def test_fewer_names_than_classes_are_refused(self):
        with pytest.raises(NamesError, match=r"expected 2 names.*got 1 names"):
            Classifier(certain(0, 1), names=["cat"])

    def test_a_names_file_with_too_few_names_is_reported_by_name(self, tmp_path):
        path = tmp_path / "one.names"
        path.write_text("cat\n")
        with pytest.raises(NamesError, match=r"one\.names: .*expected 2 names"):
            Classifier(certain(0, 1), names=path)


CHAINED = {
    "animal": 0.6,
    "dog": 0.6 * 0.75,
    "plant": 0.4,
    "rose": 0.4 * 0.65,
    "cat": 0.6 * 0.25,
    "oak": 0.4 * 0.35,
    "persian": 0.6 * 0.25 * 0.8,
    "siamese": 0.6 * 0.25 * 0.2,
}


class TestTrees:
    """animal (cat (siamese, persian), dog), plant (rose, oak)."""

    TREE = "animal -1\nplant -1\ncat 0\ndog 0\nrose 1\noak 1\nsiamese 2\npersian 2\n"
    NAMES = tuple(line.split()[0] for line in TREE.splitlines())
    AMONG_SIBLINGS = (0.6, 0.4, 0.25, 0.75, 0.65, 0.35, 0.2, 0.8)
    INNER = ("animal", "plant", "cat")

    @pytest.fixture
    def classifier(self, tmp_path):
        """A function that returns the classifier for a dialect."""
        (tmp_path / "things.tree").write_text(self.TREE)
        cfg = tmp_path / "things.cfg"
        cfg.write_text(
            "[net]\nwidth=2\nheight=2\nchannels=3\n"
            "[connected]\noutput=8\nactivation=linear\n[softmax]\ntree=things.tree\n"
        )

        def make(dialect="alexeyab", **options):
            network = set_outputs(
                load(cfg, dialect=dialect), [math.log(p) for p in self.AMONG_SIBLINGS]
            )
            return Classifier(network, names=self.NAMES, **options)

        return make

    def by_name(self, found):
        return {found.name(i): p for i, p in zip(found.class_ids, found.scores, strict=True)}

    def test_the_score_of_a_class_is_the_product_along_its_ancestors(self, classifier):
        found = classifier(top=EVERYTHING)(BLACK)
        assert self.by_name(found) == pytest.approx(CHAINED)
        assert list(found.scores) == sorted(found.scores, reverse=True)

    def test_the_lines_name_the_parents(self, classifier):
        assert classifier(top=3)(BLACK).lines() == [
            "0, animal: 0.600000, parent: Root ",
            "3, dog: 0.450000, parent: animal ",
            "1, plant: 0.400000, parent: Root ",
        ]

    def test_a_root_class_is_printed_in_the_same_format(self, classifier):
        assert classifier(top=1)(BLACK).lines() == ["0, animal: 0.600000, parent: Root "]

    def test_pjreddie_returns_leaves_only(self, classifier):
        found = classifier("pjreddie", top=EVERYTHING)(BLACK)
        expected = {name: 0.0 if name in self.INNER else score for name, score in CHAINED.items()}
        assert self.by_name(found) == pytest.approx(expected)
        assert found.name(found.class_ids[0]) == "dog"
        assert {found.name(i) for i in found.class_ids[-3:]} == set(self.INNER)

    def test_a_batch_returns_a_result_per_picture(self, classifier):
        single = classifier()(BLACK)
        assert classifier().classify_images([BLACK, BLACK], ["", ""]) == [single, single]


class TestUnsuitableNetworks:
    PICTURE = "[net]\nwidth=32\nheight=32\nchannels=3\n"

    def test_a_detector_is_refused(self):
        text = f"{self.PICTURE}[convolutional]\nfilters=7\n[yolo]\nclasses=2\nnum=1\nanchors=9,9"
        with pytest.raises(CfgError, match=r"not a classifier.*\[yolo\].*dtorch detect") as caught:
            Classifier(build(text))
        assert "<cfg>:1: " in str(caught.value)

    def test_a_network_without_picture_input_is_refused(self):
        text = "[net]\ninputs=4\n[connected]\noutput=2\nactivation=linear"
        with pytest.raises(CfgError, match=r"not a classifier.*dtorch rnn"):
            Classifier(build(text))

    def test_an_unknown_backend_is_refused(self):
        with pytest.raises(UsageError, match=r"expected torch.*got 'abacus'"):
            Classifier(certain(0, 1), backend="abacus")

    def test_the_network_is_put_into_evaluation_mode(self):
        network = certain(0, 1).train()
        Classifier(network)
        assert not network.training


class TestBatches:
    NETWORK = """[net]
width=12
height=8
channels=3
[convolutional]
filters=6
size=3
pad=1
activation=leaky
[avgpool]
[softmax]
"""

    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    def test_a_batch_of_mixed_sizes_gives_the_results_of_single_pictures(self, dialect):
        torch.manual_seed(1)
        classifier = Classifier(build(self.NETWORK, dialect))
        pictures = [noise(*size) for size in ((8, 12), (30, 20), (7, 40))]
        together = classifier.classify_images(pictures, ["a", "b", "c"])
        assert [found.filename for found in together] == ["a", "b", "c"]
        assert len({found.scores for found in together}) == 3
        for found, picture in zip(together, pictures, strict=True):
            single = classifier(picture)
            assert found.class_ids == single.class_ids
            # A batch may sum float32 values in another order.
            assert found.scores == pytest.approx(single.scores, rel=1e-5)


class TestPictures:
    def test_several_pictures_give_a_list(self):
        classifier = Classifier(certain(0.25, 0.75), batch=2)
        one = classifier(BLACK)
        rgb = torch.zeros(3, 4, 4)
        for pictures in ([BLACK] * 3, (BLACK for _ in range(3)), torch.stack([rgb] * 3)):
            assert classifier(pictures) == [one] * 3
        assert classifier([]) == []

    @pytest.mark.parametrize("thing", [None, 5, torch.zeros(4, 4, 3)])
    def test_what_is_no_picture_is_refused(self, thing):
        with pytest.raises(ImageError, match="got"):
            Classifier(certain(0, 1))(thing)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("top", "5"),
            ("top", 0),
            ("letterbox", "no"),
            ("exif", 1),
            ("batch", 0),
            ("device", "x"),
            ("precision", "float8"),
        ],
    )
    def test_an_argument_of_another_type_is_refused(self, option, value):
        with pytest.raises(UsageError, match=r"expected .*, got"):
            Classifier(certain(0, 1), **{option: value})


class TestJson:
    FOUND = Classification((2, 0), (0.123456789, 0.1), ("cat", "dög"), (-1, -1), "a.png")

    def test_json_has_the_filename_and_the_classes_in_order(self):
        assert json.loads(json.dumps(self.FOUND.to_dict())) == {
            "filename": "a.png",
            "classes": [
                {"class_id": 2, "name": "class 2", "confidence": 0.123457},
                {"class_id": 0, "name": "cat", "confidence": 0.1},
            ],
        }

    def test_json_has_plain_numbers(self):
        record = Classifier(certain(0.25, 0.75))(BLACK).to_dict()
        assert json.loads(json.dumps(record)) == record
        assert record["filename"] == ""
