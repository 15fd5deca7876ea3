"""Options in any spelling, separated from the other words of a command line."""

import click
import pytest

from darknet_torch.cli.words import SYNONYMS, are_options, letters, spell_options, split_words
from tests.cli.command import dtorch


@click.command()
@click.option("-dont_show", is_flag=True)
@click.option("--show/--no-show")
@click.option("-iou_thresh", "--iou", type=float)
@click.option("-out", "json_out")
@click.option("--out")
@click.option("--nms-threshold", type=float)
@click.option("-k", type=int)
@click.argument("words", nargs=-1)
def example(**values):
    """A command."""


def spelled(words):
    """The words as the example command reads them."""
    context = click.Context(example, info_name="example")
    return " ".join(spell_options(example, context, words.split()))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--dont-show a", "-dont_show a"),
        ("a -DontShow b", "a -dont_show b"),
        ("--NO_SHOW", "--no-show"),
        ("-iou-thresh=.5", "-iou_thresh=.5"),
        ("--IouThresh .5", "-iou_thresh .5"),
        ("-nms .4 --nms_thresh .5", "--nms-threshold .4 --nms-threshold .5"),
        ("-Out a --OUT b", "-out a --out b"),
        ("-out --dontshow", "-out --dontshow"),  # a value is left alone
        ("a -1 -", "a -1 -"),
        ("a -- --dont-show", "a -- --dont-show"),
        ("-k9", "-k9"),
        ("-k=9 -K=-1", "-k 9 -k -1"),  # click would read the value "=9"
        ("--unknown x", "--unknown x"),  # click reports it
        ("-out", "-out"),
    ],
)
def test_options_are_spelled_as_they_are_declared(words, expected):
    assert spelled(words) == expected


def test_an_unknown_option_with_one_dash_is_refused_with_the_nearest():
    with pytest.raises(click.NoSuchOption) as raised:
        spelled("-iou_tresh .5")
    assert raised.value.option_name == "-iou_tresh"
    assert "-iou_thresh" in raised.value.possibilities


def test_an_option_is_not_the_value_of_another():
    with pytest.raises(click.BadOptionUsage, match=r"'-out' requires an argument, got .*'-k'"):
        spelled("-out -k 3")


def test_options_with_their_values_are_told_from_other_words():
    found = split_words(example.params, "a -iou_thresh .5 b -dont_show -- -c".split())
    assert found.options == ["-iou_thresh", ".5", "-dont_show"]
    assert (found.others, found.rest) == (["a", "b"], ["--", "-c"])


def test_words_that_are_only_options():
    context = click.Context(example, info_name="example")
    assert are_options(example, context, "-iou_thresh .5 --help".split())
    assert not are_options(example, context, "-iou_thresh .5 a".split())
    assert not are_options(example, context, ["-unknown"])


def test_synonyms_are_letters_alone():
    assert all(letters(word) == word for pair in SYNONYMS.items() for word in pair)


@pytest.mark.parametrize(
    "words",
    [
        "-dont_show detector map --help",
        "--quiet -thresh .3 detector map --help",
        "detector -thresh .3 -dont-show MAP --help",
        "Detector map -DONT_SHOW --help",
        "--workers 2 dataset check --help",
    ],
)
def test_options_may_stand_before_their_command(words):
    result = dtorch(*words.split())
    assert result.exit_code == 0, result.stderr
    assert "[OPTIONS]" in result.stdout.splitlines()[0]
    assert {"map", "check"} & set(result.stdout.splitlines()[0].split())


@pytest.mark.parametrize("words", ["-version", "--Version", "-help", "detector -HELP"])
def test_options_of_a_group_are_found_in_any_spelling(words):
    result = dtorch(*words.split())
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(("dtorch, version ", "Usage: "))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-tresh .3 detector map", "No such option '-tresh'"),
        ("--vrsion", "Did you mean '--version'?"),
        ("detect -tresh .3 x.jpg", "'-thresh'"),
        ("detect --letterbx x.jpg", "--letterbox"),
        ("detect --conf 0.2 x.jpg", "Did you mean '--threshold'?"),
        ("detect --conf-thres=0.2 x.jpg", "Did you mean '--threshold'?"),
        ("detect -iou_thres 0.2 x.jpg", "Did you mean '--nms-threshold'?"),
        ("detect --imgsz 320 x.jpg", "Did you mean '--width' or '--height'?"),
        ("detect --json x.jpg", "Did you mean '--format json'?"),
        ("detect --source x.jpg", "Did you mean 'SOURCE'?"),
        ("detect --project runs x.jpg", "Did you mean '--save'?"),
        ("detect --model x.weights x.jpg", "Did you mean '--cfg' or '--weights'?"),
        ("train --project runs", "Did you mean '--backup'?"),
        ("train --lr0 .01", "Did you mean '--learning-rate'?"),
        ("predict x.jpg", "Did you mean 'detect'?"),
        ("Export x.weights", "Did you mean 'convert'?"),
        ("val", "Did you mean 'eval'?"),
        ("init photos", "Did you mean 'dataset init'?"),
        ("detecter map", "Did you mean 'detector'?"),
        ("detector mop", "Did you mean 'map'?"),
        ("detector test -foo d c", "No such option '-foo'"),
    ],
)
def test_what_is_not_there_is_reported_with_the_nearest(words, message):
    result = dtorch(*words.split())
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
