"""A function of the user as a step: what it gets, and what it must return."""

import pickle

import numpy as np
import pytest

from darknet_torch.augment.transforms.augmentation import Augmentation
from darknet_torch.augment.transforms.choice import AugmentationName
from darknet_torch.errors import UsageError
from tests.augment.transforms.shapes import picture_of

HEAD = "import numpy as np\ndef own(image, boxes, class_ids, random):\n    "


def apply(tmp_path, body, classes=5):
    file = tmp_path / "own.py"
    file.write_text(HEAD + body)
    (step,) = Augmentation.open(f"{file}:own", classes).steps
    again = pickle.loads(pickle.dumps(step))  # as a spawned worker gets it
    return again.apply(picture_of("rectangle"), np.random.default_rng(0))


def test_the_function_changes_picture_and_boxes(tmp_path):
    after = apply(
        tmp_path,
        "image[:] = random.integers(9); boxes[:, 0] += 5; return image, boxes, class_ids",
    )
    assert (after.image == after.image[0, 0, 0]).all()
    assert after.boxes.tolist() == [[75, 60, 130, 100]]
    assert after.rows.tolist() == [0]


def test_boxes_may_be_added_and_dropped_and_are_clipped(tmp_path):
    boxes = "[(-5, -5, 10, 10), (0, 0, 20, 20)]"
    after = apply(tmp_path, f"return image, {boxes}, [0, 4]")
    assert after.boxes.tolist() == [[0, 0, 10, 10], [0, 0, 20, 20]]
    assert after.class_ids.tolist() == [0, 4]
    assert apply(tmp_path, "return image, [], []").boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("pass", ["image, boxes, class_ids", "got None"]),
        ("return image, boxes", ["got 2 values: ndarray, ndarray"]),
        ("return image / 255, boxes, class_ids", ["uint8 [H, W, 3]", "float64 [160, 200, 3]"]),
        ("return image[..., 0], boxes, class_ids", ["got uint8 [160, 200]"]),
        ("return image[:0], boxes, class_ids", ["got uint8 [0, 200, 3]"]),
        ("return image, boxes, []", ["boxes [1, 4], class_ids [0]"]),
        ("return image, boxes[:, :3], class_ids", ["boxes [1, 3]"]),
        ("return image, boxes[:, ::-1], class_ids", ["left, top, right, bottom", "got [100.0,"]),
        ("return image, boxes * np.nan, class_ids", ["got [nan,"]),
        ("return image, 'none', class_ids", ["boxes that are numbers", "got str"]),
        ("return image, boxes, [5]", ["whole class_ids, 0 to 4", "got 5"]),
        ("return image, boxes, [-1]", ["got -1"]),
        ("return image, boxes, [.5]", ["got 0.5"]),
        ("raise SystemExit(3)", ["own.py:3", "own raised an error", "SystemExit: 3"]),
        ("return image / 0 + nothing", ["own.py:3", "own raised an error", "NameError"]),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_cannot_be_used_is_refused(tmp_path, body, parts):
    with pytest.raises(UsageError) as caught:
        apply(tmp_path, body)
    for part in (str(tmp_path / "own.py"), *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("def owl(*a): return a\n", ["has no function own", "got owl", "did you mean owl?"]),
        ("own = 3\n", ["own is no function"]),
        ("x = 1\ndef (", ["own.py:2", "cannot be run", "SyntaxError"]),
        ("import sys\nsys.exit(3)", ["own.py:2", "cannot be run", "SystemExit: 3"]),
        ("import nothing_like_it", ["own.py:1", "ModuleNotFoundError"]),
    ],
)
def test_a_file_without_the_function(tmp_path, content, parts):
    (tmp_path / "own.py").write_text(content)
    with pytest.raises(UsageError) as caught:
        Augmentation.open(f"{tmp_path}/own.py:own")
    for part in parts:
        assert part in str(caught.value)


def test_the_description_follows_the_content(tmp_path):
    file, made = tmp_path / "own.py", []
    for body in ("return image, boxes, class_ids", "return image, [], []"):
        file.write_text(HEAD + body)
        made.append(str(Augmentation.open(f"{file}:own")))
    assert made[0] != made[1]
    with pytest.raises(UsageError, match="cannot be read"):
        Augmentation.open(f"{tmp_path}/missing.py:own")


def test_the_names_that_the_option_takes():
    name = AugmentationName()
    given = (True, False, "cfg", "none", "a.yaml", "b.YML", "c.py:own")
    expected = ["cfg", "none", "cfg", "none", "a.yaml", "b.YML", "c.py:own"]
    assert list(map(name.parse, given)) == expected
    for wrong in ("", "all", "c.py", "c.py:", "c.py:a b", "steps.json"):
        with pytest.raises(ValueError):
            name.parse(wrong)
    with pytest.raises(TypeError):
        name.parse(print)
