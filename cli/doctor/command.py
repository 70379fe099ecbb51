"""`neptune-training doctor`: the command."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli.account import ACCOUNT, Account
from cli.doctor import checks, report
from cli.doctor.drift import drift as drift_check
from cli.doctor.findings import Check, Outcome, Result, run
from cli.doctor.probe import Probe
from cli.exits import CommandError, Exit
from cli.facts import permissions
from cli.facts.aws import Aws
from cli.facts.facts import Facts
from cli.parameters_file import read
from cli.screen import Json, print_json


def doctor(
    *,
    parameters: Annotated[
        Path | None, Parameter(help="Check this file before a deployment, such as parameters.yaml, and not the stack.")
    ] = None,
    probe: Annotated[
        bool,
        Parameter(
            negative="", help="Send a request that cannot start a job, and follow it. Subscribers get a message."
        ),
    ] = False,
    drift: Annotated[
        bool, Parameter(negative="", help="Ask CloudFormation what was changed by hand. It takes a minute or more.")
    ] = False,
    policy: Annotated[
        bool, Parameter(negative="", help="Print the IAM policy that the checks need, and check nothing.")
    ] = False,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Check a deployed stack, or parameters before a deployment, and say what fixes what is wrong.

    It only reads. Each check says fine, wrong (what, why it matters, the command that fixes it), or not checkable, with
    the permission that is missing. Exit code 0 means that every check was made and is fine; 1 that something is wrong;
    3 that nothing wrong was found, but a check could not be made.

    For example:

        neptune-training doctor
        neptune-training doctor --parameters parameters.yaml     # before a deployment
        neptune-training doctor --probe                          # send a request through the stack, at no cost
        neptune-training doctor --policy > policy.json           # the permissions that the checks need
    """
    if policy:
        print_json(permissions.policy(drift=drift, probe=probe))
        return Exit.FINE
    if parameters and (probe or drift):
        raise CommandError("--probe and --drift are for a deployed stack.", "Leave out --parameters.")
    facts = Facts(Aws(account.session), account.stack_name, read(parameters) if parameters else None)
    chosen = [*checks.ALL, *([drift_check] if drift else []), *(Probe(facts).checks if probe else [])]
    results = list(_shown(_run(chosen, facts), json=json))
    if json:
        print_json(report.as_json(results))
    else:
        report.summary(results)
    return exit_code(results)


def exit_code(results: Iterable[Result]) -> int:
    """Return FINE only if every check that is needed was made and is fine. FAILED if none could be made."""
    outcomes = {each.outcome for each in results}
    if Outcome.WRONG in outcomes:
        return Exit.WRONG
    if Outcome.FINE not in outcomes:
        return Exit.FAILED
    return Exit.UNCHECKED if Outcome.NOT_CHECKABLE in outcomes else Exit.FINE


def _run(chosen: Iterable[Check], facts: Facts) -> Iterator[Result]:
    yield from (run(each, facts) for each in chosen)


def _shown(results: Iterator[Result], *, json: bool) -> Iterator[Result]:
    for each in results:
        if not json:
            report.show(each)
        yield each
