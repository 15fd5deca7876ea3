"""The detector, on networks whose weights are set by hand."""

import struct

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import darknet_torch
from darknet_torch import Detector, build_network, load
from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, ImageError, NamesError, UsageError
from darknet_torch.media.images import network_input, read_image
from darknet_torch.results.boxes import box_iou
from tests.toy import files as toy
from tests.toy.make_toy import draw_picture

CELL = 8  # pixels
HEAD = "[yolo]\nclasses=2\nnum=1\nanchors=16,8"
WHITE_SCORE = float(torch.tensor(10.0).sigmoid() ** 2)  # objectness times class probability


def cfg(*, width=64, height=64, net="", heads=(HEAD,)):
    """A cfg with one convolution over whole cells, which every head reads."""
    convolution = f"[convolutional]\nfilters=7\nsize={CELL}\nstride={CELL}\nactivation=linear"
    parts = [f"[net]\nwidth={width}\nheight={height}\nchannels=3\n{net}", convolution, heads[0]]
    for head in heads[1:]:
        parts += ["[route]\nlayers=0", head]
    return "\n".join(parts)


def white_finder(text=None, dialect="alexeyab"):
    """A network that detects white cells as class 0, centred, with the size of the anchor."""
    network = build_network(parse_cfg(text or cfg()), dialect=find_dialect(dialect))
    arrays = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        arrays["weights"].zero_()
        arrays["weights"][4] = 40 / (3 * CELL * CELL)
        # The objectness logit is -30 for black, -10 for the grey margins, 10 for white.
        arrays["biases"].copy_(torch.tensor([0, 0, 0, 0, -30, 10, -10]))
    return network


def black(height, width):
    return np.zeros((height, width, 3), np.uint8)


def spotted(height, width, *spots):
    """A black picture with white spots given as left, top, right, bottom."""
    image = black(height, width)
    for left, top, right, bottom in spots:
        image[top:bottom, left:right] = 255
    return image


def assert_boxes_equal(boxes, expected):
    """The head's float32 rounds at 1e-7 of the picture, which has about 100 pixels."""
    np.testing.assert_allclose(boxes, expected, atol=1e-3)


class TestBoxes:
    @pytest.mark.parametrize(
        ("size", "letterbox", "spot", "box"),
        [
            ((64, 64), False, (40, 16, 48, 24), (36, 16, 52, 24)),
            ((64, 64), True, (40, 16, 48, 24), (36, 16, 52, 24)),
            ((64, 128), False, (80, 16, 96, 24), (72, 16, 104, 24)),
            ((64, 128), True, (80, 16, 96, 32), (72, 16, 104, 32)),
            ((128, 64), False, (40, 32, 48, 48), (36, 32, 52, 48)),
            ((128, 64), True, (16, 32, 32, 48), (8, 32, 40, 48)),
            ((32, 32), True, (20, 8, 24, 12), (18, 8, 26, 12)),
        ],
        ids=str,
    )
    def test_a_box_is_in_pixels_of_the_original_picture(self, size, letterbox, spot, box):
        detector = Detector(white_finder(), letterbox=letterbox)
        found = detector(spotted(*size, spot))
        assert_boxes_equal(found.boxes_xyxy, [box])
        assert (found.height, found.width) == size
        assert found.class_ids.tolist() == [0]

    @pytest.mark.parametrize(
        ("letterbox", "spot", "box"),
        [
            (False, (80, 48, 96, 60), (72, 48, 104, 60)),
            (True, (80, 32, 96, 48), (72, 32, 104, 48)),
        ],
    )
    def test_the_input_need_not_be_square(self, letterbox, spot, box):
        network = white_finder(cfg(width=96, height=64))
        found = Detector(network, letterbox=letterbox)(spotted(96, 192, spot))
        assert_boxes_equal(found.boxes_xyxy, [box])

    def test_nothing_is_detected_in_the_margins_of_a_letterbox(self):
        detector = Detector(white_finder(), letterbox=True, threshold=0.01)
        assert len(detector(black(10, 100))) == 0

    def test_the_score_is_objectness_times_class_probability(self):
        found = Detector(white_finder())(spotted(64, 64, (40, 16, 48, 24)))
        assert found.scores == pytest.approx([WHITE_SCORE], abs=1e-6)  # float32

    @pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
    @pytest.mark.parametrize("letterbox", [False, True])
    def test_pictures_may_have_any_size(self, size, letterbox):
        detector = Detector(white_finder(), letterbox=letterbox)
        found = detector(black(*size))
        assert (len(found), found.height, found.width) == (0, *size)


class TestCalls:
    def test_one_picture_gives_one_result_and_a_list_gives_a_list(self):
        detector = Detector(white_finder())
        image = spotted(64, 64, (40, 16, 48, 24))
        single, listed = detector(image), detector([image])
        assert isinstance(single, darknet_torch.Detections)
        assert [len(found) for found in listed] == [1]

    def test_no_pictures_give_no_results(self):
        assert Detector(white_finder())([]) == []

    def test_a_list_may_mix_paths_and_arrays(self, tmp_path):
        image = spotted(64, 64, (40, 16, 48, 24))
        path = tmp_path / "spot.ppm"
        path.write_bytes(b"P6 64 64 255\n" + image.tobytes())
        by_path, by_text, by_array = Detector(white_finder())([path, str(path), image])
        assert (by_path.filename, by_text.filename, by_array.filename) == (
            str(path),
            str(path),
            "",
        )
        assert_boxes_equal(by_path.boxes_xyxy, by_array.boxes_xyxy)
        assert_boxes_equal(by_text.boxes_xyxy, by_array.boxes_xyxy)

    @pytest.mark.parametrize("letterbox", [False, True])
    def test_a_batch_of_mixed_sizes_gives_the_results_of_single_pictures(self, letterbox):
        detector = Detector(white_finder(), letterbox=letterbox, threshold=1e-6)
        random = np.random.RandomState(0)
        pictures = [
            random.randint(0, 256, (height, width, 3)).astype(np.uint8) // 64 * 85
            for height, width in ((64, 64), (50, 90), (130, 40))
        ]
        pictures.append(spotted(64, 64, (40, 16, 48, 24)))
        together = detector(pictures)
        assert sum(len(found) for found in together) > len(pictures)
        for found, picture in zip(together, pictures, strict=True):
            single = detector(picture)
            np.testing.assert_array_equal(found.class_ids, single.class_ids)
            assert_boxes_equal(found.boxes_xyxy, single.boxes_xyxy)
            # A batch may sum float32 values in another order.
            np.testing.assert_allclose(found.scores, single.scores, rtol=1e-4)

    def test_detections_are_sorted_by_score(self):
        image = spotted(64, 64, (40, 16, 48, 24))
        image[40:48, 8:16] = 250
        found = Detector(white_finder())(image)
        assert len(found) == 2
        assert found.scores[0] > found.scores[1]
        assert found.boxes_xyxy[0, 0] > found.boxes_xyxy[1, 0]

    @pytest.mark.parametrize("array", [np.zeros((1, 4, 4, 3), np.uint8), np.zeros((4, 4, 3))])
    def test_an_array_that_is_not_a_picture_is_refused(self, array):
        with pytest.raises(ImageError):
            Detector(white_finder())(array)

    def test_a_batch_tensor_gives_a_list(self):
        image = spotted(64, 64, (40, 16, 48, 24))
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        detector = Detector(white_finder())
        assert [len(found) for found in detector(torch.stack([tensor, tensor]))] == [1, 1]
        assert len(detector(tensor)) == 1
        assert detector(torch.zeros(0, 3, 8, 8)) == []

    def test_a_generator_is_consumed_in_batches(self):
        detector = Detector(white_finder(), batch=2)
        asked, seen = [], []
        predict = detector.backend.predict

        def counting(images):
            seen.append((len(images), len(asked)))
            return predict(images)

        def pictures():
            for number in range(5):
                asked.append(number)
                yield black(64, 64)

        detector.backend.predict = counting
        assert len(detector(pictures())) == 5
        assert seen == [(2, 2), (2, 4), (1, 5)]

    @pytest.mark.parametrize("size", [(64, 64), (50, 90)])
    def test_the_same_pixels_give_the_same_boxes_in_every_form(self, size, tmp_path):
        """Also in a picture of the size of the network's input, which is not resized."""
        image = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)
        image[16:32, 24:32] = 255
        path = tmp_path / "noise.png"
        cv2.imwrite(str(path), image)
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        tensor = torch.from_numpy(rgb).permute(2, 0, 1)
        detector = Detector(white_finder(), threshold=0.001)
        by_path = detector(path)
        assert len(by_path)
        pil = Image.fromarray(rgb)
        for picture in (str(path), path.read_bytes(), pil, image, tensor, tensor / 255):
            found = detector(picture)
            np.testing.assert_array_equal(found.boxes_xyxy, by_path.boxes_xyxy)
            np.testing.assert_array_equal(found.scores, by_path.scores)

    @pytest.mark.parametrize("thing", [None, 5, {"a": 1}, torch.zeros(8, 8), [None]])
    def test_what_is_no_picture_is_refused(self, thing):
        with pytest.raises(ImageError, match=r"picture.*expected.*, got"):
            Detector(white_finder())(thing)

    def test_a_missing_picture_is_reported_by_name(self):
        with pytest.raises(ImageError, match=r"gone\.png"):
            Detector(white_finder())(["gone.png"])

    def test_hidden_classes_are_not_detected(self):
        detector = Detector(white_finder(), names=["dont_show", "other"])
        assert len(detector(spotted(64, 64, (40, 16, 48, 24)))) == 0

    def test_a_box_above_the_threshold_for_two_classes_is_listed_twice(self):
        network = white_finder()
        with torch.no_grad():
            network.layers[0].weight_slots()[0].tensor[6] = 5
        found = Detector(network)(spotted(64, 64, (40, 16, 48, 24)))
        assert found.class_ids.tolist() == [0, 1]
        assert_boxes_equal(found.boxes_xyxy[0], found.boxes_xyxy[1])

    def test_boxes_of_infinite_size_are_dropped(self):
        """The exponential in the head overflows float32 above 88."""
        network = white_finder()
        with torch.no_grad():
            network.layers[0].weight_slots()[1].tensor[2] = 95 / (3 * CELL * CELL)
        image = spotted(64, 64, (40, 16, 48, 24), (8, 40, 16, 48))
        image[40:48, 8:16] = 220
        found = Detector(network)(image)
        assert len(found) == 1
        assert np.isfinite(found.boxes_xyxy).all()


class TestThresholds:
    IMAGE = spotted(64, 64, (40, 16, 48, 24))

    def test_scores_equal_to_the_threshold_are_dropped(self):
        score = float(Detector(white_finder())(self.IMAGE).scores[0])
        at = Detector(white_finder(), threshold=score)(self.IMAGE)
        below = Detector(white_finder(), threshold=score - 1e-6)(self.IMAGE)
        assert (len(at), len(below)) == (0, 1)

    def test_overlaps_above_the_threshold_are_dropped(self):
        image = spotted(64, 64, (32, 16, 48, 24))  # two cells, whose boxes overlap by a third
        assert len(Detector(white_finder(), nms_threshold=0.3)(image)) == 1
        assert len(Detector(white_finder(), nms_threshold=0.4)(image)) == 2

    @pytest.mark.parametrize("key", ["threshold", "nms_threshold"])
    @pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), 25])
    def test_a_threshold_out_of_bounds_is_refused(self, key, value):
        with pytest.raises(UsageError, match=rf"^{key} is out of its bounds: expected 0 to 1"):
            Detector(white_finder(), **{key: value})

    def test_a_negative_number_of_detections_is_refused(self):
        with pytest.raises(UsageError, match=r"^max_detections is out of its bounds"):
            Detector(white_finder(), max_detections=-1)


class TestNmsKind:
    """Two adjacent cells and a wide anchor: IoU 0.6; with penalty 0.46, or 0.6 with beta_nms=3."""

    IMAGE = spotted(64, 64, (32, 16, 48, 24))
    WIDE = HEAD.replace("16,8", "32,8")

    @pytest.mark.parametrize(
        ("kind", "count"),
        [
            ("default", 1),
            ("greedynms", 2),
            ("diounms\nbeta_nms=0.6", 2),
            ("diounms\nbeta_nms=3", 1),
        ],
    )
    def test_each_kind_compares_its_own_overlap(self, kind, count):
        network = white_finder(cfg(heads=[f"{self.WIDE}\nnms_kind={kind}"]))
        assert len(Detector(network, nms_threshold=0.5)(self.IMAGE)) == count

    @pytest.mark.parametrize(
        ("first", "last", "count"), [("greedynms", "default", 1), ("default", "greedynms", 2)]
    )
    def test_the_kind_of_the_last_head_is_used_for_all(self, first, last, count):
        heads = [f"{self.WIDE}\nnms_kind={kind}" for kind in (first, last)]
        network = white_finder(cfg(heads=heads))
        assert len(Detector(network, nms_threshold=0.5)(self.IMAGE)) == count

    def test_without_nms_the_boxes_of_every_head_are_kept(self):
        network = white_finder(cfg(heads=[HEAD, HEAD]))
        found = Detector(network, nms_threshold=0)(spotted(64, 64, (40, 16, 48, 24)))
        assert len(found) == 2


class TestOptions:
    @pytest.mark.parametrize(
        ("net", "dialect", "letterbox"),
        [
            ("", "alexeyab", False),
            ("letter_box=1", "alexeyab", True),
            ("letter_box=0", "alexeyab", False),
            ("", "pjreddie", True),
        ],
    )
    def test_letterbox_is_set_by_the_cfg_and_then_by_the_dialect(self, net, dialect, letterbox):
        network = white_finder(cfg(net=net), dialect)
        assert Detector(network).letterbox is letterbox
        assert Detector(network, letterbox=not letterbox).letterbox is not letterbox

    def test_names_may_be_a_file(self, tmp_path):
        path = tmp_path / "two.names"
        path.write_text("cat\ndog\n\n")
        assert Detector(white_finder(), names=path).names == ("cat", "dog")
        assert Detector(white_finder(), names=str(path)).names == ("cat", "dog")

    @pytest.mark.parametrize("names", [["cat"], ["cat", "dog", "cow"]])
    def test_too_few_or_too_many_names_are_refused(self, names):
        with pytest.raises(NamesError, match=rf"expected 2 names.*got {len(names)} names"):
            Detector(white_finder(), names=names)

    def test_a_names_file_with_too_few_names_is_reported_by_name(self, tmp_path):
        path = tmp_path / "one.names"
        path.write_text("cat\n")
        with pytest.raises(NamesError, match=r"one\.names"):
            Detector(white_finder(), names=path)

    def test_the_error_for_an_unknown_backend_lists_the_known_ones(self):
        with pytest.raises(UsageError, match=r"unknown backend: expected torch.*got 'abacus'"):
            Detector(white_finder(), backend="abacus")

    def test_the_error_for_an_unknown_resize_method_lists_the_known_ones(self):
        expected = "unknown resize method: expected darknet or opencv, got 'stretchy'"
        with pytest.raises(UsageError, match=expected):
            Detector(white_finder(), resize="stretchy")

    def test_the_resize_method_is_used(self):
        noise = np.random.RandomState(0).randint(0, 256, (90, 90, 3)).astype(np.uint8)
        one, other = (
            Detector(white_finder(), resize=method, threshold=0)(noise).scores
            for method in ("darknet", "opencv")
        )
        assert not np.allclose(one, other)

    def test_exif_rotates_pictures_given_by_path_unless_disabled(self, tmp_path):
        app1 = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        jpeg = cv2.imencode(".jpg", black(16, 24))[1].tobytes()
        path = tmp_path / "turned.jpg"
        path.write_bytes(
            jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg[2:]
        )
        turned, plain = (Detector(white_finder(), exif=exif)(path) for exif in (True, False))
        assert (turned.height, turned.width) == (24, 16)
        assert (plain.height, plain.width) == (16, 24)

    @pytest.mark.parametrize(
        ("option", "value", "message"),
        [
            ("threshold", "0.5", r"^threshold is not a number: .*got '0.5' \(str\)"),
            ("nms_threshold", None, "^nms_threshold is not a number: .*got None"),
            ("letterbox", "yes", "^letterbox is not a switch: .*'yes'"),
            ("exif", 2, "^exif is not a switch"),
            ("only", "square", r"^only is not a list: .*only=\['square'\]"),
            ("only", 5, r"^only is not a list: .*only=\[5\]"),
            ("max_detections", 2.5, "^max_detections is not a whole number"),
            ("batch", 0, "^batch is out of its bounds: expected 1 or more"),
            ("backend", None, "^backend is not a backend: expected torch or"),
            ("resize", 5, "^unknown resize method"),
            ("device", "gpu", "^no such device: expected auto, cpu, cuda"),
            ("device", 1.5, "^no such device"),
            ("precision", "half", "^unknown precision: expected float32 or tf32 or bfloat16 or"),
            ("precision", 16, r"^unknown precision: .*got 16 \(int\)"),
        ],
    )
    def test_an_argument_of_another_type_is_refused(self, option, value, message):
        with pytest.raises(UsageError, match=message):
            Detector(white_finder(), **{option: value})

    @pytest.mark.parametrize("precision", ["bfloat16", "float16"])
    def test_scores_are_those_of_float32_in_16_bits(self, precision):
        """White cells have a logit of 10, whose logistic bfloat16 would round to 1."""
        image = spotted(64, 64, (40, 16, 48, 24))
        found = Detector(white_finder(), precision=precision)(image)
        assert found.scores == pytest.approx([WHITE_SCORE], abs=1e-5)
        assert_boxes_equal(found.boxes_xyxy, Detector(white_finder())(image).boxes_xyxy)

    @pytest.mark.parametrize("names", [5, {0: "cat", 1: "dog"}, [1, 2], b"two.names"])
    def test_names_of_another_type_are_refused(self, names):
        with pytest.raises(NamesError, match=r"^names is not a list of names: expected a list of"):
            Detector(white_finder(), names=names)

    def test_the_network_is_moved_to_a_device(self):
        detector = Detector(white_finder(), device="cpu")
        assert {p.device.type for p in detector.network.parameters()} == {"cpu"}

    def test_the_network_is_put_into_evaluation_mode(self):
        network = white_finder().train()
        Detector(network)
        assert not network.training


class TestNetworksThatCannotDetect:
    def test_a_network_without_a_head_is_refused(self):
        text = "[net]\nwidth=64\nheight=64\nchannels=3\n[convolutional]\n"
        with pytest.raises(CfgError, match=r"no detection head.*expected \[yolo\] or \[region\]"):
            Detector(build_network(parse_cfg(text)))

    def test_heads_with_different_numbers_of_classes_are_refused(self):
        heads = [HEAD, HEAD.replace("classes=2", "classes=3")]
        text = cfg(heads=heads).replace("[route]\nlayers=0", "[convolutional]\nfilters=8")
        with pytest.raises(CfgError, match=r"disagree on classes=.*got \[2, 3\]"):
            Detector(build_network(parse_cfg(text)))


class TestToyModel:
    def test_the_toy_model_detects_the_shapes_in_its_picture(self):
        picture, truths = draw_picture()
        np.testing.assert_array_equal(picture, read_image(toy.PICTURE))
        network = load(toy.CFG, toy.WEIGHTS)
        found = Detector(network, names=toy.NAMES)(picture)
        assert len(found) == len(truths) > 0
        for kind, *box in truths:
            overlaps = box_iou(np.array(box) * 480, found.boxes_xyxy)
            best = overlaps.argmax()
            assert overlaps[best] > 0.7  # the model was trained for a minute
            assert found.class_ids[best] == kind


class TestChosenDetections:
    def found(self, **options):
        network = load(toy.CFG, toy.WEIGHTS)
        detector = Detector(network, names=toy.NAMES, **options)
        return detector(toy.PICTURE)

    @pytest.mark.parametrize(
        ("only", "kinds"),
        [(["square"], {1}), (["triangle", "0"], {0, 2}), ([1, 2], {1, 2}), ([], set())],
    )
    def test_classes_can_be_chosen_by_name_or_number(self, only, kinds):
        every, chosen = self.found(), self.found(only=only)
        assert set(chosen.class_ids.tolist()) == kinds
        kept = [row for row, kind in enumerate(every.class_ids.tolist()) if kind in kinds]
        np.testing.assert_array_equal(chosen.boxes_xyxy, every.boxes_xyxy[kept])

    def test_a_number_that_is_also_a_name_is_taken_as_a_name(self):
        network = load(toy.CFG, toy.WEIGHTS)
        detector = Detector(network, names=["2", "1", "0"], only=["2"])
        found = detector(toy.PICTURE)
        assert found.class_ids.tolist() == [0]

    @pytest.mark.parametrize(
        ("options", "kinds"),
        [
            ({"skip": ["circle", 2]}, {1}),
            ({"skip": ["0", "1", "2"]}, set()),
            ({"only": ["square", "circle"], "skip": ["square"]}, {0}),
        ],
    )
    def test_classes_can_be_left_out(self, options, kinds):
        every, chosen = self.found(), self.found(**options)
        assert {0, 1, 2} == set(every.class_ids)
        assert set(chosen.class_ids) == kinds

    def test_an_unknown_class_to_leave_out_is_reported(self):
        with pytest.raises(UsageError, match="squar: no such class: expected a name, or"):
            self.found(skip=["squar"])

    @pytest.mark.parametrize("only", [["squar"], ["3"], [-1]])
    def test_an_unknown_class_is_reported(self, only):
        with pytest.raises(UsageError, match=f"{only[0]}: no such class: expected a name, or"):
            self.found(only=only)

    def test_the_nearest_class_name_is_suggested(self):
        with pytest.raises(UsageError, match=r"did you mean 'square'\?"):
            self.found(only=["squar"])

    @pytest.mark.parametrize("count", [0, 1, 3, 9])
    def test_detections_with_the_highest_scores_are_kept(self, count):
        every, chosen = self.found(), self.found(max_detections=count)
        np.testing.assert_array_equal(chosen.scores, every.scores[:count])
        assert (np.diff(every.scores) <= 0).all()

    @pytest.mark.parametrize(
        ("letterbox", "resize", "still", "video"),
        [
            (False, None, "darknet", "opencv"),
            (True, None, "darknet", "darknet"),
            (False, "darknet", "darknet", "darknet"),
            (True, "opencv", "opencv", "opencv"),
        ],
    )
    def test_video_frames_are_resized_as_darknets_demo_does(self, letterbox, resize, still, video):
        network = load(toy.CFG, toy.WEIGHTS)
        detector = Detector(network, letterbox=letterbox, resize=resize)
        assert detector.resize_method(from_video=False) == still
        assert detector.resize_method(from_video=True) == video
        noise = np.random.RandomState(0).randint(0, 256, (90, 70, 3)).astype(np.uint8)
        for method, from_video in ((still, False), (video, True)):
            own = Detector(network, letterbox=letterbox, resize=method, threshold=0.001)
            detector.threshold = own.threshold
            (expected,) = own.detect_images([noise], [""])
            (found,) = detector.detect_images([noise], [""], from_video=from_video)
            np.testing.assert_array_equal(found.scores, expected.scores)
            assert len(found)


class TestInputs:
    @pytest.mark.parametrize("letterbox", [False, True])
    @pytest.mark.parametrize("from_video", [False, True], ids=["pictures", "video"])
    def test_a_batch_is_one_array_with_the_channels_last_in_memory(self, letterbox, from_video):
        detector = Detector(white_finder(cfg(width=48)), letterbox=letterbox)
        images = [spotted(40, 90, (8, 8, 30, 20)), spotted(64, 48, (1, 2, 9, 40)), black(1, 1)]
        inputs, placements = detector.prepare_inputs(images, from_video=from_video)
        assert (inputs.shape, inputs.dtype) == ((3, 3, 64, 48), np.float32)
        assert inputs.transpose(0, 2, 3, 1).flags.c_contiguous
        method = detector.resize_method(from_video=from_video)
        for image, placement, one in zip(images, placements, inputs, strict=True):
            np.testing.assert_array_equal(one, network_input(image, placement, method=method))
