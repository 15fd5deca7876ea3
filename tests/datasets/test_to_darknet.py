from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.opening import open_splits
from tests.datasets.tiny_datasets import voc, voc_object


def test_an_output_folder_with_a_space_works(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [voc_object((1, 1, 9, 9))])])
    out = tmp_path / "my sets"
    convert(source, "darknet", out)
    (found,) = open_splits([out / "dataset.data"]).values()
    assert len(found.examples[0].labels) == 1


def test_the_data_file_has_absolute_paths(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])], names=["cat"])
    convert(source, "darknet", tmp_path / "out")
    assert (tmp_path / "out/dataset.data").read_text().splitlines() == [
        "classes=1",
        f"train={tmp_path}/out/train.txt",
        f"names={tmp_path}/out/dataset.names",
        "backup=backup",
    ]
