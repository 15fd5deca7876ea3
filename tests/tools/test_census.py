"""The census tool on small cfgs whose sizes were computed by hand."""

import json

import pytest
from click.testing import CliRunner

from darknet_torch.errors import UnsupportedError
from tools import census

PASSED, FAILED, USAGE, UNSUPPORTED = 0, 1, 2, 3

NET = "[net]\nwidth=8\nheight=6\nchannels=1\nbatch=64\nsubdivisions=8\n"
SMALL = f"{NET}[convolutional]\nfilters=2\nsize=3\npad=1\n[maxpool]\nsize=2\nstride=2\n"
BYTES, OUTPUTS = 20 + 4 * (2 + 2 * 9), [2 * 6 * 8, 2 * 3 * 4]
# A shortcut over a layer twice as large: pjreddie's alone.
STEPS = SMALL + "[shortcut]\nfrom=0\n"
BROKEN = NET + "[shortcut]\nfrom=7\n"
LOADS = {"loads": True, "file_bytes": BYTES, "outputs": OUTPUTS}
REFUSES = {"loads": False}


def call(folder, *arguments):
    result = CliRunner().invoke(census.main, [str(folder), *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def cfgs(tmp_path):
    """A function that writes cfgs below a folder, given by path, and returns the folder."""

    def write(**texts):
        for path, text in texts.items():
            file = tmp_path / "cfgs" / f"{path.replace('__', '/')}.cfg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path / "cfgs"

    return write


@pytest.fixture
def expect(tmp_path):
    """A function that writes a file of records and returns it as options."""

    def write(**records):
        path = tmp_path / "expected.json"
        path.write_text(json.dumps([{"name": name, **r} for name, r in records.items()]))
        return "--expect", path

    return write


class TestWithoutExpectations:
    def test_each_cfg_has_a_line_with_its_sizes(self, cfgs):
        result = call(cfgs(small=SMALL, below__deeper=SMALL))
        assert result.exit_code == PASSED
        assert result.stdout.splitlines() == [
            "ok below/deeper: 100 bytes, 2 layers (alexeyab)",
            "ok small: 100 bytes, 2 layers (alexeyab)",
            "2 passed, 0 failed, 0 not supported yet",
        ]

    def test_a_cfg_that_alexeyabs_code_refuses_is_built_as_pjreddies(self, cfgs):
        result = call(cfgs(steps=STEPS))
        assert result.exit_code == PASSED
        assert "ok steps: 100 bytes, 3 layers (pjreddie)" in result.stdout

    @pytest.mark.parametrize(
        "text", [BROKEN, "", "no cfg at all"], ids=["broken", "empty", "text"]
    )
    def test_a_cfg_that_does_not_load_is_a_failure_with_its_name(self, cfgs, text):
        result = call(cfgs(bad=text, small=SMALL))
        assert result.exit_code == FAILED
        assert "FAIL bad: " in result.stdout
        assert "bad.cfg" in result.stdout
        assert "1 passed, 1 failed" in result.stdout

    def test_unsupported_cfgs_have_their_own_exit_status(self, cfgs, monkeypatch):
        def refuse(sections, **options):
            raise UnsupportedError("[dream] is not supported yet")

        folder = cfgs(small=SMALL)
        monkeypatch.setattr(census, "build_network", refuse)
        result = call(folder)
        assert result.exit_code == UNSUPPORTED
        assert "not supported yet small: [dream] is not supported yet" in result.stdout

    def test_a_folder_without_cfgs_is_a_usage_error(self, tmp_path):
        result = call(tmp_path)
        assert result.exit_code == USAGE
        assert "no cfgs here" in result.stderr


class TestExpectations:
    def test_equal_sizes_pass(self, cfgs, expect):
        result = call(cfgs(small=SMALL), *expect(small={"alexeyab": LOADS, "pjreddie": LOADS}))
        assert result.exit_code == PASSED
        assert "ok small: 100 bytes" in result.stdout

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"file_bytes": BYTES + 4}, "recorded 104 bytes"),
            ({"outputs": [96, 25]}, "layer 1 [maxpool] has 24 outputs, recorded 25"),
            ({"outputs": [96]}, "1 layers recorded"),
            ({"outputs": [*OUTPUTS, 1]}, "3 layers recorded"),
        ],
        ids=["bytes", "outputs", "fewer layers", "more layers"],
    )
    def test_different_sizes_fail_and_the_layer_is_printed(self, cfgs, expect, change, message):
        result = call(cfgs(small=SMALL), *expect(small={"alexeyab": LOADS | change}))
        assert result.exit_code == FAILED
        assert f"FAIL small: 100 bytes, 2 layers (alexeyab): {message}" in result.stdout

    def test_alexeyabs_record_is_used_if_its_code_loads_the_cfg(self, cfgs, expect):
        wrong = {**LOADS, "file_bytes": 1}
        options = expect(small={"alexeyab": LOADS, "pjreddie": wrong})
        assert call(cfgs(small=SMALL), *options).exit_code == PASSED

    @pytest.mark.parametrize(("file_bytes", "status"), [(BYTES, PASSED), (BYTES + 4, FAILED)])
    def test_pjreddies_record_is_used_if_only_its_code_loads_the_cfg(
        self, cfgs, expect, file_bytes, status
    ):
        theirs = {"loads": True, "file_bytes": file_bytes, "outputs": [*OUTPUTS, 24]}
        result = call(cfgs(steps=STEPS), *expect(steps={"alexeyab": REFUSES, "pjreddie": theirs}))
        assert result.exit_code == status
        assert "(pjreddie)" in result.stdout

    def test_a_cfg_must_load_in_the_dialect_of_the_code_base_that_loads_it(self, cfgs, expect):
        result = call(cfgs(steps=STEPS), *expect(steps={"alexeyab": LOADS, "pjreddie": REFUSES}))
        assert result.exit_code == FAILED

    @pytest.mark.parametrize(("text", "status"), [(STEPS, PASSED), (BROKEN, FAILED)])
    def test_a_cfg_that_neither_code_base_loads_must_load_here(self, cfgs, expect, text, status):
        options = expect(some={"alexeyab": REFUSES, "pjreddie": REFUSES})
        assert call(cfgs(some=text), *options).exit_code == status

    def test_records_of_missing_cfgs_are_listed(self, cfgs, expect):
        result = call(cfgs(small=SMALL), *expect(gone={"alexeyab": LOADS}))
        assert "recorded, but not here: gone" in result.stdout


class TestRoundTrip:
    def test_a_weight_file_that_does_not_change_passes(self, cfgs):
        result = call(cfgs(small=SMALL, steps=STEPS), "--round-trip")
        assert result.exit_code == PASSED
        assert "2 passed" in result.stdout

    def test_a_weight_file_that_changes_fails(self, cfgs, monkeypatch):
        folder = cfgs(small=SMALL)
        monkeypatch.setattr(census, "read_weights", lambda network, path: network.initialize())
        result = call(folder, "--round-trip")
        assert result.exit_code == FAILED
        assert "its weight file does not survive a round trip" in result.stdout
        assert call(folder).exit_code == PASSED


class TestTable:
    def test_the_table_shows_the_result_of_each_code_base(self, cfgs, expect, tmp_path):
        folder = cfgs(a=SMALL, b=SMALL, c=SMALL, d=STEPS)
        records = expect(
            a={"alexeyab": LOADS, "pjreddie": LOADS},
            b={"alexeyab": LOADS | {"file_bytes": 1}, "pjreddie": LOADS | {"outputs": [1, 2]}},
            d={"alexeyab": REFUSES, "pjreddie": LOADS | {"outputs": [*OUTPUTS, 24]}},
        )
        call(folder, *records, "--table", tmp_path / "table.md")
        lines = (tmp_path / "table.md").read_text().splitlines()
        assert lines[-4:] == [
            "| a | 2 | 100 | agrees | agrees |",
            "| b | 2 | 100 | differs | agrees on the bytes |",
            "| c | 2 | 100 | not recorded | not recorded |",
            "| d | 3 | 100 | does not load it | agrees |",
        ]
        columns = {line.count("|") for line in lines if line.startswith("|")}
        assert columns == {6}

    def test_the_table_is_written_even_if_some_cfgs_fail(self, cfgs, tmp_path):
        assert call(cfgs(bad=BROKEN), "--table", tmp_path / "table.md").exit_code == FAILED
        assert "| bad | 0 | 0 |" in (tmp_path / "table.md").read_text()
