"""A tree of classes on tensors."""

import numpy as np
import torch

from darknet_torch.cfg.tree import Tree
from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.ops.trees import TreeProbabilities

TREE = Tree(("animal", "thing", "dog", "poodle"), (-1, -1, 0, 2), ((0, 2), (2, 1), (3, 1)))


def test_its_formulas_are_those_of_plain_arrays():
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    probabilities = TreeProbabilities(TREE)
    found = probabilities.chain(probabilities.softmax(x))
    plain = ClassTree(TREE)
    expected = plain.chain(NUMPY, plain.softmax(NUMPY, x.numpy()))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_path_has_the_ancestors_and_all_their_siblings():
    siblings, path = TreeProbabilities(TREE).path(torch.tensor([2, 1]))
    assert siblings.tolist() == [[True, True, True, False], [True, True, False, False]]
    assert path.tolist() == [[True, False, True, False], [False, True, False, False]]
