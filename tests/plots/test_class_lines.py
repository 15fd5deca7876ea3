"""Which classes have a line, and which a name."""

from darknet_torch.plots.class_lines import class_lines, many_classes

NAMES = [f"class {index}" for index in range(200)]


def lines(scores):
    return class_lines(NAMES[: len(scores)], scores)


def test_few_classes_are_all_named_in_their_order():
    found = lines([0.1, None, 0.9])
    assert [(line.index, line.name) for line in found] == [
        (0, "class 0"),
        (2, "class 2"),
        (-1, "all"),
    ]
    assert len({line.style["color"] for line in found}) == 3
    assert all(line.step == 1 for line in found)


def test_a_single_class_is_not_drawn_twice():
    assert [line.index for line in lines([0.5])] == [0]


def test_without_scores_there_is_nothing():
    assert lines([None, None]) == lines([]) == []


def test_of_many_classes_the_best_and_the_worst_are_named():
    scores = [index / 200 for index in range(200)]
    found = lines(scores)
    named = [line.index for line in found if line.name is not None]
    assert named == [199, 198, 197, 2, 1, 0, -1]
    faint = [line.index for line in found if line.name is None]
    assert len(faint) == len(set(faint)) == 40
    assert min(faint) == 3 and max(faint) == 196
    assert "the 3 best and the 3 worst" in many_classes("best", "worst")


def test_seven_classes_differ_and_the_eighth_makes_them_many():
    styles = [(line.style["color"], str(line.style["linestyle"])) for line in lines([0.5] * 7)]
    assert len(set(styles)) == 8
    assert len([line for line in lines([0.5] * 8) if line.name is not None]) == 7


def test_a_class_without_a_name_is_drawn_as_any_other():
    named, everything = class_lines(["", "b"], [0.5, None])
    assert (named.name, everything.name) == ("", "all") and named.step == 1
