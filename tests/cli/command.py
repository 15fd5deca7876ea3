"""Running `dtorch` inside a test."""

from click.testing import CliRunner, Result

from darknet_torch.cli.main import main


def dtorch(*arguments: object, stdin: bytes | str | None = None) -> Result:
    """`dtorch` with these words; whatever it should have told its user and did not, fails."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.stderr
    return result
