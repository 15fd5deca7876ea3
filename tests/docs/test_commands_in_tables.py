"""Every command and flag that the pages name outside of their examples exists."""

import re
import shlex
from contextlib import suppress

import click
import pytest

from darknet_torch.cli.main import main
from darknet_torch.cli.words import letters
from darknet_torch.errors import UsageError
from tests.docs.pages import ROOT

DARKNET = "docs/migration-from-darknet.md"
WORDS = "tests/cli/darknet/darknets_words.txt"
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
VALUES = {
    "N": "3",
    "N,N": "0,1",
    "T": "0.375",
}  # other capitals stay


def without_blocks(page):
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)


def tables(heading):
    """The tables below a heading of the page for Darknet's users: the cells of each row."""
    text = (ROOT / DARKNET).read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = [block for block in text.split("\n\n") if block.lstrip("\n").startswith("| ")]
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines()[2:]]
        for lines in map(str.strip, found)
    ]


def spans(text):
    return re.findall(r"`([^`]+)`", text)


def split_words(command):
    """Split a command into words; placeholders get values, and [optional words] are kept."""
    plain = re.split(r" (?:<|\\?\|) ", command.replace("[", "").replace("]", ""))[0]
    return [VALUES.get(word, word) for word in shlex.split(plain)]


def split_alternatives(command):
    """Split `map|valid CFG` into `map CFG` and `valid CFG`."""
    found = re.search(r"\w+(\|\w+)+", command)
    alternatives = found[0].split("|") if found else [""]
    return [command.replace(found[0], one) if found else command for one in alternatives]


def pairs(flags, options):
    """The option that each flag stands for: one for all of them, or one for each."""
    return zip(flags, options if len(options) == len(flags) else options * len(flags), strict=True)


def parse(command):
    """Parse as dtorch would, and return the parameters; nothing runs.

    Raises:
        UsageError: the command does not exist here, and the message says what to do.
        click.UsageError: there is no such command, option or place for a word.
    """
    group, words = main, split_words(command)
    context = click.Context(main, info_name="dtorch", **main.context_settings)
    while words and isinstance(group, click.Group):
        words = group.put_command_first(context, words)
        name, group, words = group.resolve_command(context, words)
        if not isinstance(group, click.Group):
            with group.make_context(name, words, parent=context) as made:
                return made.params
        context = click.Context(group, info_name=name, parent=context)
    return {}


COMMANDS, ABSENT, PROGRAMS = tables("Commands")
SAME = [command for row in COMMANDS if row[1] == "the same" for command in spans(row[0])]
USAGE = {  # how each command is used, without what standard input gives it
    re.match(r"[a-z_ ]+[a-z]", command)[0]: command.partition(" <")[0]
    for command in reversed(SAME)
}
(FLAG_ROWS,) = tables("Flags")
FLAGS = [
    (command, flag, here)
    for flags, commands, here in FLAG_ROWS
    for command in spans(commands)
    for flag in spans(flags)
]
SYNONYMS = [  # of Darknet's flags that are options here
    (command, *pair)
    for flags, commands, here in FLAG_ROWS
    if here.startswith("the same, or ")
    for command in spans(commands)
    for pair in pairs(spans(flags), [one for one in spans(here) if one.startswith("--")])
]
PICTURE_COMMANDS = [one for one in USAGE if one.startswith(("detector ", "classifier "))]
OURS = sorted(
    {
        (page, command)
        for page in PAGES
        for span in spans(without_blocks(page))
        if span.startswith("dtorch ") and not span.startswith(("dtorch --", "dtorch COMMAND"))
        for command in split_alternatives(span.removeprefix("dtorch "))
    }
)


@pytest.fixture(autouse=True)
def in_a_folder_with_a_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "TEXT").write_text("Once upon a time.\n")


@pytest.mark.parametrize("command", SAME)
def test_darknets_command_exists_here(command):
    parse(command)
    parse(re.sub(r" \[.*?\]", "", command))


@pytest.mark.parametrize(("command", "flag", "here"), FLAGS)
def test_the_command_does_with_darknets_flag_what_the_row_says(command, flag, here, capsys):
    words = f"{USAGE[command]} {flag}"
    if here.startswith("refused: "):
        with pytest.raises(click.NoSuchOption):
            parse(words)
    elif here.startswith("prints the help"):
        with pytest.raises(click.exceptions.Exit):
            parse(words)
        assert capsys.readouterr().out.startswith("Usage: ")
    else:
        parse(words)
        noted = re.match(r"note: -\w+ has no effect: ", capsys.readouterr().err)
        assert (noted is not None) == here.startswith("a note, no effect")


@pytest.mark.parametrize(("command", "flag", "option"), SYNONYMS)
def test_darknets_flag_is_the_option(command, flag, option):
    plain, with_flag = parse(USAGE[command]), parse(f"{USAGE[command]} {flag}")
    assert with_flag == parse(f"{USAGE[command]} {option}")
    assert with_flag != plain or option in USAGE[command].replace("-file", "--data")


@pytest.mark.parametrize("command", PICTURE_COMMANDS)
def test_each_command_takes_the_flags_of_all_others(command):
    """An option that does not exist, or that lacks its value, would be an error."""
    flags = {flag for one, flag, _ in FLAGS if one in PICTURE_COMMANDS} - {"-h N"}
    assert parse(f"{USAGE[command]} {' '.join(sorted(flags))}")["data"] == "DATA"


@pytest.mark.parametrize(
    ("command", "instead"), [(one, row[1]) for row in ABSENT for one in spans(row[0])]
)
def test_a_command_that_does_not_exist_says_what_to_do_instead(command, instead):
    with pytest.raises(UsageError, match=r"^dtorch.* does not exist here; ") as raised:
        parse(f"{command} CFG WEIGHTS")
    assert raised.value.fix == instead.replace("`", "")


@pytest.mark.parametrize(
    ("program", "instead"), [(one, row[1]) for row in PROGRAMS for one in spans(row[0])]
)
def test_a_program_of_hank_ais_says_what_to_do_instead(program, instead):
    with pytest.raises(UsageError, match=r"does not exist here; ") as raised:
        parse(f"{program} CFG WEIGHTS")
    assert raised.value.fix == instead.replace("`", "")


def test_every_word_of_the_c_sources_is_in_the_tables():
    absent = {one for row in ABSENT for one in spans(row[0])}
    here = {*USAGE, "detector", "classifier", "rnn", *absent}
    flags = {letters(flag.split()[0]) for _, flag, _ in FLAGS}
    for line in (ROOT / WORDS).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        group, kind, *words = line.split()
        if kind == "flags":
            assert {letters(word) for word in words} <= flags
        else:
            assert {word if group == "-" else f"{group} {word}" for word in words} <= here


def test_hank_ais_programs_are_all_listed():
    numbers = re.findall(r"darknet_(\d+)_", " ".join(row[0] for row in PROGRAMS))
    assert sorted(map(int, numbers)) == list(range(1, 12))


@pytest.mark.parametrize(("page", "command"), OURS)
def test_our_command_exists(page, command):
    with suppress(click.MissingParameter):  # a page may mention it without its arguments
        parse(command)


def test_wrong_commands_are_refused():
    for wrong in ("detecter test DATA CFG", "detect --thrash T", "partial CFG WEIGHTS OUT"):
        with pytest.raises(click.UsageError):
            parse(wrong)


def test_the_tables_are_read():
    assert len(SAME) >= 15
    assert len(FLAGS) >= 70
    assert {page for page, _ in OURS} >= {DARKNET, "docs/detection.md"}
