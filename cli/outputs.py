"""`neptune-training outputs`: the names that the stack has in the account."""

from typing import Annotated

from cyclopts import Parameter

from cli.account import ACCOUNT, Account
from cli.exits import Exit
from cli.screen import Json, print_json, say


def outputs(
    name: Annotated[str | None, Parameter(help="One output, such as ModelBucket. Default: all.")] = None,
    /,
    *,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Show the stack's outputs: its bucket, bus, table, queues, topic and functions.

    Needs cloudformation:DescribeStacks, as every command about a stack does.

    For example:

        neptune-training outputs
        aws s3 sync ./fraud "s3://$(neptune-training outputs ModelBucket)/models/fraud/"
    """
    found = account.outputs if name is None else {name: account.output(name)}
    if json:
        print_json(found)
    elif name is not None:
        say(found[name])
    else:
        widest = max(map(len, found), default=0)
        for key, value in found.items():
            say(f"{key.ljust(widest)}  {value}")
    return Exit.FINE
