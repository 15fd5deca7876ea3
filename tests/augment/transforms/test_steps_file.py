"""Files of steps: what they say, and what is wrong with them."""

import pytest

from darknet_torch.augment.transforms.augmentation import Augmentation
from darknet_torch.augment.transforms.colour import Posterize, ToGrey
from darknet_torch.augment.transforms.geometry import Affine, Flip
from darknet_torch.augment.transforms.steps_file import read_steps
from darknet_torch.errors import UsageError


def steps_of(tmp_path, text):
    file = tmp_path / "steps.yaml"
    file.write_text(text)
    return read_steps(file)


def test_steps_in_their_order_with_defaults(tmp_path):
    text = """- flip: {probability: 0.3, direction: either}
- affine:
    rotation: [-10, 10]
    scale: 1.2  # the same for all
- to_grey
- posterize: {bits: [3, 3]}
"""
    steps, follows_cfg = steps_of(tmp_path, text)
    assert steps == (
        Flip(probability=0.3, direction="either"),
        Affine(rotation=(-10, 10), scale=(1.2, 1.2)),
        ToGrey(),
        Posterize(bits=(3, 3)),
    )
    assert not follows_cfg


def test_darknets_augmentation_may_be_the_last_step(tmp_path):
    assert steps_of(tmp_path, "- flip:\n- cfg\n") == ((Flip(),), True)


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("- flipp: {}", 1, ["no such transform", "got flipp", "did you mean flip?"]),
        ("- flip\n- blurr", 2, ["no such transform", "did you mean blur?"]),
        (
            "- affine:\n    rotations: 3",
            2,
            ["affine has no such parameter", "rotation, shear", "did you mean rotation?"],
        ),
        (
            "- affine: {rotation: [10, -10]}",
            1,
            ["rotation of affine", "[a, b] from -180 to 180", "got [10, -10]"],
        ),
        ("- affine: {scale: [0, 1]}", 1, ["scale of affine", "from 0.1 to 10", "got [0, 1]"]),
        ("- affine: {scale: [1, 2, 3]}", 1, ["got [1, 2, 3]"]),
        ("- affine: {scale: nan}", 1, ["got nan"]),
        ("- affine: {scale: {}}", 1, ["got a map"]),
        ("- flip: {probability: 1.5}", 1, ["probability of flip", "0 to 1", "got 1.5"]),
        ("- flip: {probability: half}", 1, ["got half"]),
        ("- flip: {direction: left}", 1, ["horizontal or vertical or either", "got left"]),
        ("- posterize: {bits: [2.5, 3]}", 1, ["whole numbers", "got [2.5, 3]"]),
        ("- clahe: {tiles: 0}", 1, ["a whole number, 1 to 64", "got 0"]),
        ("- flip: {direction: vertical, direction: either}", 1, ["direction is given twice"]),
        ("- flip: 0.5", 1, ["flip has no map of parameters", "{probability: 0.5}", "got 0.5"]),
        ("- flip: {}\n  blur: {}", 1, ["a step with several names", "got flip, blur"]),
        ("- [flip]", 1, ["not a step", "got a list"]),
        ("- cfg\n- flip", 1, ["cfg is not the last step", "comes last"]),
        ("flip: {}", 1, ["not a list of steps", "got a map"]),
        ("[]", 1, ["has no steps"]),
        ("- flip: {", 1, ["not valid YAML", "a list of steps"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, line, parts):
    with pytest.raises(UsageError) as caught:
        steps_of(tmp_path, text)
    assert str(caught.value.where) == f"{tmp_path / 'steps.yaml'}:{line}"
    for part in parts:
        assert part in str(caught.value)


def test_files_that_have_no_steps(tmp_path):
    with pytest.raises(UsageError, match=r"not a list of steps: expected .*, got an empty file"):
        steps_of(tmp_path, "# nothing\n")
    with pytest.raises(UsageError, match="cannot be read"):
        Augmentation.open(str(tmp_path / "missing.yaml"))


def test_a_description_has_the_values_of_all_parameters(tmp_path):
    file = tmp_path / "steps.yaml"
    file.write_text("- flip # left and right\n- cfg")
    text = "flip(probability=0.5, direction=horizontal), cfg"
    assert str(Augmentation.open(str(file))) == text
    assert str(Augmentation.open("none")) == "none"
