"""`neptune-training cancel`: cancel a job, by an event on the stack's bus."""

from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say
from neptune_training.checks.events import CANCELLATION
from neptune_training.model.parameters import CancellationRequest

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

    Sends an event, as an application can. An ended job does not change. The job is not cancelled with --clean unless
    the stack's AllowCancelClean is true. Needs events:PutEvents on the stack's bus.

    For example:

        neptune-training cancel fraud-b1e336b353b5439ee2aa
        neptune-training show fraud-b1e336b353b5439ee2aa
    """
    try:
        detail = CancellationRequest(id=job_id, clean=clean)
    except ValidationError as error:
        remedy = "List the unfinished jobs: neptune-training jobs"
        raise CommandError(f"{job_id} is not the id of a job.", remedy) from error
    event_id = send(account, detail.model_dump_json())
    if json:
        print_json({"jobId": job_id, "eventId": event_id})
        return Exit.FINE
    say(f"Sent event {event_id} to cancel {job_id}.")
    say("A job that waits is STOPPED within seconds. One that runs is STOPPED when Neptune has stopped it.")
    say(f"See its status: neptune-training show {job_id}")
    return Exit.FINE


def send(account: Account, detail: str) -> str:
    """Send the event to the stack's bus, and return its id. Raises `CommandError` if EventBridge does not take it."""
    bus = account.output("EventBus")
    [answer] = account.session.client("events").put_events(
        Entries=[{"EventBusName": bus, "Source": SOURCE, "DetailType": CANCELLATION, "Detail": detail}]
    )["Entries"]
    if "EventId" not in answer:
        raise CommandError(f"EventBridge did not take the event: {answer.get('ErrorMessage')}", "Run it again.")
    return answer["EventId"]
