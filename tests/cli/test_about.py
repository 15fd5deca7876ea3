"""`dtorch version` and `dtorch help`."""

from tests.cli.command import dtorch


def test_version_is_the_option_as_a_command():
    assert dtorch("version").stdout == dtorch("--version").stdout != ""


def test_help_is_the_option_as_a_command():
    assert dtorch("help").stdout == dtorch("--help").stdout != ""
    for words in (["detector", "map"], ["train"], ["detector"]):
        assert dtorch("help", *words).stdout == dtorch(*words, "--help").stdout


def test_help_about_a_command_that_is_not_there():
    result = dtorch("help", "trian")
    assert result.exit_code == 2
    assert "Did you mean 'train'?" in result.stderr
