"""`dtorch completion`: what makes a shell complete dtorch's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_DTORCH_COMPLETE"  # click's own name for a program called dtorch


@click.command(short_help="Make your shell complete dtorch's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options and names.

    \b
    bash: eval "$(dtorch completion bash)"       in ~/.bashrc
    zsh:  eval "$(dtorch completion zsh)"        in ~/.zshrc
    fish: dtorch completion fish | source        in ~/.config/fish/config.fish
    """
    root = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None, "click has it for every choice"
    click.echo(kind(root.command, {}, "dtorch", _VARIABLE).source())
