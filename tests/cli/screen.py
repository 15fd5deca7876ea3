"""What a terminal shows after it has received some text."""

import re

_CODES = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|(.)", re.DOTALL)


def screen(text, columns=80):
    """The lines on a terminal; those that move off its top are kept.

    Knows the codes that a live display uses: cursor up, erase in line, colours, the cursor's
    visibility. Any other one is an error.
    """
    lines, row, column = [""], 0, 0
    for number, code, character in _CODES.findall(text):
        if code == "A":
            row = max(0, row - int(number or 1))
        elif code == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
        elif code:
            assert code in "mhl", f"unknown code {number}{code}"
        elif character == "\r":
            column = 0
        elif character == "\n":
            row, column = row + 1, 0
        else:
            if column == columns:
                row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
            column += 1
        lines += [""] * (row + 1 - len(lines))
    while len(lines) > row + 1 and not lines[-1].strip():  # erased lines below the cursor
        lines.pop()
    return [line.rstrip() for line in lines]
