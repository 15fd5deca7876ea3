import pytest

from darknet_torch.datasets.opening import open_splits
from darknet_torch.datasets.to_voc import write_voc
from tests.datasets.tiny_datasets import voc, voc_object


@pytest.mark.parametrize("origin", [0, 1])
def test_corners_are_integers_where_possible_and_count_from_the_origin(tmp_path, origin):
    source = open_splits([voc(tmp_path / "voc", [voc_object((7.25, 5, 9, 30))])])
    write_voc(source, tmp_path / "out", "copy", origin=origin)
    text = (tmp_path / "out/Annotations/train0.xml").read_text()
    assert f"<xmin>{7.25 + origin}</xmin>" in text
    assert f"<ymax>{30 + origin}</ymax>" in text
    assert (tmp_path / "out/classes.names").read_text() == "cat\n"
