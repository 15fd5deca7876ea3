"""Comparisons of networks and graphs find every kind of difference."""

import copy
import math

import pytest
import torch

from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.conversion.comparison import (
    compare_arrays,
    compare_detections,
    compare_graph,
    compare_layers,
    random_images,
    worst_box_difference,
    worst_difference,
)
from darknet_torch.errors import WeightsError
from darknet_torch.export.graphs import Graph, GraphOptions
from tests.conversion.small_models import DETECTOR, NET, trained_network

INFINITY, NAN = math.inf, math.nan


class TestWorstDifference:
    @pytest.mark.parametrize(
        ("got", "want", "expected"),
        [
            ([1, 2], [1, 2], 0),
            ([0.25, 0], [0, 0], 0.25),
            ([0.25, 1], [0, 1], 0.25),
            ([102, 0], [100, 0], 0.02),  # relative to the largest value
            ([-102, 0], [-100, 0], 0.02),
            ([1, 100], [0, 100], 0.01),
            ([NAN], [NAN], 0),
            ([INFINITY], [INFINITY], 0),
            ([NAN], [0], INFINITY),
            ([0], [NAN], INFINITY),
            ([INFINITY], [-INFINITY], INFINITY),
            ([INFINITY, 1], [1, 1], INFINITY),
            ([INFINITY, 2], [INFINITY, 4], 0.5),
            ([], [], 0),
        ],
    )
    def test_is_relative_to_the_largest_value_if_that_is_above_1(self, got, want, expected):
        assert worst_difference(torch.tensor(got), torch.tensor(want)) == pytest.approx(expected)

    @pytest.mark.parametrize("shape", [(2, 1), (1, 2), (4,), (0,)])
    def test_of_other_shapes_is_infinite(self, shape):
        assert worst_difference(torch.ones(shape), torch.ones(2)) == INFINITY

    def test_of_integers_is_found(self):
        assert worst_difference(torch.tensor([3]), torch.tensor([2])) == 0.5


class TestArrays:
    def test_equal_arrays_have_no_difference(self):
        network = trained_network(DETECTOR)
        found = compare_arrays(trained_network(DETECTOR), network)
        values = sum(slot.tensor.numel() for _, slot in network.slots())
        assert (found.worst, found.what, found.values) == (0, "all arrays", values)

    def test_a_single_different_value_is_named_by_array_and_layer(self):
        other = trained_network(DETECTOR)
        with torch.no_grad():
            other.layers[0].weight_slots()[2].tensor[3] += 0.125
        found = compare_arrays(other, trained_network(DETECTOR))
        assert found.what == "rolling_mean of layer 0 [convolutional]"
        assert found.worst > 0.01

    def test_layers_from_the_cutoff_on_are_ignored(self):
        other = trained_network(DETECTOR)
        with torch.no_grad():
            other.layers[1].weight_slots()[0].tensor.add_(1)
        assert compare_arrays(other, trained_network(DETECTOR)).worst > 0
        found = compare_arrays(other, trained_network(DETECTOR), cutoff=1)
        values = sum(slot.tensor.numel() for slot in other.layers[0].weight_slots())
        assert (found.worst, found.values) == (0, values)


class TestGraph:
    @pytest.fixture
    def graph(self):
        return Graph(trained_network(DETECTOR), GraphOptions())

    def test_a_graph_is_compared_at_two_batches_and_two_sizes(self, graph):
        found = compare_graph(graph, graph, graph.second_size)
        assert [one.what for one in found] == ["1 x 32x32", "3 x 32x32", "1 x 64x64"]
        assert [one.worst for one in found] == [0, 0, 0]
        assert [one.values for one in found] == [14 * 16, 3 * 14 * 16, 14 * 64]

    def test_a_graph_that_is_right_at_one_size_only_is_found(self, graph):
        def fixed(images):
            side = images.shape[-1]
            return [out + (side - 32) for out in graph(images)]

        assert [one.worst > 0.1 for one in compare_graph(graph, fixed, graph.second_size)] == [
            False,
            False,
            True,
        ]

    def test_a_graph_that_mixes_up_the_batch_is_found(self, graph):
        found = compare_graph(graph, lambda images: graph(images.flip(0)), graph.second_size)
        assert [one.worst > 1e-4 for one in found] == [False, True, False]

    def test_a_graph_with_too_few_outputs_is_found(self, graph):
        with pytest.raises(ValueError, match="zip"):
            compare_graph(graph, lambda _: [], None)

    @pytest.mark.parametrize("outputs", ["detections", "boxes"])
    def test_a_huge_box_is_compared_by_its_own_size(self, outputs):
        """A head whose logit of a width is 50 decodes a box exp(50) times as large as its anchor.

        Float64 stands for another program, which rounds each number otherwise.
        """
        network = trained_network(DETECTOR)
        with torch.no_grad():
            network.layers[1].arrays.biases[2] += 50
            network.layers[1].arrays.biases[4] += 5
        graph = Graph(network, GraphOptions(outputs))
        other = copy.deepcopy(graph).double()

        def run(images, factor=1):
            return [out * factor for out in other(images.double())]

        found = compare_graph(graph, run, None)
        assert graph(random_images(1, 3, 32, 32))[0].max() > 1e20
        assert all(0 < one.worst < 1e-4 for one in found)
        found = compare_graph(graph, lambda images: run(images, 1.01), None)
        assert all(one.worst > 0.005 for one in found)


class TestDetections:
    """Boxes [left, top, right, bottom], scores, class ids and picture ids."""

    @staticmethod
    def detections(*rows):
        boxes = torch.tensor([[0.1 * row[0], 0.1, 0.5, 0.6] for row in rows])
        scores, kinds, pictures = (torch.tensor([row[i] for row in rows]) for i in (1, 2, 3))
        return boxes, scores.float(), kinds, pictures

    def test_equal_scores_may_come_in_another_order(self):
        want = self.detections((1, 0.5, 0, 0), (2, 0.5, 0, 0))
        got = self.detections((2, 0.5, 0, 0), (1, 0.5, 0, 0))
        assert compare_detections(got, want) == 0

    @pytest.mark.parametrize(
        "got",
        [
            ((1, 0.5, 1, 0), (2, 0.4, 0, 0)),
            ((1, 0.5, 0, 1), (2, 0.4, 0, 0)),
            ((1, 0.5, 0, 0),),
            ((1, 0.5, 0, 0), (1, 0.5, 0, 0)),
        ],
        ids=["class", "picture", "one less", "one twice"],
    )
    def test_another_class_picture_or_box_is_found(self, got):
        want = self.detections((1, 0.5, 0, 0), (2, 0.4, 0, 0))
        assert compare_detections(self.detections(*got), want) > 0.09

    def test_a_huge_box_differs_by_its_own_size(self):
        want = self.detections((5e21, 0.5, 0, 0), (2, 0.4, 0, 0))
        near = self.detections((5e21 * (1 + 1e-6), 0.5, 0, 0), (2, 0.4, 0, 0))
        assert 0 < compare_detections(near, want) < 1e-5
        far = self.detections((5.1e21, 0.5, 0, 0), (2, 0.4, 0, 0))
        assert compare_detections(far, want) == pytest.approx(0.02)

    def test_a_huge_box_hides_no_difference_of_another_one(self):
        want = self.detections((5e21, 0.5, 0, 0), (2, 0.4, 0, 0))
        got = self.detections((5e21, 0.5, 0, 0), (2.1, 0.4, 0, 0))
        assert compare_detections(got, want) == pytest.approx(0.01)
        assert worst_box_difference(got[0], want[0]) == pytest.approx(0.01)

    def test_boxes_that_overflow_in_both_are_equal(self):
        want = self.detections((-INFINITY, 0.5, 0, 0), (NAN, 0.4, 0, 0))
        assert compare_detections(want, want) == 0
        other = self.detections((INFINITY, 0.5, 0, 0), (NAN, 0.4, 0, 0))
        assert compare_detections(other, want) == INFINITY
        finite = self.detections((1, 0.5, 0, 0), (NAN, 0.4, 0, 0))
        assert compare_detections(finite, want) == INFINITY


class TestLayers:
    CFG = f"{NET}[convolutional]\nfilters=2\n[maxpool]\nsize=9\nstride=1\n"

    def test_equal_networks_have_no_difference(self):
        assert compare_layers(trained_network(DETECTOR), trained_network(DETECTOR), 0) == 0

    def test_the_first_layer_beyond_the_tolerance_is_named(self):
        network = trained_network(DETECTOR)
        with torch.no_grad():
            network.layers[1].weight_slots()[0].tensor.add_(1)
        with pytest.raises(WeightsError, match=r"^layer 1 \[convolutional\] \(small\.cfg:12\)"):
            compare_layers(network, trained_network(DETECTOR), 1e-4)

    def test_nan_is_beyond_every_tolerance(self):
        network = trained_network(DETECTOR)
        with torch.no_grad():
            network.layers[1].weight_slots()[0].tensor[0] = NAN
        with pytest.raises(WeightsError, match=r"layer 1 .*got inf"):
            compare_layers(network, trained_network(DETECTOR), 1e9)

    def test_the_state_of_a_layer_is_reset_afterwards(self):
        cfg = "[net]\ninputs=4\n[rnn]\noutput=2\nhidden=2\n"
        networks = trained_network(cfg), trained_network(cfg, PJREDDIE.name)
        first = compare_layers(*networks, 1e9)
        assert compare_layers(*networks, 1e9) == first


def test_the_random_pictures_are_the_same_in_every_call():
    one, other = (random_images(2, 3, 4, 5) for _ in range(2))
    assert one.shape == (2, 3, 4, 5)
    assert 0 <= one.min() < one.max() <= 1
    torch.testing.assert_close(one, other, rtol=0, atol=0)
