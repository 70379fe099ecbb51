"""The control API: does over HTTP what a test in the same process does with the object."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from local.neptune_ml.state import Neptune

Body = dict[str, Any]

# The names in a body are those of the AWS API where there are such; here they become the methods' arguments.
_ARGUMENTS: Final = {
    "id": "job_id",
    "cloudwatchLogUrl": "log_url",
    "detailedMessage": "message",
    "failureReason": "reason",
    "neptuneIamRoleArn": "role",
}
_NAMES: Final = {argument: name for name, argument in _ARGUMENTS.items()} | {"kind": "fault"}


class Control:
    """One method for each thing that can be asked for; what it returns is sent as JSON."""

    def __init__(self, neptune: Neptune) -> None:
        self._neptune = neptune

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, all below `/_local/`."""
        return [
            web.get("/_local/requests", _json(self.requests)),
            web.get("/_local/summary", _json(self.summary)),
            web.get("/_local/faults", _json(self.faults)),
            web.post("/_local/faults", _json(self.add_fault)),
            web.delete("/_local/faults", _json(self.clear_faults)),
            web.post("/_local/data-processing-jobs", _json(self.add_data_processing_job)),
            web.post("/_local/jobs/{id}", _json(self.change_job)),
            web.post("/_local/fail-jobs", _json(self.fail_jobs)),
            web.post("/_local/reset", _json(self.reset)),
        ]

    async def requests(self, request: web.Request) -> Body:
        """Show what Neptune was asked; with `?since=N` only what came after request N."""
        since = int(request.query.get("since", "0"))
        return {"requests": [entry.describe() for entry in self._neptune.requests if entry.number > since]}

    async def summary(self, _: web.Request) -> Body:
        """Show the counts."""
        return {**self._neptune.summary()}

    async def faults(self, _: web.Request) -> Body:
        """Show the faults in force."""
        return {"faults": [_named(asdict(fault)) for fault in self._neptune.faults()]}

    async def add_fault(self, request: web.Request) -> Body:
        """Put a fault in force."""
        self._neptune.fail(**_arguments(await _body(request)))
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> Body:
        """Remove all faults."""
        self._neptune.clear_faults()
        return await self.faults(request)

    async def add_data_processing_job(self, request: web.Request) -> Body:
        """Add a data-processing job."""
        self._neptune.add_data_processing_job(**_arguments(await _body(request)))
        return {}

    async def change_job(self, request: web.Request) -> Body:
        """Let a training job fail, complete, be forgotten, or show any status."""
        job_id = request.match_info["id"]
        match await _body(request):
            case {"complete": True}:
                self._neptune.complete_job(job_id)
            case {"forget": True}:
                self._neptune.forget_job(job_id)
            case {"status": str() | None as status}:
                self._neptune.force_status(job_id, status)
            case {"fail": stage, **others}:
                self._neptune.fail_job(job_id, stage, **_arguments(others))
            case _:
                raise ValueError('say one of: "fail": stage, "complete": true, "forget": true, "status": text')
        return {}

    async def fail_jobs(self, request: web.Request) -> Body:
        """Let a share of the jobs to come fail."""
        self._neptune.fail_jobs_by_chance(**_arguments(await _body(request)))
        return {}

    async def reset(self, _: web.Request) -> Body:
        """Start anew."""
        self._neptune.reset()
        return {}


def _json(method: Callable[[web.Request], Awaitable[Body]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response(await method(request))
        except KeyError as unknown:
            return web.json_response({"error": f"there is no job {unknown}"}, status=404)
        except (TypeError, ValueError) as wrong:
            return web.json_response({"error": str(wrong)}, status=400)

    return answer


async def _body(request: web.Request) -> Body:
    body = await request.json()
    if not isinstance(body, dict):
        raise TypeError("the body must be a JSON object")
    return body


def _arguments(body: Body) -> Body:
    return {_ARGUMENTS.get(name, name): value for name, value in body.items()}


def _named(attributes: Body) -> Body:
    return {_NAMES.get(name, name): value for name, value in attributes.items()}
