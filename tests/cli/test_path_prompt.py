"""Darknet's prompt: a command without a picture asks for one, again and again."""

import re

import cv2
import numpy as np
import pytest

from darknet_torch import load, write_weights
from darknet_torch.cli.path_prompt import PROMPT
from tests.cli.colour_classifier import TWO_COLOURS
from tests.cli.command import LONG, dtorch, started_dtorch
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

MODEL = (CFG, WEIGHTS)
DONE, SOME_FAILED = 0, 1


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes.data").write_text(f"classes=3\nnames={NAMES}\n")
    return tmp_path


def without_times(text):
    return re.sub(r"in \d+\.\d+ milli", "in T milli", text)


COMMANDS = pytest.mark.parametrize(
    "command",
    [("detector", "test", "shapes.data", *MODEL), ("detect", *MODEL, "--names", NAMES)],
    ids=["detector test", "detect"],
)


@COMMANDS
def test_every_line_is_processed_as_one_picture(command):
    answer = without_times(dtorch(*command, PICTURE).stdout)
    assert answer.startswith(f"{PICTURE}: Predicted in T milli-seconds.\ntriangle: ")
    result = dtorch(*command, stdin=f"{PICTURE}\n{PICTURE}\r\n")
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert without_times(result.stdout) == f"{PROMPT}{answer}" * 2 + PROMPT


@COMMANDS
def test_a_missing_picture_does_not_end_the_prompt(command):
    result = dtorch(*command, stdin=f"gone.png\n\n{PICTURE}")
    assert result.exit_code == SOME_FAILED
    assert result.stderr.splitlines() == [
        "dtorch: gone.png: no such picture",
        "dtorch: 1 of 2 pictures failed",
    ]
    assert result.stdout.count(PROMPT) == 4
    assert "circle: " in result.stdout


@COMMANDS
def test_without_input_only_the_prompt_is_printed(command):
    result = dtorch(*command, stdin="")
    assert (result.exit_code, result.stdout, result.stderr) == (DONE, PROMPT, "")


def test_classifier_predict_prompts_too(folder):
    (folder / "colors.cfg").write_text(TWO_COLOURS)
    write_weights(load("colors.cfg"), "colors.weights")
    (folder / "colors.data").write_text("classes=2\nnames=colors.names\n")
    (folder / "colors.names").write_text("red\nblue\n")
    cv2.imwrite("one.png", np.full((4, 4, 3), 99, np.uint8))
    command = ("classifier", "predict", "colors.data", "colors.cfg", "colors.weights")
    one = r"one\.png: Predicted in T milli-seconds\.\n(red|blue): 0\.\d{6}\n"
    result = dtorch(*command, stdin="one.png\none.png\n")
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert re.fullmatch(f"({PROMPT}{one}){{2}}{PROMPT}", without_times(result.stdout))
    both = without_times(dtorch(*command, "one.png", "-t", 2).stdout)
    assert re.fullmatch(one + r"(red|blue): 0\.\d{6}\n", both)
    (folder / "colors.data").write_text("classes=2\nlabels=colors.names\ntop=2\n")
    assert without_times(dtorch(*command, "one.png").stdout) == both


def test_a_program_can_wait_for_each_prompt():
    """Many drive Darknet so: they wait for the prompt, write a path and read up to the next."""
    command = ("detector", "test", "shapes.data", *MODEL, "-dont_show")
    with started_dtorch(*command) as process:

        def up_to_prompt():
            text = ""
            while not text.endswith(PROMPT):
                more = process.stdout.read(1)
                assert more, text
                text += more
            return text

        assert up_to_prompt() == PROMPT
        for _ in range(2):
            process.stdin.write(f"{PICTURE}\n")
            process.stdin.flush()
            answer = up_to_prompt()
            assert answer.startswith(f"{PICTURE}: Predicted in ")
            assert answer.count("(left_x: ") == 4
        process.stdin.close()
        assert process.wait(LONG) == DONE
        assert process.stdout.read() == ""
