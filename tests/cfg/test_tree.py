import pytest

from darknet_torch.cfg.tree import read_tree
from darknet_torch.cfg.zoo import shipped
from darknet_torch.errors import CfgError

ANIMALS = """\
animal -1
thing -1
dog 0
cat 0
car 1
poodle 2
beagle 2
"""


@pytest.fixture
def read(tmp_path):
    def read_text(content):
        path = tmp_path / "toy.tree"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_tree(path)

    return read_text


def refused(read, content):
    with pytest.raises(CfgError) as caught:
        read(content)
    return str(caught.value)


def test_a_line_is_a_name_and_its_parent(read):
    tree = read(ANIMALS)
    assert tree.names == ("animal", "thing", "dog", "cat", "car", "poodle", "beagle")
    assert tree.parents == (-1, -1, 0, 0, 1, 2, 2)


def test_consecutive_siblings_are_a_group(read):
    tree = read(ANIMALS)
    assert tree.groups == ((0, 2), (2, 2), (4, 1), (5, 2))
    assert tree.group_of == [0, 0, 1, 1, 2, 3, 3]
    assert tree.child_group == [1, 2, 3, -1, -1, -1, -1]


def test_separated_siblings_are_two_groups_and_the_parent_has_the_last(read):
    tree = read("a -1\nb -1\nc 0\nd 1\ne 0\n")
    assert tree.groups == ((0, 2), (2, 1), (3, 1), (4, 1))
    assert tree.child_group == [3, 2, -1, -1, -1]


def test_levels_go_by_depth(read):
    assert read(ANIMALS).levels == [[0, 1], [2, 3, 4], [5, 6]]
    assert read("a -1\nb 0\nc 1\nd 0\ne -1\n").levels == [[0, 4], [1, 3], [2]]


def test_a_name_alone_is_a_root(read):
    assert read("a\nb\nc 1\n").parents == (-1, -1, 1)


def test_a_group_line_stands_for_children_without_names(read):
    tree = read("group -1 2\ngroup 0 3\ngroup 4 2\n")
    assert tree.parents == (-1, -1, 0, 0, 0, 4, 4)
    assert tree.groups == ((0, 2), (2, 3), (5, 2))
    assert tree.names == tuple(f"class {index}" for index in range(7))


def test_an_only_child_of_a_group_line_has_no_name_either(read):
    assert read("group -1 2\ngroup 0 1\n").names == ("class 0", "class 1", "class 2")


def test_both_kinds_of_lines_may_be_mixed(read):
    tree = read("animal -1\ngroup 0 2\npoodle 1\n")
    assert tree.names == ("animal", "class 1", "class 2", "poodle")
    assert tree.parents == (-1, 0, 0, 1)


def test_a_class_may_be_called_group(read):
    tree = read("group -1\ngroup 0\n")
    assert (tree.names, tree.parents) == (("group", "group"), (-1, 0))


def test_comments_empty_lines_and_white_space_do_not_count(read):
    plain = read("a -1\nb 0\nc 0\n")
    spread = read("# a tree\n\n  a\t -1 \r\n \nb 0\r\n  # of three\nc    0")
    assert spread == plain


def test_a_name_may_hold_any_byte_but_white_space(read):
    names = ("à-la-carte", "Ångström", "naïve", "…")  # in UTF-8 with bytes A0 and 85
    tree = read("".join(f"{name} {index - 1}\n" for index, name in enumerate(names)))
    assert tree.parents == (-1, 0, 1, 2)
    assert len(set(tree.names)) == 4


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("a 0\n", (":1: a class without a parent before it", "in -1..-1", "got 'a 0'")),
        ("a -1\n\nb 1\n", (":3: a class without a parent", "in -1..0", "got 'b 1'")),
        ("a -1\nb 2\nc 0\n", (":2: a class without a parent", "in -1..0", "got 'b 2'")),
        ("a -2\n", (":1: a class without a parent", "got 'a -2'")),
        ("group -1 2\ngroup 2 2\n", (":2: a class without a parent", "in -1..1")),
        ("a -1\nb animal\n", (":2: a class without a parent", "a name and an id")),
        ("a -1\ngroup 0 many\n", (":2: a class without a parent", "got 'group 0 many'")),
    ],
)
def test_a_class_without_a_parent_before_it_is_refused_with_its_line(read, content, parts):
    message = refused(read, content)
    assert "toy.tree:" in message
    assert [part for part in parts if part not in message] == []


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    with pytest.raises(CfgError, match=r"gone\.tree: cannot be read \(No such file"):
        read_tree(tmp_path / "gone.tree")
    with pytest.raises(CfgError, match=r"cannot be read \(Is a directory\)"):
        read_tree(tmp_path)


def test_the_shipped_tree_is_that_of_yolo9000():
    tree = read_tree(shipped(".tree")["9k"])
    assert len(tree.names) == len(tree.parents) == len(tree.group_of) == 9418
    assert tree.groups[:4] == ((0, 4), (4, 2), (6, 3), (9, 3))
    assert len(tree.groups) == len(set(tree.parents)) == 1846
    assert tree.child_group.count(-1) == 7573
    assert len(tree.levels) == 17


def test_a_tree_without_classes_is_refused(read):
    for content in (b"", b"# nothing\n"):
        with pytest.raises(CfgError, match="the tree has no classes"):
            read(content)


@pytest.mark.parametrize("count", ["0", "-1", "2000000000", "9" * 30])
def test_a_group_of_an_impossible_size_is_refused_with_its_line(read, count):
    with pytest.raises(CfgError, match="a group of an impossible size") as raised:
        read(f"animal -1\ngroup 0 {count}\n".encode())
    assert str(raised.value.where).endswith(":2")
    assert raised.value.got == int(count)
