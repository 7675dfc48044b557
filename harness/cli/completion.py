"""`xstilts completion`: commands and options completed by the shell, as click does it."""

import os
from pathlib import Path

import click

from harness.atomic_write import atomic_write
from harness.errors import UserError

_MARK = "# xstilts completion"
_SHELLS = ("bash", "zsh", "fish")


class UnknownShellError(UserError):
    """The user's shell is none that completion is known for."""


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.option("--print", "prints", is_flag=True, help="Print the script, and install nothing.")
def command(shell: str | None, prints: bool) -> None:
    """Install completion for SHELL, by default that of this session (bash, zsh or fish).

    The script goes into ~/.config/xstilts, and a line that reads it into the shell's own start file, once.
    fish reads it by itself. Open a new shell then.
    """
    from harness.cli.main import cli

    shell = shell or _own_shell()
    script = _script(cli, shell)
    if prints:
        click.echo(script)
        return
    for path in _install(shell, script):
        click.echo(str(path))


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        raise UnknownShellError(
            f"SHELL is {name or 'not set'}; name one of {', '.join(_SHELLS)}: xstilts completion bash"
        )
    return name


def _script(cli: click.Command, shell: str) -> str:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click has all of _SHELLS
    completion = kind(cli, {}, "xstilts", "_XSTILTS_COMPLETE")
    # `source()` of bash starts a bash to learn its version; the text is the same.
    return completion.source_template % completion.source_vars()


def _install(shell: str, script: str) -> list[Path]:
    """Write the script and have the shell read it; return the files that were written."""
    from harness.resources import user_folder

    home = Path.home()
    if shell == "fish":
        path = home / ".config" / "fish" / "completions" / "xstilts.fish"
        _write(path, script)
        return [path]
    path = user_folder() / f"completion.{shell}"
    _write(path, script)
    start = home / (".bashrc" if shell == "bash" else ".zshrc")
    text = start.read_text(encoding="utf-8") if start.is_file() else ""
    if _MARK in text:
        return [path]
    with start.open("a", encoding="utf-8") as file:
        file.write(f'{"" if text.endswith(chr(10)) or not text else chr(10)}source "{path}"  {_MARK}\n')
    return [path, start]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as draft:
        draft.write_text(f"{text.strip()}\n", encoding="utf-8")
