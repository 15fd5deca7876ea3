"""The loss of [region] compared with reference loops, for both code bases."""

import numpy as np
import pytest

from tests.losses.cases import (
    assert_near,
    build,
    compute_loss,
    loss_context,
    random_inputs,
    truth_rows,
)
from tests.losses.reference_region import PjreddieRegion, ReferenceRegion

REFERENCES = {"alexeyab": ReferenceRegion, "pjreddie": PjreddieRegion}
PARENTS = [-1, -1, -1, 0, 0, 1, 1, 3, 3]  # 0: 3 4, 1: 5 6, 3: 7 8
SEEN = 100_000

BOTH = [
    "softmax=1",
    "",
    "softmax=1 rescore=1 thresh=.3",
    "bias_match=1 coord_scale=.5 object_scale=5 noobject_scale=.7 class_scale=2 thresh=.3",
]
ALEXEYAB = [
    "classfix=1 thresh=.3",
    "classfix=2 softmax=1 thresh=.3",
    "classfix=-1",
    "focal_loss=1",
]
PJREDDIE = [
    "background=1 softmax=1",
    "background=1",
    "coords=6 mask_scale=3",
    "coords=5 softmax=1",
]


def build_region(options, dialect, classes=3, coords=4):
    lines = ["anchors=.5,.7,1.2,1.1,2.5,2.2", "num=3", f"classes={classes}", *options.split()]
    channels = 3 * (coords + 1 + classes)
    return build("[region]\n" + "\n".join(lines), channels, dialect)


def by_box(head, tensor):
    """The output of a head as [N, H, W, boxes, values]."""
    count, _, height, width = tensor.shape
    if head.flat:
        return tensor.numpy().reshape(count, height, width, 3, -1)
    return tensor.numpy().reshape(count, 3, -1, height, width).transpose(0, 3, 4, 1, 2)


def as_input(delta, shape):
    return delta.transpose(0, 3, 4, 1, 2).reshape(shape)


def check(head, dialect, x, rows, seen=SEEN, **more):
    output, loss = compute_loss(head, x, rows, loss_context(head, dialect, seen))
    reference = REFERENCES[dialect](head, by_box(head, output), rows, seen, **more)
    delta, cost = reference.compute()
    assert_near(loss.delta, as_input(delta, x.shape))
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(reference.ious)
    return reference


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("dialect", "options"),
    [("alexeyab", o) for o in BOTH + ALEXEYAB]
    + [("pjreddie", o) for o in BOTH + PJREDDIE if "coords" not in o],
)
def test_delta_and_cost_equal_the_loops_of_c(dialect, options, seed):
    head = build_region(options, dialect)
    # Without softmax AlexeyAB's class scores are the raw ones, whose logarithm focal_loss takes.
    x = random_inputs(head, seed, low=0.05 if "focal" in options else None)
    assert check(head, dialect, x, truth_rows(head, x, seed)).ious


@pytest.mark.parametrize("dialect", REFERENCES)
def test_the_target_of_all_boxes_is_their_anchor_for_the_first_12800_pictures(dialect):
    head = build_region("softmax=1", dialect)
    x = random_inputs(head, 4)
    rows = truth_rows(head, x, 4)
    last = check(head, dialect, x, rows, seen=12799).delta
    after = check(head, dialect, x, rows, seen=12800).delta
    assert np.count_nonzero(last[..., :4]) > 5 * np.count_nonzero(after[..., :4])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("coords", [5, 6])
def test_coordinates_after_the_fourth_have_a_delta_in_the_pjreddie_dialect(coords, seed):
    head = build_region(f"coords={coords} mask_scale=3.9", "pjreddie", coords=coords)
    x = random_inputs(head, seed)
    box_rows = truth_rows(head, x, seed)
    rows = np.zeros((2, 12, coords + 1), np.float32)
    rows[..., :4], rows[..., coords] = box_rows[..., :4], box_rows[..., 4]
    rows[..., 5 - 1 : coords] = np.random.default_rng(seed).random((2, 12, coords - 4))
    mask_delta = check(head, "pjreddie", x, rows).delta[..., 4:coords]
    assert np.count_nonzero(mask_delta)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    lines = [f"class{index} {parent}" for index, parent in enumerate(PARENTS)]
    (tmp_path / "classes.tree").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return "tree=classes.tree softmax=1"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("dialect", "options"),
    [("alexeyab", ""), ("alexeyab", "classfix=1 thresh=.3"), ("pjreddie", "")],
)
def test_with_a_tree_a_class_and_its_ancestors_are_the_targets(tree, dialect, options, seed):
    head = build_region(f"{tree} {options}", dialect, classes=9)
    x = random_inputs(head, seed)
    check(head, dialect, x, truth_rows(head, x, seed), parents=PARENTS)


@pytest.mark.parametrize("seen", [100, SEEN])
@pytest.mark.parametrize("dialect", REFERENCES)
def test_a_class_without_a_box_is_assigned_to_the_most_probable_box(tree, dialect, seen):
    head = build_region(tree, dialect, classes=9)
    x = random_inputs(head, 5, count=3)
    rows = truth_rows(head, x, 5)
    rows[1, 2, :4] = 999999, 999999, 0.1, 0.1
    rows[1, 2, 4] = 7
    reference = check(head, dialect, x, rows, seen, parents=PARENTS)
    assert np.count_nonzero(reference.delta[1, ..., reference.objectness_at + 1 :].any(-1)) == 1


@pytest.mark.parametrize("dialect", REFERENCES)
def test_map_file_translates_labels_to_classes(tmp_path, monkeypatch, dialect):
    (tmp_path / "classes.map").write_text("2\n0\n0\n")
    monkeypatch.chdir(tmp_path)
    more = "classfix=1 thresh=.3" if dialect == "alexeyab" else ""
    head = build_region(f"map=classes.map {more}", dialect)
    x = random_inputs(head, 6)
    check(head, dialect, x, truth_rows(head, x, 6), class_map=[2, 0, 0])
