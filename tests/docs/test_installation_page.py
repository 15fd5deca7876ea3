"""The page on installation names the extras of setup.cfg, and the versions that are pinned."""

import ast
import configparser
import re

import pytest

from tests.cli.command import dtorch
from tests.docs.pages import ROOT, commands
from tests.docs.test_versions import named_as_tested, pins
from tools.extra_checks import CHECKS
from tools.test_extras import NO_EXTRA, TRIALS, Trial

PAGE = "docs/installation.md"
TEXT = (ROOT / PAGE).read_text()


def declared():
    """The requirements of every extra."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    return {extra: text.split() for extra, text in extras.items()}


def rows():
    """The cells of the table of extras, without the first one, by extra."""
    lines = re.findall(r"^\| `([\w-]+)` \|(.*)\|$", TEXT, re.MULTILINE)
    return {extra: [cell.strip() for cell in cells.split("|")] for extra, cells in lines}


def expected_packages(extra):
    """What the table has to say: extras that it asks for, and packages with their versions."""
    versions = {name.lower(): version for name, version in pins(constraints(extra)).items()}
    found = []
    for requirement in declared()[extra]:
        others = re.fullmatch(r"darknet-torch\[(.*)\]", requirement)
        if others:
            found += [f"`{other}`" for other in others[1].split(",")]
        else:
            name = re.match(r"[\w-]+", requirement)[0]
            found.append(f"`{name}` {versions[name.lower()]}")
    return found


def constraints(extra):
    return TRIALS.get(extra, Trial()).constraints


def extras_in_code():
    """The extras that the package's modules name, by module."""
    found = {}
    for path in sorted((ROOT / "darknet_torch").rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "extra" in text.lower() else ():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                named = {target.id for target in node.targets if isinstance(target, ast.Name)}
                values = [node.value] if named & {"extra", "_EXTRA"} else []
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_extra":
                values = [word.value for word in node.keywords if word.arg == "extra"]
            else:
                continue
            names = {value.value for value in values if isinstance(value, ast.Constant)}
            found.setdefault(path.name, set()).update(names)
    return found


@pytest.mark.parametrize("extra", sorted({*declared(), *rows()}))
def test_the_table_names_the_packages_of_the_extra(extra):
    what_for, packages, size = rows()[extra]
    assert what_for
    assert packages.split(", ") == expected_packages(extra)
    assert re.fullmatch(r"[\d.]+|not measured", size)


def test_every_extra_is_tried():
    assert set(CHECKS) == {NO_EXTRA, *declared()}
    assert set(TRIALS) <= set(CHECKS)


def test_messages_name_extras_that_exist():
    named = extras_in_code()
    assert {"figure.py", "onnx.py", "openvino.py", "quantization.py"} <= named.keys()
    assert set().union(*named.values()) <= set(declared())


def test_the_tested_versions_are_those_of_the_readme():
    python, releases = named_as_tested()
    assert f"| Python | {python} |" in TEXT
    assert f"| PyTorch | {', '.join(releases)} |" in TEXT


def test_the_install_lines_are_those_of_the_readme():
    lines = [line for line in commands("README.md") if line.startswith("pip ")]
    assert len(lines) == 4
    assert re.findall(r"^\$ (pip .+)$", TEXT, re.MULTILINE) == lines


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command):
    program, *words = command.split()
    assert program == "dtorch"
    assert dtorch(*words).exit_code == 0
