"""The command line's entry point: the verbs, and how whatever goes wrong in one is told.

Nothing heavy is imported here or at the top of a verb's module: `launchready --help` must be quick.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from launchready import __version__
from launchready.cli.check import check
from launchready.cli.checks import checks
from launchready.cli.demo import demo
from launchready.cli.deploy import deploy
from launchready.cli.docs import docs
from launchready.cli.edge import edge
from launchready.cli.env import env
from launchready.cli.env_push import push
from launchready.cli.explain import explain
from launchready.cli.flows import flows
from launchready.cli.init import init
from launchready.cli.map import map_
from launchready.cli.perf import perf
from launchready.cli.rehearse import rehearse
from launchready.cli.rollback import rollback
from launchready.cli.secrets import secrets
from launchready.cli.stop import Exit, Stop
from launchready.cli.verify import verify

app = typer.Typer(
    name="launchready",
    help="The launch gate for client portals: is this domain ready to be shown, why not, and what to do next?",
    epilog="Exit codes: 0 ready, 1 findings from --fail-on up, 2 usage or configuration, 3 unproven, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (check, secrets, explain, checks, init, verify, demo):
    app.command()(verb)
app.command("map")(map_)
app.command()(deploy)
app.command()(rollback)
app.command()(rehearse)
app.command()(perf)
app.add_typer(flows)
env.command()(push)
app.add_typer(env)
app.add_typer(edge)
app.command(hidden=True)(docs)


@app.callback()
def launchready(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=lambda on: _say_version(on))
    ] = False,
) -> None:
    """Say what is wrong with a portal and its code, and what to do first."""


def run() -> None:
    """Run the command line of this process and exit."""
    code = main()
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, of this process where none is given; return its exit code. Never raises."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            # A terminal that cannot show a character gets its escape, not a traceback of ours.
            reconfigure(errors="backslashreplace")
    try:
        code = app(words, prog_name="launchready", standalone_mode=False)
        sys.stdout.flush()
    except Stop as stop:
        _tell(str(stop))
        return stop.code
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # Typer turns the first into the second
        _forget_stdout()
        return Exit.PIPE_CLOSED
    except OSError as error:
        _forget_stdout()
        _tell(f"the output could not be written: {error.strerror or error}; the report is incomplete")
        return Exit.UNUSABLE
    except Exception as error:
        if show := getattr(error, "show", None):  # what Typer raises for a wrong command line
            show()
            return Exit.UNUSABLE
        if "--debug" in words:
            traceback.print_exc()
        _tell(f"Launch Ready itself failed ({type(error).__name__}); run it again with --debug and report what it says")
        return Exit.UNUSABLE
    return code if isinstance(code, int) else Exit.READY


def _tell(text: str) -> None:
    with suppress(OSError):
        print(f"launchready: {text}", file=sys.stderr)


def _forget_stdout() -> None:
    """Let what is still buffered go nowhere, so that closing the stream at exit cannot fail again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_version(on: bool) -> None:
    if on:
        print(f"launchready {__version__}")
        raise typer.Exit


if __name__ == "__main__":
    run()
