import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object


def merge(*arguments):
    return dtorch("dataset", "merge", *arguments)


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """VOC2007 and VOC2012, whose lists overlap."""
    monkeypatch.chdir(tmp_path)
    objects = [voc_object((1, 1, 9, 9)), voc_object((1, 1, 99, 99), "dog")]
    for root, splits in (("VOC2007", ("trainval", "test")), ("VOC2012", ("trainval",))):
        for split in splits:
            voc(tmp_path / root, objects, split)
    for path in (tmp_path / "VOC2012/JPEGImages").iterdir():
        path.write_bytes(path.read_bytes() + b"12")
    return "VOC2007", "VOC2012"


def test_voc_2007_and_2012_become_one_darknet_data_set(roots, tmp_path):
    sources = ("VOC2007:trainval=train,test=valid", "VOC2012:trainval=train")
    result = merge(*sources, "--out", "voc", "--pictures", "link")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "train: 4 pictures, 4 boxes\nvalid: 2 pictures, 2 boxes\nwrote voc/dataset.data\n"
        "next: dtorch check voc/dataset.data\n"
    )
    assert (tmp_path / "voc/dataset.names").read_text() == "cat\ndog\n"
    names = [line.rpartition("/")[2] for line in (tmp_path / "voc/train.txt").read_text().split()]
    assert names == ["trainval0.png", "trainval1.png", "trainval0-2.png", "trainval1-2.png"]
    assert all((tmp_path / "voc/JPEGImages" / name).is_symlink() for name in names)
    keys = [line.partition("=")[0] for line in (tmp_path / "voc/dataset.data").read_text().split()]
    assert keys == ["classes", "train", "valid", "names", "backup"]


def test_splits_can_be_chosen_for_all_sets(roots):
    result = merge(*roots, "--split", "trainval", "--to", "coco", "--out", "out")
    assert result.stdout.startswith("trainval: 4 pictures, 4 boxes\nwrote out\n")
    missing = merge(*roots, "--split", "test", "--out", "other")
    assert missing.exit_code == 2
    assert "VOC2012" in missing.stderr


def test_sets_of_several_formats_can_be_merged(roots, tmp_path):
    toy = darknet(tmp_path / "toy", ["1 .5 .5 .1 .1"], "valid")
    file = coco(tmp_path / "coco", [[(9, [0, 0, 9, 9])]], "trainval")
    images = ("--images", tmp_path / "coco/images")
    result = merge("VOC2012", toy, file, *images, "--to", "voc", "--out", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("trainval: 3 pictures, 3 boxes\nvalid: 1 picture, 1 box\n")


def test_names_are_renamed_and_notes_printed(roots, tmp_path):
    (tmp_path / "VOC2012/classes.names").write_text("Cat\ndog\n")
    for path in (tmp_path / "VOC2012/Annotations").iterdir():
        path.write_text(path.read_text().replace("cat", "Cat"))
    arguments = (*roots, "--split", "trainval", "--out")
    noted = merge(*arguments, "one")
    assert noted.exit_code == 0
    assert noted.stderr.startswith("note: 'Cat': differs from 'cat' in case or blanks alone")
    assert noted.stderr.endswith('if they are the same, --rename "Cat=cat"\n')
    assert (tmp_path / "one/dataset.names").read_text() == "cat\ndog\nCat\n"
    renamed = merge(*arguments, "two", "--rename", "Cat=cat")
    assert (renamed.exit_code, renamed.stderr) == (0, "")
    assert (tmp_path / "two/dataset.names").read_text() == "cat\ndog\n"


def test_names_in_a_file_fix_the_classes(roots, tmp_path):
    (tmp_path / "dog.names").write_text("dog\n")
    result = merge(*roots, "--split", "trainval", "--names", "dog.names", "--out", "out")
    assert result.exit_code == 0
    assert result.stdout.startswith("trainval: 4 pictures, 2 boxes\n")
    assert result.stderr.count("1 boxes of 'cat' are left out") == 2


def test_equal_pictures_are_dropped_on_request(roots, tmp_path):
    (tmp_path / "VOC2012/JPEGImages/trainval0.png").write_bytes(
        (tmp_path / "VOC2007/JPEGImages/test0.png").read_bytes()
    )
    kept = merge(*roots, "--out", "one")
    assert kept.exit_code == 1
    assert "dtorch: in two splits: " in kept.stderr
    dropped = merge(*roots, "--drop-duplicates", "--out", "two")
    assert dropped.exit_code == 0
    assert dropped.stdout.startswith("test: 2 pictures, 2 boxes\ntrainval: 3 pictures, 3 boxes\n")
    assert "which is kept, with the boxes of both" in dropped.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["VOC2007"], "one data set cannot be merged: expected two or more, got VOC2007; dtorch"),
        (["VOC2007", "gone"], "gone: no such data set"),
        (["VOC2007", "gone:train"], "gone:train: no such data set"),
        (["VOC2007:tain", "VOC2012"], "tain"),
        (["VOC2007:", "VOC2012"], "expected SPLIT or SPLIT=NAME, with commas between them"),
        (["VOC2007:test=a,trainval=a", "VOC2012"], "each name once, got test=a,trainval=a"),
        (
            ["VOC2007", "VOC2012", "--rename", "cat"],
            "expected OLD=NEW, such as Dog=dog, once, got",
        ),
        (["VOC2007", "VOC2012", "--rename", "bird=cat"], "expected one of cat, dog, got 'bird'"),
        (["VOC2007", "VOC2012", *["--images", "x"] * 3], "expected one --images, or 2: one for"),
        (["VOC2007", "VOC2012", "--pictures", "keep", "--to", "voc"], "contains its pictures"),
    ],
)
def test_what_cannot_be_merged_is_an_error_and_nothing_is_written(
    roots, tmp_path, arguments, message
):
    result = merge(*arguments, "--out", "out")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_folder_in_use_is_an_error(roots):
    result = merge(*roots, "--out", "VOC2012")
    assert result.exit_code == 2
    assert "the output folder is not empty" in result.stderr
