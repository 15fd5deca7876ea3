"""Classes of several data sets, joined by their names."""

from pathlib import Path

from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.datasets.joined_names import JoinedNames


def data_set(*names, ids=()):
    labels = Labels.from_arrays(ids, [[0.5] * 4] * len(ids))
    return DataSet((Example(Path("a.png"), labels), Example(Path("b.png"), None)), names, "here")


def test_new_names_follow_those_of_the_first_set():
    joined = JoinedNames.join([data_set("b", "a"), data_set("c", "a"), data_set("d", "b")])
    assert joined.names == ("b", "a", "c", "d")
    assert joined.problems == ()


def test_boxes_get_the_number_of_their_name_and_pictures_without_labels_stay():
    first, second = data_set("b", "a"), data_set("c", "a", ids=(1, 0, 1))
    found = JoinedNames.join([first, second]).translate(second)
    assert found.names == ("b", "a", "c")
    assert found.examples[0].labels.class_ids.tolist() == [1, 2, 1]
    assert found.examples[1].labels is None


def test_two_classes_may_be_renamed_to_one():
    data = data_set("car", "truck", "dog", ids=(0, 1, 2))
    joined = JoinedNames.join([data], renamed={"car": "vehicle", "truck": "vehicle"})
    assert joined.names == ("vehicle", "dog")
    assert joined.translate(data).examples[0].labels.class_ids.tolist() == [0, 0, 1]


def test_a_left_out_name_that_is_nearly_a_chosen_one_is_noted():
    joined = JoinedNames.join([data_set("Traffic Light")], names=["traffic_light"])
    assert [problem.kind for problem in joined.problems] == [
        "class without boxes",
        "similar names",
    ]
    assert joined.problems[1].fix.endswith('--rename "traffic_light=Traffic Light"')
