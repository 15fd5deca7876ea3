"""[region]'s loss against plain loops, for both code bases."""

import numpy as np
import pytest

from tests.losses.cases import assert_near, build, computed, context, raw, truth_rows
from tests.losses.plain_region import OfPjreddie, PlainRegion

KINDS = {"alexeyab": PlainRegion, "pjreddie": OfPjreddie}
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


def head_of(options, dialect, classes=3, coords=4):
    """With class scores that are no logits where AlexeyAB's loss takes a logarithm."""
    lines = ["anchors=.5,.7,1.2,1.1,2.5,2.2", "num=3", f"classes={classes}", *options.split()]
    channels = 3 * (coords + 1 + classes)
    return build("[region]\n" + "\n".join(lines), channels, dialect)


def by_box(head, tensor):
    """[N, H, W, boxes, values] of the output."""
    count, _, height, width = tensor.shape
    if head.flat:
        return tensor.numpy().reshape(count, height, width, 3, -1)
    return tensor.numpy().reshape(count, 3, -1, height, width).transpose(0, 3, 4, 1, 2)


def as_input(delta, shape):
    return delta.transpose(0, 3, 4, 1, 2).reshape(shape)


def check(head, dialect, x, rows, seen=SEEN, **more):
    output, loss = computed(head, x, rows, context(head, dialect, seen))
    plain = KINDS[dialect](head, by_box(head, output), rows, seen, **more)
    delta, cost = plain.compute()
    assert_near(loss.delta, as_input(delta, x.shape))
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(plain.overlaps)
    return plain


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("dialect", "options"),
    [("alexeyab", o) for o in BOTH + ALEXEYAB]
    + [("pjreddie", o) for o in BOTH + PJREDDIE if "coords" not in o],
)
def test_delta_and_cost_are_those_of_cs_loops(dialect, options, seed):
    head = head_of(options, dialect)
    # Without softmax AlexeyAB's class scores are the raw ones, whose logarithm focal_loss takes.
    x = raw(head, seed, low=0.05 if "focal" in options else None)
    assert check(head, dialect, x, truth_rows(head, x, seed)).overlaps


@pytest.mark.parametrize("dialect", KINDS)
def test_at_first_every_box_learns_its_anchor(dialect):
    head = head_of("softmax=1", dialect)
    x = raw(head, 4)
    rows = truth_rows(head, x, 4)
    last = check(head, dialect, x, rows, seen=12799).delta
    after = check(head, dialect, x, rows, seen=12800).delta
    assert np.count_nonzero(last[..., :4]) > 5 * np.count_nonzero(after[..., :4])


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("coords", [5, 6])
def test_pjreddies_boxes_may_have_more_coordinates(coords, seed):
    head = head_of(f"coords={coords} mask_scale=3.9", "pjreddie", coords=coords)
    x = raw(head, seed)
    plain_rows = truth_rows(head, x, seed)
    rows = np.zeros((2, 12, coords + 1), np.float32)
    rows[..., :4], rows[..., coords] = plain_rows[..., :4], plain_rows[..., 4]
    rows[..., 5 - 1 : coords] = np.random.default_rng(seed).random((2, 12, coords - 4))
    learned = check(head, "pjreddie", x, rows).delta[..., 4:coords]
    assert np.count_nonzero(learned)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    lines = [f"class{index} {parent}" for index, parent in enumerate(PARENTS)]
    (tmp_path / "of.tree").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return "tree=of.tree softmax=1"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("dialect", "options"),
    [("alexeyab", ""), ("alexeyab", "classfix=1 thresh=.3"), ("pjreddie", "")],
)
def test_over_a_tree_a_class_learns_with_its_ancestors(tree, dialect, options, seed):
    head = head_of(f"{tree} {options}", dialect, classes=9)
    x = raw(head, seed)
    check(head, dialect, x, truth_rows(head, x, seed), parents=PARENTS)


@pytest.mark.parametrize("seen", [100, SEEN])
@pytest.mark.parametrize("dialect", KINDS)
def test_of_a_class_without_a_box_the_surest_box_learns(tree, dialect, seen):
    head = head_of(tree, dialect, classes=9)
    x = raw(head, 5, count=3)
    rows = truth_rows(head, x, 5)
    rows[1, 2, :4] = 999999, 999999, 0.1, 0.1
    rows[1, 2, 4] = 7
    plain = check(head, dialect, x, rows, seen, parents=PARENTS)
    assert np.count_nonzero(plain.delta[1, ..., plain.at + 1 :].any(-1)) == 1


@pytest.mark.parametrize("dialect", KINDS)
def test_a_map_says_which_class_a_label_means(tmp_path, monkeypatch, dialect):
    (tmp_path / "of.map").write_text("2\n0\n0\n")
    monkeypatch.chdir(tmp_path)
    more = "classfix=1 thresh=.3" if dialect == "alexeyab" else ""
    head = head_of(f"map=of.map {more}", dialect)
    x = raw(head, 6)
    check(head, dialect, x, truth_rows(head, x, 6), class_map=[2, 0, 0])
