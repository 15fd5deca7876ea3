"""Lines of label files, drawn: what is written is read, and any line is read or refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.datasets.darknet import parse_box_line, read_labels

EXAMPLES = settings(max_examples=50, deadline=None)
LARGEST = float(np.finfo(np.float32).max)
NUMBERS = st.floats(-LARGEST, LARGEST, allow_nan=False)
ROWS = st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.tuples(*[NUMBERS] * 4)), max_size=4)
WORDS = st.sampled_from("0 -1 .5 1e400 nan inf 1_0 2147483648 0x1 dog \xff \0".split(" "))


@EXAMPLES
@given(ROWS, st.sampled_from(["\n", "\r\n", "\n\n"]), st.sampled_from([" ", "\t", "  "]))
def test_boxes_are_read_as_they_were_written(tmp_path_factory, rows, end, blank):
    lines = [blank.join(map(repr, (class_id, *box))) for class_id, box in rows]
    file = tmp_path_factory.getbasetemp() / "drawn.txt"
    file.write_bytes(end.join(lines).encode())
    labels, problems = read_labels(file)
    assert not problems
    assert labels.class_ids.tolist() == [class_id for class_id, _ in rows]
    expected = np.array([box for _, box in rows]).reshape(-1, 4)
    assert (labels.boxes == expected.astype(labels.boxes.dtype)).all()


@EXAMPLES
@given(st.lists(WORDS, max_size=7))
def test_any_line_is_finite_numbers_or_refused(words):
    line = " ".join(words).encode("latin-1")
    try:
        class_id, box = parse_box_line(line)
    except ValueError as error:
        assert "expected" in str(error)
    else:
        assert -(2**31) <= class_id < 2**31
        assert len(box) == 4
        assert np.isfinite(np.float32(box)).all()
