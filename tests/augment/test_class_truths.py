import numpy as np
import pytest

from darknet_torch.augment.class_truths import SECRET_NUM, ClassTruthEncoder
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.tree import Tree
from darknet_torch.errors import CfgError


def test_ancestors_are_true_and_other_groups_are_unknown():
    # 0: animal (2: cat, 3: dog); 1: thing (4: cup)
    names = ("animal", "thing", "cat", "dog", "cup")
    tree = Tree(names, (-1, -1, 0, 0, 1), ((0, 2), (2, 2), (4, 1)))
    truths = ClassTruthEncoder(5, tree=tree)
    assert truths.encode(3).tolist() == [1, 0, 0, 1, SECRET_NUM]
    assert truths.encode(1).tolist() == [0, 1, SECRET_NUM, SECRET_NUM, SECRET_NUM]
    with pytest.raises(CfgError, match="the tree has another number of classes"):
        ClassTruthEncoder.from_net(NetOptions(), 4, tree)


def test_smoothing_moves_probability_to_the_other_classes():
    truth = ClassTruthEncoder(5, smoothing=0.2).encode(1)
    np.testing.assert_allclose(truth, (0.05, 0.8, 0.05, 0.05, 0.05), rtol=1e-6)
    assert truth.dtype == np.float32
