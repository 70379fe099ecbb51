"""`neptune-training cancel`: cancel a job, by an event on the stack's bus."""

from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import Parameter
from pydantic import ValidationError

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.jobs import read
from cli.screen import Json, print_json, say
from neptune_training.checks.events import CANCELLATION
from neptune_training.model.parameters import CancellationRequest
from neptune_training.model.statuses import UNFINISHED

SOURCE = "neptune-training"


def cancel(
    job_id: Annotated[str, Parameter(name="JOB", help="The job's id, such as fraud-b1e336b353b5439ee2aa.")],
    /,
    *,
    clean: Annotated[bool, Parameter(negative="", help="Also delete what the job has written to S3.")] = False,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Cancel a job that waits or runs: it ends as STOPPED, and never starts again.

    Sends an event, as an application can. Sends none for a job that has ended (exit code 1), nor with --clean if the
    stack's AllowCancelClean is false (exit code 2). Needs events:PutEvents on the stack's bus. With dynamodb:GetItem it
    also says if the job has ended already, or has no record yet.

    For example:

        neptune-training cancel fraud-b1e336b353b5439ee2aa
        neptune-training show fraud-b1e336b353b5439ee2aa
    """
    try:
        detail = CancellationRequest(id=job_id, clean=clean)
    except ValidationError as error:
        remedy = "List the unfinished jobs: neptune-training jobs"
        raise CommandError(f"{job_id} is not the id of a job.", remedy) from error
    if clean and account.parameters.get("AllowCancelClean") == "false":
        problem = f"The stack {account.stack_name} does not allow --clean: its AllowCancelClean is false."
        raise CommandError(problem, "Nothing was sent. Leave out --clean, or ask the operator to allow it.")
    record = known(account, job_id)
    if record and (status := record.get("status")) not in UNFINISHED:
        if json:
            print_json({"jobId": job_id, "status": status})
        else:
            say(f"{job_id} has already ended: {status}. Nothing was sent.")
        return Exit.WRONG
    event_id = send(account, detail.model_dump_json())
    if json:
        print_json({"jobId": job_id, "eventId": event_id})
        return Exit.FINE
    say(f"Sent event {event_id} to cancel {job_id}.")
    if record == {}:
        say(f"There is no record of {job_id} yet. If none appears within six hours, the cancellation is REJECTED.")
        say(f"See its status: neptune-training jobs --trigger {event_id}")
        return Exit.FINE
    say("A job that waits is STOPPED within seconds. One that runs is STOPPED when Neptune has stopped it.")
    say(f"See its status: neptune-training show {job_id}")
    return Exit.FINE


def known(account: Account, job_id: str) -> dict[str, Any] | None:
    """Return the job's record, `{}` if there is none, and None if it cannot be read, such as without the permission."""
    try:
        return read(account, job_id)
    except (BotoCoreError, ClientError, CommandError):
        return None


def send(account: Account, detail: str) -> str:
    """Send the event to the stack's bus, and return its id. Raises `CommandError` if EventBridge does not take it."""
    bus = account.output("EventBus")
    [answer] = account.session.client("events").put_events(
        Entries=[{"EventBusName": bus, "Source": SOURCE, "DetailType": CANCELLATION, "Detail": detail}]
    )["Entries"]
    if "EventId" not in answer:
        raise CommandError(f"EventBridge did not take the event: {answer.get('ErrorMessage')}", "Run it again.")
    return answer["EventId"]
