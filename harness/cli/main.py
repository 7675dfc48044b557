"""The command `xstilts`: finds a sub-command's file when it is asked for, so that start-up stays fast."""

import errno
import gc
import importlib
import io
import os
import signal
import sys
import threading
from types import FrameType

import click

from harness import __version__
from harness.errors import InterruptedRunError, XstiltsError
from harness.message_text import in_short, printable

# what a user is at -> command -> (module, one line of help); the module defines `command`
GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Write": {
        "list": ("harness.cli.list", "List the tasks, sequences or DeepSpeed files that are known."),
        "validate": ("harness.cli.validate", "Check sequence files and list every error."),
        "schema": ("harness.cli.schema", "Print the JSON Schema of sequence files for editors."),
        "plan": ("harness.cli.plan", "Draw the tree of stages of a sequence file and count them."),
        "register": ("harness.cli.register", "Check a sequence file and keep it under its name."),
        "unregister": ("harness.cli.unregister", "Forget a registered sequence."),
        "diff": ("harness.cli.diff", "Compare a registered sequence with the file it was copied from."),
        "lock": ("harness.cli.lock", "Write down the exact data and model revisions in use."),
    },
    "Run": {
        "doctor": ("harness.cli.doctor", "Say what would stop a run, before it starts."),
        "run": ("harness.cli.run", "Train, evaluate and publish a sequence file."),
        "status": ("harness.cli.status", "Say what runs where, of the runs that share a store."),
        "eval": ("harness.cli.eval", "Score any checkpoint on evaluation tasks."),
        "lm-eval": ("harness.cli.lm_eval", "lm-eval's own command line with xstilts loaded."),
    },
    "Look": {
        "show": ("harness.cli.show", "Show a row's checkpoints, curves, logs, settings and cost."),
        "analyze": ("harness.cli.analyze", "Say whether order matters in a leaderboard."),
        "verify": ("harness.cli.verify", "Recompute published leaderboards from their predictions."),
        "reproduce": ("harness.cli.reproduce", "Train a published row again and compare."),
    },
    "Publish": {
        "publish": ("harness.cli.publish", "Write the leaderboards of finished runs."),
        "merge": ("harness.cli.merge", "Combine published leaderboards into one."),
        "export": ("harness.cli.export", "Write published predictions in the format of a benchmark."),
        "push": ("harness.cli.push", "Upload a row's checkpoint, model card and leaderboard to the hub."),
    },
    "Keep house": {
        "store": ("harness.cli.store", "Check, repair, tidy and measure a store."),
        "completion": (
            "harness.cli.completion",
            "Have the shell complete commands, options and names.",
        ),
    },
}
COMMANDS = {name: found for group in GROUPS.values() for name, found in group.items()}


_SYSTEM_REFUSES = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.ENXIO,
        errno.EPERM,
        errno.EROFS,
    }
)
# A name that leads nowhere is the user's to correct.
_NO_SUCH_PLACE = frozenset((errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR))


def _is_text(argument: str) -> bool:
    try:
        return b"\0" not in argument.encode()
    except UnicodeEncodeError:
        return False


_DEAF_SECONDS = 3.0
# Schedulers of clusters send SIGUSR1 before a time limit where they are asked to (Slurm's --signal).
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
_SIGNALS = "signals"
_stopping = threading.Event()


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; refuse what is no text, since it would enter files that hold text alone."""
        for argument in args:
            if not _is_text(argument):
                raise click.UsageError(
                    f"{in_short(argument)} is not UTF-8 text, or holds a NUL character; name it otherwise",
                    ctx,
                )
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; on an unknown name say which one is near."""
        import difflib

        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their help by what a user is at, without importing them."""
        widest = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), text) for name, (_, text) in commands.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xstilts")
def cli() -> None:
    """Measure how the order of English intermediate tasks changes zero-shot cross-lingual accuracy."""


def main() -> None:
    """Run the command line; expected errors are printed without a traceback."""
    # Libraries make objects by the hundred thousand that stay: looking at them again and again takes longer
    # than many a command.
    gc.set_threshold(50_000)
    for number in _STOPPING:
        signal.signal(number, _stop)
    _end_though_blocked()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal's encoding has no characters for is shown all the same.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(prog_name="xstilts", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        # click would show a word of the user's as it is, and a terminal obey it.
        words = printable(error.format_message())
        shown = (
            click.UsageError(words, error.ctx)
            if isinstance(error, click.UsageError)
            else click.ClickException(words)
        )
        shown.show()
        sys.exit(error.exit_code)
    except click.Abort:
        print("xstilts: aborted", file=sys.stderr)
        sys.exit(1)
    except InterruptedRunError as interruption:
        print(f"xstilts: {interruption}", file=sys.stderr)
        sys.exit(interruption.exit_code)
    except XstiltsError as error:
        print(f"xstilts: {printable(str(error))}", file=sys.stderr)
        if error.page is not None:
            print(f"More in the documentation: {error.page}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        # What a disk or a file's permissions refuse is no programming error.
        if error.errno not in _SYSTEM_REFUSES:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"xstilts: {printable(f'{place}{error.strerror}')}", file=sys.stderr)
        sys.exit(2 if error.errno in _NO_SUCH_PLACE else 1)


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop cleanly at the first signal; a second one ends the process at once, and so its workers."""
    _stopping.set()
    for other in _STOPPING:
        signal.signal(other, _end_at_once)
    raise InterruptedRunError(number)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """End at the second signal, saying what becomes of the running stages."""
    signal.signal(number, signal.SIG_DFL)
    os.write(2, b"xstilts: ended at once; running stages go on from their last resume point, or begin anew\n")
    os.kill(os.getpid(), number)


def _end_though_blocked() -> None:
    """Let a signal end the process also while a library's own code keeps Python from hearing of it.

    The system writes each signal's number to a pipe, on which a thread waits: a tokenizer at work on a large
    file, or a process group that waits for others, would else be deaf for minutes. Workers end with it.
    """
    if any(thread.name == _SIGNALS for thread in threading.enumerate()):
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait() -> None:
        while number := os.read(reader, 1):
            if number[0] in _STOPPING and not _stopping.wait(_DEAF_SECONDS):
                print("xstilts: stopped; the same command goes on from here", file=sys.stderr, flush=True)
                os._exit(128 + number[0])

    threading.Thread(target=wait, daemon=True, name=_SIGNALS).start()


if __name__ == "__main__":
    main()
