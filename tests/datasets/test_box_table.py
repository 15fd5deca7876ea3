"""CSV files of boxes."""

import pytest

from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import UsageError
from tests.datasets.forms.tiny_forms import picture, text

BOX = [0.2, 0.5, 0.2, 0.5]


def read(tmp_path, content, **options):
    picture(tmp_path / "a.png")
    return open_dataset(text(tmp_path / "boxes.csv", content), **options)


@pytest.mark.parametrize(
    "content",
    [
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,cat,4,5,12,15\n",
        "a.png,40,20,cat,4,5,12,15\n",
        "a.png,4,5,12,15,cat\n",
        "\ufeffImage_Path;X1;Y1;X2;Y2;Label\n\na.png;4.0;5;12;15;cat\n",
        "label\ty_min\tx_min\ty_max\tx_max\timage\ncat\t5\t4\t15\t12\ta.PNG\n",
        '"file","class name","left","top","right","bottom","extra"\n"a.png","cat",4,5,12,15,x\n',
        r"C:\photos\a.png,4,5,12,15,cat",
        "cat,4,5,8,10,a.png,40,20\n",
        "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n"
        "cat,4,5,8,10,a.png,40,20\n",
    ],
)
def test_columns_are_found_by_name_or_place(tmp_path, content):
    data = read(tmp_path, content)
    (example,) = data.examples
    assert (data.names, example.path.name) == (("cat",), "a.png")
    assert example.labels.boxes.tolist() == [pytest.approx(BOX)]


def test_rows_without_a_box_are_pictures_without_objects(tmp_path):
    data = read(tmp_path, "a.png,,,,,\nb.png,1,1,2,2,cat\n")
    assert [len(item.labels or ()) for item in data.examples] == [0, 0]
    assert [problem.kind for problem in data.problems] == ["no size"]  # of b.png


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.png,x,1,2,2,cat", "expected a class and four numbers, got a.png,x"),
        ("a.png,1,1,2,2,", "expected a class and four numbers"),
        ("a.png,1,1", "boxes.csv:2: the line is left out: expected columns filename"),
        (",1,1,2,2,cat", "expected the path of a picture"),
        ("a.png,1,1,1e300,2,cat", "expected a class and four numbers"),
    ],
)
def test_a_bad_line_is_named_and_left_out(tmp_path, row, words):
    data = read(tmp_path, f"a.png,4,5,12,15,cat\n{row}\n")
    (problem,) = data.problems
    assert (problem.kind, words in str(problem)) == ("bad line", True)
    assert len(data.examples[0].labels) == 1


@pytest.mark.parametrize("content", ["", "a,b,c\n1,2,3\n", "\0\0\0", "x" * 200_000 + ",1\n"])
def test_another_table_is_an_error(tmp_path, content):
    with pytest.raises(UsageError, match=r"boxes\.csv: (not a table|empty|cannot be)"):
        read(tmp_path, content)


def test_the_order_of_classes_can_be_given(tmp_path):
    rows = "a.png,4,5,12,15,dog\na.png,0,0,40,20,cat\n"
    assert read(tmp_path, rows).names == ("cat", "dog")
    text(tmp_path / "classes.txt", "dog\ncat\n")
    assert read(tmp_path, rows).names == ("dog", "cat")
    data = read(tmp_path, rows, names=["dog"])
    assert len(data.examples[0].labels) == 1
    assert "boxes.csv:2: the box has the unknown class 'cat'" in str(data.problems[0])
