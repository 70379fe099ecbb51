"""ministack behind the guard, counting for `make bench-burst`: `python -m bench.burst.counting_ministack`.

It runs in ministack's own environment. Each line of the file that `BENCH_COUNTS` names is something that happened:

    {"at": 1795485600.1, "invoked": "start", "ms": 31.2, "failed": false}
    {"at": …, "wrote": [["fraud-b1e3", "STARTED"]], "operation": "PutItem", "write": 1.0, "read": 0.0}
    {"at": …, "transition": "Start"}   {"at": …, "operations": 1, "bytes": 130}   {"at": …, "called": "sns"}

It also removes what the emulator distorts: see `fair`.
"""

import json
import math
import os
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["LAMBDA_ACCOUNT_CONCURRENCY"] = "0"  # AT_ONCE is the limit here, and it queues instead of refusing

from ministack.core import lambda_runtime
from ministack.services import dynamodb, eventbridge, lambda_durable, lambda_svc, sns, sqs, stepfunctions

from local import guarded_ministack

AT_ONCE = 10  # invocations of one function: what the template allows `start`; more would only share the same cores
DELAY = 0.15  # seconds
RETRIES, RETRY_SECONDS = 3, 1.0  # of a durable function's invocation that failed
READ_KB = 4096  # bytes of a read unit

Answer = tuple[int, Any, bytes]


class Counts:
    """Append a line for each thing that happened."""

    def __init__(self, path: str) -> None:
        self._file, self._lock = Path(path).open("a", buffering=1), threading.Lock()  # noqa: SIM115 - as long as it runs

    def note(self, **what: object) -> None:
        """Write one line."""
        with self._lock:
            self._file.write(json.dumps({"at": time.time(), **what}) + "\n")


def main() -> None:
    """Serve as `local.guarded_ministack` does."""
    counts = Counts(os.environ["BENCH_COUNTS"])
    count_invocations(counts)
    count_dynamodb(counts)
    count_transitions(counts)
    count_operations(counts)
    for name, service in (("sns", sns), ("sqs", sqs)):
        count_calls(counts, name, service)
    fair()
    guarded_ministack.main()


# --- counting ---------------------------------------------------------------------------------------------------------


def count_invocations(counts: Counts) -> None:
    """Count how long each invocation takes, the start of its process included. At most AT_ONCE of a function run."""
    execute, making = lambda_svc._execute_function_dispatch, threading.Lock()
    room: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    def counted(func: Any, config: Any, event: Any, request_id: str, _started: float) -> Any:
        name = config["FunctionName"]
        with making:
            mine = room[name]
        with mine:
            began = time.time()
            result = execute(func, config, event, request_id, began)
            took = 1000 * (time.time() - began)
        counts.note(invoked=name, ms=took, failed=bool(result.get("error")), memory=config["MemorySize"])
        return result

    lambda_svc._execute_function_dispatch = counted


def count_dynamodb(counts: Counts) -> None:
    """Count request units by DynamoDB's rules, and see which jobs get which status."""
    handle = dynamodb.handle_request

    async def counted(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        asked = json.loads(body) if body else {}
        if operation in OPERATIONS:
            body = json.dumps({**asked, "ReturnConsumedCapacity": "TOTAL"}).encode()
        status, answered, content = await handle(method, path, headers, body, query)
        if operation in OPERATIONS:
            found = json.loads(content) if content else {}
            read, write = units(operation, asked, found, done=status == 200)
            wrote = [*jobs_in(asked)] if status == 200 else []
            counts.note(operation=operation, read=read, write=write, wrote=wrote)
        return status, answered, content

    dynamodb.handle_request = counted


READS = {"GetItem", "Query"}
OPERATIONS = READS | {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


def units(operation: str, asked: Any, answer: Any, *, done: bool) -> tuple[float, float]:
    """Return read and write request units. A refused write is counted as one of 1 KB for each item."""
    if operation == "Query":  # the emulator counts half a unit whatever is read
        size = len(json.dumps(answer.get("Items", [])))
        return max(1, math.ceil(size / READ_KB)) * (1.0 if asked.get("ConsistentRead") else 0.5), 0.0
    if not done:
        return (
            (1.0, 0.0)
            if operation in READS
            else (0.0, 2.0 * len(asked["TransactItems"]) if "Trans" in operation else 1.0)
        )
    consumed = answer.get("ConsumedCapacity", [])
    total = sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
    return (total, 0.0) if operation in READS else (0.0, total)


def jobs_in(asked: Any) -> Any:
    """Yield each job whose status is written, as `[jobId, status]`."""
    for each in [asked, *(next(iter(item.values())) for item in asked.get("TransactItems", []))]:
        job = each.get("Item", {})
        if "jobId" in job and "status" in job:
            yield [job["jobId"]["S"], job["status"]["S"]]


def count_transitions(counts: Counts) -> None:
    """Count what Step Functions bills: each state entered, and each retry."""
    add = stepfunctions._add_event

    def counted(execution: Any, event_type: str, details: Any = None) -> Any:
        if event_type.endswith("StateEntered"):
            counts.note(transition=details["stateEnteredEventDetails"]["name"])
        elif event_type == "TaskFailed":
            counts.note(transition="retry")
        return add(execution, event_type, details)

    stepfunctions._add_event = counted
    put = stepfunctions._invoke_dynamodb  # a state machine's own calls do not come over HTTP

    def counted_put(operation: str, asked: Any) -> Any:
        counts.note(operation=operation, read=0.0, write=1.0, wrote=[*jobs_in(asked)])
        return put(operation, asked)

    stepfunctions._invoke_dynamodb = counted_put
    publish = stepfunctions._invoke_sns_publish

    def counted_publish(resource: str, asked: Any) -> Any:
        counts.note(called="sns")
        return publish(resource, asked)

    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = counted_publish


def count_operations(counts: Counts) -> None:
    """Count what Lambda bills for durable functions: operations that begin or are tried again, and bytes."""
    checkpoint = lambda_durable.handle_checkpoint

    def counted(arn: str, body: bytes) -> Any:
        updates = json.loads(body).get("Updates") or []
        begun = sum(each.get("Action") in ("START", "RETRY") for each in updates)
        counts.note(operations=begun, bytes=sum(len(each.get("Payload") or "") for each in updates))
        return checkpoint(arn, body)

    lambda_durable.handle_checkpoint = counted


def count_calls(counts: Counts, name: str, service: Any) -> None:
    """Count the calls of a service."""
    handle = service.handle_request

    async def counted(*given: Any, **named: Any) -> Answer:
        counts.note(called=name)
        answer: Answer = await handle(*given, **named)
        return answer

    service.handle_request = counted


# --- in favour of the designs -----------------------------------------------------------------------------------------


def fair() -> None:
    """Remove what the emulator distorts.

    - An invocation that logs nothing is kept for 50 ms, to wait for a log line. Here it is not.
    - Durable executions go on one after the other. Here AT_ONCE side by side.
    - A durable function that is invoked asynchronously never goes on after its first wait, and one whose process dies
      never goes on at all. Here both do; Lambda retries such an invocation.
    - Step Functions waits 0.15 s before each execution. Here it does not.
    """
    lambda_runtime.Worker._drain_stderr_bounded = lambda self: self._drain_stderr()
    durable = Durable()
    lambda_durable._resume_execution = lambda arn, *_: durable.later(arn, elapsed=True)
    dispatch, invoke = eventbridge._dispatch_to_lambda, lambda_svc.invoke_async_with_retry

    def dispatched(arn: str, payload: str) -> None:
        _, config, name = lambda_svc._get_func_record_for_ref(arn)
        if (config or {}).get("DurableConfig", {}).get("Enabled"):
            made = lambda_durable.create_execution_for_invoke(lambda_svc._func_arn(name), "$LATEST", payload)
            durable.later(made["DurableExecutionArn"])
        else:
            dispatch(arn, payload)

    def invoked(func: Any, event: Any) -> None:
        if isinstance(event, dict) and "DurableExecutionArn" in event:
            durable.later(event["DurableExecutionArn"])
        else:
            invoke(func, event)

    eventbridge._dispatch_to_lambda, lambda_svc.invoke_async_with_retry = dispatched, invoked
    stepfunctions.time = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=without_delay)


def without_delay(seconds: float) -> None:
    """Sleep, but not as long as the emulator does before each execution."""
    if seconds != DELAY:
        time.sleep(seconds)


class Durable:
    """Run the invocations of durable executions side by side."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def later(self, arn: str, *, elapsed: bool = False) -> None:
        """Invoke the function of an execution soon; `elapsed` if a wait of it is over."""
        self._pool.submit(copy_context().run, self._run, arn, elapsed)

    def _run(self, arn: str, elapsed: bool) -> None:
        record = lambda_durable._executions.get(arn)
        if not record or record["Status"] != "RUNNING":
            return
        if elapsed:
            self._end_waits(record)
        for _ in range(1 + RETRIES):
            result = self._invoke(arn, record)
            if not result.get("error"):
                break
            time.sleep(RETRY_SECONDS)
        answer = result.get("body")
        answer = json.loads(answer) if isinstance(answer, str) else answer or {}
        match answer.get("Status"):
            case "PENDING":
                lambda_durable.schedule_resume(arn)
            case "SUCCEEDED":
                lambda_durable.mark_execution_completed(arn, result_payload=answer.get("Result"), error=None)
            case _:
                lambda_durable.mark_execution_completed(arn, result_payload=None, error=answer.get("Error") or answer)

    @staticmethod
    def _end_waits(record: Any) -> None:
        for each in record["Operations"]:
            until = (each.get("WaitDetails") or {}).get("ScheduledEndTimestamp")
            if each.get("Status") == "STARTED" and until is not None and until <= time.time():
                each["Status"], each["EndTimestamp"] = "SUCCEEDED", time.time()

    @staticmethod
    def _invoke(arn: str, record: Any) -> Any:
        record["CheckpointToken"] = lambda_durable.new_checkpoint_token()
        token = record["CheckpointToken"]
        lambda_svc._durable_ctx.set({"arn": arn, "token": token, "name": record["DurableExecutionName"]})
        operations = lambda_durable._serialize_operations(record["Operations"], for_event=True)
        event = {
            "DurableExecutionArn": arn,
            "CheckpointToken": token,
            "InitialExecutionState": {"Operations": operations, "NextMarker": ""},
        }
        function = lambda_svc._functions.get(record["FunctionArn"].rsplit(":", 1)[-1])
        return lambda_svc._execute_function(function, event)


if __name__ == "__main__":
    main()
