"""Probabilities over a tree of classes against the loops of Darknet's tree.c."""

import numpy as np
import pytest

from darknet_torch.cfg.tree import Tree, read_tree
from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.ops.arrays import TORCH


@pytest.fixture(params=range(5))
def tree(request, tmp_path):
    """A random tree with adjacent siblings; the first tree has a single root."""
    generator = np.random.default_rng(request.param)
    parents = [-1] * int(generator.integers(1, 4)) if request.param else [-1]
    for parent in generator.permutation(8):
        if parent < len(parents):
            parents += [int(parent)] * int(generator.integers(1, 6))
    path = tmp_path / "toy.tree"
    path.write_text("".join(f"name {parent}\n" for parent in parents))
    return read_tree(path)


@pytest.fixture(params=[NUMPY, TORCH], ids=["numpy", "torch"])
def functions(request):
    return request.param


def array(functions, values):
    """`values` as a float32 array of numpy or PyTorch."""
    return functions.xp.asarray(np.asarray(values, np.float32))


def predictions(functions, tree, *shape):
    generator = np.random.default_rng(1)
    return array(functions, 2 * generator.standard_normal((*shape, len(tree.names))))


def softmax_tree(row, tree):
    out = np.zeros_like(row)
    for first, size in tree.groups:
        raised = np.exp(row[first : first + size] - row[first : first + size].max())
        out[first : first + size] = raised / raised.sum()
    return out


def hierarchy_predictions(row, tree):
    out = row.copy()
    for j, parent in enumerate(tree.parents):
        if parent >= 0:
            out[j] *= out[parent]
    return out


def deepest(row, threshold):
    """region_layer.c get_region_boxes (AlexeyAB)."""
    out, found = row.copy(), False
    for j in reversed(range(len(row))):
        if not found and out[j] > threshold:
            found = True
        else:
            out[j] = 0
    return out


def hierarchy_top_prediction(row, tree, threshold):
    product, group = 1.0, 0
    while True:
        first, size = tree.groups[group]
        best = max(range(first, first + size), key=lambda index: row[index])
        if product * row[best] > threshold:
            product *= row[best]
            group = max(
                (g for g, (start, _) in enumerate(tree.groups) if tree.parents[start] == best),
                default=-1,
            )
            if group < 0:
                return best
        else:
            return best if group == 0 else tree.parents[first]


def per_row(function, x, *more):
    """`function` of each row of the last dimension."""
    rows = np.asarray(x, np.float64).reshape(-1, x.shape[-1])
    return np.array([function(row, *more) for row in rows])


def test_siblings_add_up_to_one(tree, functions):
    x = predictions(functions, tree, 2, 3)
    found = ClassTree(tree).softmax(functions, x)
    expected = per_row(softmax_tree, x, tree).reshape(x.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # exp in float32


def test_large_values_do_not_overflow(tree, functions):
    found = np.asarray(ClassTree(tree).softmax(functions, 1e4 * predictions(functions, tree, 2)))
    assert np.isfinite(found).all()
    for first, size in tree.groups:
        np.testing.assert_allclose(found[:, first : first + size].sum(-1), 1, rtol=1e-6)


def test_a_chain_multiplies_a_class_by_its_ancestors(tree, functions):
    classes = ClassTree(tree)
    x = classes.softmax(functions, predictions(functions, tree, 2, 3))
    before = np.asarray(x).copy()
    found = classes.chain(functions, x)
    expected = per_row(hierarchy_predictions, x, tree).reshape(x.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # a few float32 products
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.99])
def test_the_last_class_above_the_threshold_stays_alone(tree, functions, threshold):
    classes = ClassTree(tree)
    x = classes.chain(functions, classes.softmax(functions, predictions(functions, tree, 20)))
    found = classes.deepest(functions, x, threshold)
    np.testing.assert_allclose(found, per_row(deepest, x, threshold))


def test_the_threshold_of_the_last_class_is_a_half_and_not_reached_by_it(functions):
    tree = Tree(("a", "b", "c"), (-1, -1, -1), ((0, 3),))
    x = array(functions, [[0.5, 0.5, 0.0], [0.6, 0.0, 0.5], [0.0, 0.51, 0.4]])
    expected = [[0, 0, 0], [0.6, 0, 0], [0, 0.51, 0]]
    np.testing.assert_allclose(ClassTree(tree).deepest(functions, x), expected, rtol=1e-6)


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5])
@pytest.mark.parametrize("shape", [(40,), (2, 3, 7), (0,)])
def test_the_walk_from_the_root_stops_below_the_threshold(tree, functions, threshold, shape):
    classes = ClassTree(tree)
    x = predictions(functions, tree, *shape)
    x = classes.chain(functions, classes.softmax(functions, x))
    found = classes.top(functions, x, threshold)
    assert found.shape == shape
    expected = per_row(hierarchy_top_prediction, x, tree, threshold)
    assert np.asarray(found).flatten().tolist() == expected.tolist()


def test_the_walk_multiplies_probabilities_that_are_products_already(functions):
    """animal .8, dog .64 in all: .8 * .64 = .512 continues, .512 * .6 does not."""
    tree = Tree(("animal", "thing", "dog", "poodle"), (-1, -1, 0, 2), ((0, 2), (2, 1), (3, 1)))
    x = array(functions, [[0.8, 0.2, 0.64, 0.6], [0.8, 0.2, 0.6, 0.6], [0.45, 0.4, 0.4, 0.3]])
    assert ClassTree(tree).top(functions, x).tolist() == [2, 0, 0]
    assert ClassTree(tree).top(functions, x, threshold=0.1).tolist() == [3, 3, 2]


def test_a_walk_goes_only_where_darknet_would(functions):
    """Not from a later group without parents, nor to an earlier group of the same parent."""
    groups = tuple((first, 1) for first in range(5))
    tree = Tree(("a", "b", "c", "d", "e"), (-1, 0, 1, 0, -1), groups)
    x = array(functions, [[1, 1, 1, 1, 1], [1, 1, 1, 0.2, 1], [0.4, 0.4, 0.4, 0.4, 1]])
    assert ClassTree(tree).top(functions, x).tolist() == [3, 0, 0]


def test_of_equal_ones_the_first_is_taken_and_the_first_class_where_they_are_no_numbers(functions):
    tree = Tree(("a", "b", "c", "d"), (-1, -1, 1, 1), ((0, 2), (2, 2)))
    x = array(functions, [[0.3, 0.3, 0.1, 0.1], [0.1, 1, 0.9, 0.9], [np.nan] * 4])
    assert ClassTree(tree).top(functions, x).tolist() == [0, 2, 0]


def test_classes_with_children_are_not_leaves(functions):
    roots = Tree(("animal", "thing", "dog", "poodle"), (-1, -1, 0, 2), ((0, 2), (2, 1), (3, 1)))
    leaves = ClassTree(roots).leaves(functions, functions.xp.ones(4))
    assert leaves.tolist() == [0, 1, 0, 1]
