"""The program: its commands, one line each, and what becomes of an error."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from typing import Literal, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from cyclopts import App, CycloptsError, Group

from cli import screen
from cli.cancel import cancel
from cli.check import check
from cli.configure.command import configure
from cli.doctor.command import doctor
from cli.enable_events import enable_events
from cli.exits import CommandError, Exit, explained, is_from_aws_client
from cli.jobs import jobs, show
from cli.new import new
from cli.on_off import off, on, status
from cli.outputs import outputs
from cli.redrive import redrive
from cli.reject import reject
from cli.restore import restore
from cli.status_files import status_files

NAME = "neptune-training"

app = App(
    name=NAME,
    help="Prepare models for automatic training on Amazon Neptune ML; deploy and operate the application.",
    help_format="markdown",
    help_epilogue="Exit codes: 0 all is fine; 1 something is wrong with what was looked at; 2 the command failed; "
    "3 not everything could be checked.",
    version=lambda: version("neptune-ml-training"),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
)

PREPARE, LOOK, OPERATE, SHELL = map(Group.create_ordered, ("Prepare", "Look", "Operate", "Shell"))

# One line for each command: the function's name, docstring and parameters are the command's.
app.command(configure, group=PREPARE)
app.command(new, group=PREPARE)
app.command(check, group=PREPARE)
app.command(enable_events, group=PREPARE)
app.command(doctor, group=LOOK)
app.command(status, group=LOOK)
app.command(outputs, group=LOOK)
app.command(jobs, group=LOOK)
app.command(show, group=LOOK)
app.command(cancel, group=OPERATE)
app.command(redrive, group=OPERATE)
app.command(off, group=OPERATE)
app.command(on, group=OPERATE)
app.command(reject, group=OPERATE)
app.command(restore, group=OPERATE)
app.command(status_files, group=OPERATE)


@app.command(group=SHELL)
def completion(shell: Literal["bash", "fish", "zsh"], /) -> int:
    """Print a shell's script that completes commands and options.

    For example:

        neptune-training completion bash > ~/.local/share/bash-completion/completions/neptune-training
        neptune-training completion zsh > ~/.zfunc/_neptune-training     # a folder of your $fpath
        neptune-training completion fish > ~/.config/fish/completions/neptune-training.fish
    """
    sys.stdout.write(app.generate_completion(shell=shell))
    return Exit.FINE


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; print an error as one line."""
    try:
        return int(app(arguments) or Exit.FINE)
    except CycloptsError as error:
        failure = CommandError(str(error), f"See: {' '.join([NAME, *(error.command_chain or ()), '--help'])}")
    except CommandError as error:
        failure = error
    except (BotoCoreError, ClientError) as error:
        failure = explained(error)
    except (ValueError, ResponseParserError) as error:
        if not is_from_aws_client(error):
            raise
        failure = CommandError(
            f"{str(error).rstrip('. ')}.", "Check AWS_ENDPOINT_URL, other variables of AWS, and: aws configure list"
        )
    except OSError as error:  # a file or a directory of this machine
        place, remedy = (f"{error.filename}: ", "Check that you can read it.") if error.filename else ("", "")
        failure = CommandError(f"{place}{error.strerror}.", remedy)  # a full disk has no file's name
    except KeyboardInterrupt:
        screen.complain("Stopped.", "The same command can be run again.")
        return Exit.INTERRUPTED
    screen.complain(failure.problem, failure.remedy)
    return Exit.FAILED


def main() -> NoReturn:
    """Run the program as the shell asks. A character that the terminal's encoding lacks is shown as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
