"""`dtorch completion`: the script that makes a shell complete dtorch's command lines."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from darknet_torch.cli.terminal import echo

_VARIABLE = "_DTORCH_COMPLETE"  # the name that click uses for a program called dtorch


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names.

    \b
    bash: eval "$(dtorch completion bash)"       in ~/.bashrc
    zsh:  eval "$(dtorch completion zsh)"        in ~/.zshrc
    fish: dtorch completion fish | source        in ~/.config/fish/config.fish
    """
    root = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None, "click knows each of the choices"
    echo(kind(root.command, {}, "dtorch", _VARIABLE).source())
