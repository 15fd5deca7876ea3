"""Every command and flag that the pages name outside of their examples exists."""

import re
import shlex
from contextlib import suppress

import click
import pytest

from darknet_torch.cli.main import main
from tests.docs.pages import ROOT

DARKNET = "docs/migration-from-darknet.md"
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
VALUES = {
    "N": "3",
    "N,N": "0,1",
    "T": "0.5",
}  # other capitals stay


def without_blocks(page):
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)


def rows(heading):
    """The cells of each row of a table of the page for Darknet's users, by its heading."""
    text = (ROOT / DARKNET).read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


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


def parse(command):
    """Parse as dtorch would; nothing runs.

    Raises:
        click.UsageError: there is no such command, option or place for a word.
    """
    group, words = main, split_words(command)
    context = click.Context(main, info_name="dtorch")
    while words and isinstance(group, click.Group):
        name, group, words = group.resolve_command(context, words)
        if not isinstance(group, click.Group):
            with group.make_context(name, words, parent=context):
                return
        context = click.Context(group, info_name=name, parent=context)


COMMANDS = rows("Commands")
SAME = [command for row in COMMANDS if row[1] == "the same" for command in spans(row[0])]
USAGE = {re.match(r"[a-z_ ]+[a-z]", command)[0]: command for command in reversed(SAME)}
FLAGS = [
    (command, flag) for row in rows("Flags") for command in spans(row[1]) for flag in spans(row[0])
]
OURS = sorted(
    {
        (page, command)
        for page in PAGES
        for span in spans(without_blocks(page))
        if span.startswith("dtorch ") and not span.startswith("dtorch --")
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


@pytest.mark.parametrize(("command", "flag"), FLAGS)
def test_the_command_accepts_darknets_flag(command, flag):
    parse(f"{USAGE[command]} {flag}")


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
