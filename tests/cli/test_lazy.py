"""Groups whose commands are imported when they are used."""

from click.testing import CliRunner

from darknet_torch.cli.main import main


def invoke(*arguments):
    return CliRunner().invoke(main, list(arguments))


def test_an_unknown_command_gets_a_suggestion():
    for words, close in ((["detec"], "detect"), (["detector", "tset"], "test")):
        result = invoke(*words)
        assert result.exit_code == 2
        assert f"No such command {words[-1]!r}. Did you mean {close!r}?" in result.stderr
    assert "Did you mean" not in invoke("x").stderr


def test_a_file_in_the_place_of_a_command_is_meant_for_detect():
    result = invoke("x_best.weights", "my photo.jpg")
    assert result.exit_code == 2
    assert "Did you mean \"main detect x_best.weights 'my photo.jpg'\"?" in result.stderr


def test_an_unknown_command_is_wrong_usage():
    result = invoke("detekt")
    assert result.exit_code == 2
    assert "detekt" in result.stderr
