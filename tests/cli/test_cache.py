"""`dtorch cache`."""

import json
import os
import re
from datetime import datetime
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from darknet_torch.cli.main import main
from darknet_torch.engines.cache import EngineCache
from tests.cli.command import dtorch

HELD = {  # key -> label, engine, bytes, last use in seconds since 1970
    "aa11" + "0" * 60: ("yolov3-tiny 416x416 float32", "openvino 2026.4.1", 35_400, 3e8),
    "aa22" + "0" * 60: ("yolov3-tiny 608x608 float32", "onnxruntime 1.27.0", 200, 2e8),
    "bb33" + "0" * 60: ("yolov4 416x416 int8", "openvino 2026.4.1", 1_000_000, 1e8),
}
FIRST, SECOND, THIRD = HELD


@pytest.fixture
def engines(cache):
    """A cache with three prepared models and, next to their folder, downloaded weights."""
    engines = EngineCache()
    for key, (label, engine, size, used) in HELD.items():
        description = {"label": label, "engine": engine}
        entry = engines.store(
            key, description, lambda folder, size=size: (folder / "model").write_bytes(bytes(size))
        )
        os.utime(entry.folder / "entry.json", (used, used))
    (cache / "yolov4.weights").write_bytes(b"weights")
    return engines


def keys(engines):
    return {entry.key for entry in engines.entries()}


def test_the_table_has_the_last_used_first(engines):
    result = dtorch("cache")
    assert (result.exit_code, result.stderr) == (0, "")
    heading, *rows, total = result.stdout.splitlines()
    assert re.split("  +", heading) == ["key", "model", "engine", "size", "last used"]
    sizes = ["35.4 kB", "200 bytes", "1.0 MB"]
    assert [re.split("  +", row) for row in rows] == [
        [key[:12], label, engine, size, f"{datetime.fromtimestamp(used):%Y-%m-%d %H:%M}"]
        for (key, (label, engine, _, used)), size in zip(HELD.items(), sizes, strict=True)
    ]
    assert total == f"3 prepared models, 1.0 MB of at most 2.1 GB, in {engines.folder}"
    assert dtorch("cache", "list").stdout == result.stdout


def test_json_has_exact_numbers(engines, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "4G")
    content = json.loads(dtorch("cache", "list", "--format", "json").stdout)
    assert content["folder"] == str(engines.folder)
    assert (content["limit"], content["bytes"]) == (4 << 30, 1_035_600)
    assert content["entries"][1] == {
        "key": SECOND,
        "label": "yolov3-tiny 608x608 float32",
        "engine": "onnxruntime 1.27.0",
        "bytes": 200,
        "last_used": "1976-05-03T19:33:20+00:00",
    }
    assert json.loads(dtorch("cache", "--format", "json").stdout) == content


@pytest.mark.parametrize("words", [[], ["list"]])
def test_an_empty_cache_says_so(words, cache):
    result = dtorch("cache", *words)
    assert result.exit_code == 0
    assert result.stdout == (
        f"no prepared models, 0 bytes of at most 2.1 GB, in {cache / 'engines'}\n"
    )
    assert json.loads(dtorch("cache", *words, "--format", "json").stdout)["entries"] == []
    assert not cache.exists()


def test_an_entry_without_a_label_is_listed(cache):
    EngineCache().store("plain", {}, lambda folder: None)
    assert dtorch("cache").stdout.splitlines()[1].split()[:5] == ["plain", "-", "-", "0", "bytes"]


def test_a_damaged_entry_is_not_listed(engines):
    (engines.folder / FIRST / "entry.json").write_text("{")
    assert dtorch("cache").stdout.splitlines()[-1].startswith("2 prepared models, 1.0 MB ")


def test_path_prints_the_folder(cache):
    assert dtorch("cache", "path").stdout == f"{cache / 'engines'}\n"


def test_a_wrong_limit_is_reported(monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "lots")
    result = dtorch("cache")
    assert result.exit_code == 2
    assert result.stderr.startswith("dtorch: DTORCH_CACHE_LIMIT: not a size: expected bytes")


def test_clear_removes_all_prepared_models_and_nothing_else(engines, cache):
    (engines.folder / "notes.txt").touch()
    result = dtorch("cache", "clear")
    assert (result.exit_code, result.stdout) == (0, "removed 3 prepared models, 1.0 MB\n")
    assert sorted(path.name for path in cache.rglob("*")) == [
        "engines",
        "notes.txt",
        "yolov4.weights",
    ]
    again = dtorch("cache", "clear")
    assert (again.exit_code, again.stdout) == (0, f"nothing to remove in {engines.folder}\n")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ([FIRST], {SECOND, THIRD}),
        (["aa22"], {FIRST, THIRD}),
        (["yolov3-tiny"], {THIRD}),
        (["yolov3-tiny 608x608"], {FIRST, THIRD}),
        ([HELD[THIRD][0]], {FIRST, SECOND}),
        (["yolov4", "bb33", FIRST], {SECOND}),
    ],
)
def test_clear_removes_what_is_named(words, left, engines):
    result = dtorch("cache", "clear", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert keys(engines) == left
    assert result.stdout.startswith(f"removed {3 - len(left)} prepared model")


@pytest.mark.parametrize(
    ("words", "what", "rest"),
    [
        (["yolov4", "yolov3-tinny"], "not prepared", "did you mean 'yolov3-tiny'?"),
        (["yolov3"], "not prepared", "a model of `dtorch cache list`"),
        ([""], "not prepared", "got ''"),
        (["../../etc"], "not prepared", "got '../../etc'"),
        (["aa"], "several keys start so", f"one of {FIRST}, {SECOND}"),
    ],
)
def test_a_name_that_is_not_there_removes_nothing(words, what, rest, engines):
    result = dtorch("cache", "clear", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"dtorch: {engines.folder}: {what}: expected ")
    assert rest in result.stderr
    assert keys(engines) == set(HELD)


def test_what_may_not_be_removed_is_named_and_the_rest_goes(engines, monkeypatch):
    rename = Path.rename

    def refuse_second(path, target):
        if path.name == SECOND:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_second)
    result = dtorch("cache", "clear")
    assert (result.exit_code, result.stdout) == (1, "removed 2 prepared models, 1.0 MB\n")
    assert result.stderr.startswith(
        f"dtorch: {engines.folder / SECOND}: cannot be removed (Permission denied); "
    )
    assert keys(engines) == {SECOND}


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["list", "--help"], ["clear", "-h"]])
def test_help_is_printed_and_says_what_stays(words):
    result = dtorch("cache", *words)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: main cache")
    assert "list" in words or "ownloaded" in result.stdout


def test_a_wrong_word_is_wrong_usage():
    result = dtorch("cache", "lst")
    assert result.exit_code == 2
    assert "Did you mean 'list'?" in result.stderr
    assert dtorch("cache", "--frmat", "json").exit_code == 2


@pytest.mark.parametrize(
    ("words", "last", "offered"),
    [
        (["cache"], "c", ["clear"]),
        (["cache", "clear"], "y", ["yolov3-tiny", "yolov4"]),
        (["cache", "clear"], "aa2", [SECOND]),
    ],
)
def test_the_shell_completes_models_and_keys(words, last, offered, engines):
    completion = ShellComplete(main, {}, "dtorch", "_DTORCH_COMPLETE")
    assert [item.value for item in completion.get_completions(words, last)] == offered
