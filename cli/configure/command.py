"""`neptune-training configure`: the command."""

import os
import shlex
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from cyclopts import Parameter
from rich.prompt import Confirm
from rich.text import Text

from cli import parameters_file
from cli.account import ACCOUNT, DEFAULT_STACK, Account
from cli.configure import choices, parameters_yaml
from cli.configure.choices import Choice
from cli.configure.questions import choose
from cli.doctor import checks, report
from cli.doctor.findings import Outcome, Result, run
from cli.exits import CommandError, Exit
from cli.facts import cluster as clusters
from cli.facts.aws import Aws, NotCheckable
from cli.facts.cluster import Cluster
from cli.facts.facts import Facts
from cli.facts.network import Network
from cli.screen import Json, console, print_json, say

FILE = Path("parameters.yaml")


def configure(
    cluster: str | None = None,
    /,
    *,
    subnets: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative="", help="Subnets for start and step, such as subnet-1a."),
    ] = None,
    security_group: Annotated[
        str | None, Parameter(help="Which of the cluster's security groups start and step reach.")
    ] = None,
    output: Annotated[Path, Parameter(name=("--output", "-o"), help="The file to write.")] = FILE,
    dry_run: Annotated[bool, Parameter(negative="", help="Print the file, and write nothing.")] = False,
    yes: Annotated[
        bool, Parameter(name=("--yes", "-y"), negative="", help="Take the first of several answers.")
    ] = False,
    overwrite: Annotated[
        bool, Parameter(negative="", help="Replace a file that exists. Other parameters in it are kept.")
    ] = False,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Ask the account about a Neptune cluster, and write the stack's parameters to a file.

    It only reads the account: `neptune-training doctor --policy` prints the permissions. It asks where more than one
    answer is possible, says why each parameter has its value, and warns of what will not work.

    For example:

        neptune-training configure                         # the account's only cluster, or one of those that it lists
        neptune-training configure my-graph --dry-run      # print, and write nothing
        neptune-training configure my-graph --yes --output production.yaml

    Parameters
    ----------
    cluster
        The cluster's identifier, if the account has several in this region.
    """
    _check_place(output)
    aws = Aws(account.session)
    found = _cluster(aws, cluster)
    made = _choices(aws, account.stack_name, found, subnets, security_group, yes=yes)
    kept = _kept(output, made)
    heading = f"Written by `neptune-training configure {found.identifier}` for {aws.account}, {aws.region}."
    text = parameters_yaml.text(heading, output.name, made, kept)
    values = {each.name: each.value for each in made if each.value is not None} | kept
    warnings = _warnings(Facts(aws, account.stack_name, values))
    if json:
        print_json(
            {"parameters": values, "choices": [vars(each) for each in made], "warnings": report.as_json(warnings)}
        )
    elif dry_run:
        sys.stdout.write(text)
    if not dry_run:
        _write(output, text, overwrite=overwrite, quiet=json)
    if not json:
        _warn(made, warnings, output, account.stack_name)
    return Exit.FINE


def _check_place(output: Path) -> None:
    """Raise `CommandError` if no file can be written there."""
    if output.is_dir():
        raise CommandError(f"--output {output} is a directory.", "Name a file, such as parameters.yaml.")
    if not output.resolve().parent.is_dir():
        raise CommandError(f"--output {output}: there is no directory {output.parent}.", "Make it, or name another.")


def _cluster(aws: Aws, name: str | None) -> Cluster:
    """Return the cluster of this name, or the only one, or the one that a person chooses."""
    try:
        found = clusters.clusters(aws)
    except NotCheckable as unknown:
        remedy = "`neptune-training doctor --policy` prints a policy." if unknown.permission else "Check --region."
        raise CommandError(f"The account's clusters: {unknown.why}.", remedy) from None
    named = [each for each in found if name in (None, each.identifier)]
    if not named:
        what = f"no Neptune cluster {name}" if name else "no Neptune cluster"
        others = f" There is: {', '.join(each.identifier for each in found)}." if found else ""
        raise CommandError(f"There is {what} in {aws.region}.{others}", "Check --profile and --region.")
    answers = [(f"{each.identifier}  {each.engine_version}  {each.status}", each) for each in named]
    return choose("cluster", answers, remedy="Name one: neptune-training configure CLUSTER")


def _choices(
    aws: Aws, stack: str, cluster: Cluster, subnets: list[str] | None, group: str | None, *, yes: bool
) -> list[Choice]:
    made = [*choices.cluster_choices(cluster)]
    try:
        where = clusters.subnet_group(aws, cluster.subnet_group)
    except NotCheckable as unknown:
        return [*made, *(Choice(each, None, unknown.why) for each in ("VpcId", "SubnetIds", "NeptuneSecurityGroupId"))]
    network = Network(aws, where.vpc)
    chosen = _subnets(network, where.subnets, subnets, yes=yes)
    groups = [(each, each) for each in cluster.security_groups if group in (None, each)]
    if not groups:
        raise CommandError(
            f"{group} is not a security group of the cluster.", f"It has {', '.join(cluster.security_groups)}."
        )
    reached = choose(
        "security group of the cluster",
        groups,
        remedy="Name one with --security-group, or take the first with --yes.",
        yes=yes,
    )
    several = "; the cluster is a member, so each of its groups does" if len(cluster.security_groups) > 1 else ""
    made += [Choice("VpcId", where.vpc, "the cluster's VPC: start and step run there"), chosen]
    made += [
        Choice(
            "NeptuneSecurityGroupId", reached, f"the cluster's security group, all that they can reach there{several}"
        )
    ]
    own = Facts(aws, stack, {})
    ids = None if chosen.value is None else chosen.value.split(",")
    return [*made, *choices.network_choices(network, cluster, ids, reached, lambda: own.own_endpoints)]


def _subnets(network: Network, cluster_subnets: Sequence[str], named: list[str] | None, *, yes: bool) -> Choice:
    try:
        if named:
            ids = [each for one in named for each in one.split(",")]
            if unknown := [each for each in ids if each not in network.subnets]:
                raise CommandError(
                    f"{', '.join(unknown)} is not in {network.vpc}.", "Name subnets of the cluster's VPC."
                )
            return Choice("SubnetIds", ",".join(ids), "as named with --subnets")
        offers = choices.subnets_to_offer(network, cluster_subnets)
    except NotCheckable as unknown:
        return Choice("SubnetIds", None, unknown.why)
    answers = [(f"{', '.join(found)}: {why}", (found, why)) for why, found in offers.items()]
    found, why = choose(
        "set of subnets for the functions",
        answers,
        remedy="Name them with --subnets, or take the first with --yes.",
        yes=yes,
    )
    return Choice("SubnetIds", ",".join(found), why)


def _kept(output: Path, made: list[Choice]) -> dict[str, str]:
    """Return what an existing file says that the account does not."""
    if not output.exists():
        return {}
    return parameters_file.read(output, without={each.name for each in made if each.value is not None})


def _write(output: Path, text: str, *, overwrite: bool, quiet: bool) -> None:
    """Write the file; ask before one is replaced."""
    if output.exists():
        before = output.read_text()
        if before == text:
            if not quiet:
                say(f"{output} says this already.")
            return
        if not overwrite:
            if not sys.stdin.isatty():
                raise CommandError(f"{output} is there already.", "Give --overwrite, another --output, or --dry-run.")
            for line in unified_diff(before.splitlines(), text.splitlines(), f"{output}", "new", lineterm="", n=1):
                say(line, style={"+": "green", "-": "red"}.get(line[:1], ""))
            if not Confirm.ask(Text(f"Replace {output}?"), console=console, default=False):
                raise CommandError("Nothing was written.", "")
    _replace(output, text)
    if not quiet:
        say(("written", "green"), f"  {output}: each line says why")


def _replace(output: Path, text: str) -> None:
    """Write the file as a whole or not at all, so that a full disk does not cost the one that was there."""
    place = output.resolve()  # a link stays one
    with NamedTemporaryFile("w", dir=place.parent, prefix=f".{place.name}-", delete=False) as part:
        made = Path(part.name)
        try:
            part.write(text)
            part.flush()
            made.chmod(place.stat().st_mode if place.exists() else 0o666 & ~_umask())
            made.replace(place)
        except BaseException:
            made.unlink()
            raise


def _umask() -> int:
    """Return what this process takes away from the mode of new files."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _warnings(facts: Facts) -> list[Result]:
    """Return what `doctor --parameters` would find wrong, or could not check."""
    found = (run(each, facts) for each in checks.ALL)
    return [each for each in found if each.outcome in (Outcome.WRONG, Outcome.NOT_CHECKABLE)]


def _warn(made: list[Choice], warnings: list[Result], output: Path, stack: str) -> None:
    unknown = [each for each in made if each.value is None]
    if unknown or warnings:
        say()
        say(("Before you deploy:", "bold"))
    for choice in unknown:
        say(("not known", "yellow"), f"      {choice.name}: {choice.why}. Set it by hand")
    for each in warnings:
        report.show(each)
    say()
    named = "" if stack == DEFAULT_STACK else f" --stack-name {shlex.quote(stack)}"
    file = shlex.quote(f"file://{output}")
    say(f"Next: sam build && sam deploy{named} --parameter-overrides {file}; then: neptune-training doctor{named}")
