"""The data set that a command's options name."""

import pytest

from darknet_torch.cli.data_options import DataSetOptions
from darknet_torch.cli.dataset_loading import find_data, open_data
from darknet_torch.errors import CfgWarning, UsageError


def test_data_is_the_given_one_or_that_next_to_the_cfg(tmp_path):
    cfg = tmp_path / "a.cfg"
    cfg.touch()
    assert find_data("b.data", str(cfg)) == "b.data"
    with pytest.raises(UsageError, match=r"no data set: expected --data.* and no .*a\.data"):
        find_data(None, str(cfg))
    (tmp_path / "a.data").touch()
    assert find_data(None, str(cfg)) == str(tmp_path / "a.data")
    with pytest.raises(UsageError, match=r"no data set.*got no --data$"):
        find_data(None, None)


def test_the_first_problems_of_a_data_set_are_warnings_and_the_others_counted(tmp_path):
    (tmp_path / "a.txt").write_text("x\n" * 13)
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'a.jpg'}\n")
    data = tmp_path / "a.data"
    data.write_text(f"classes=1\nvalid={tmp_path / 'list.txt'}\n")
    options = DataSetOptions(data=str(data))
    with pytest.warns(CfgWarning) as caught:
        found = open_data(options, default_split="valid")
    assert len(found.examples) == 1
    assert len(found.problems) == 13
    assert len(caught) == 11
    assert str(caught[-1].message) == (
        f"{found.origin}: 3 more problems like these; dtorch dataset check lists them"
    )
