"""Neptune ML's HTTP interface: which request is which operation, and the way of each through the server."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiohttp import web

from local.neptune_ml.cluster import Answer, Cluster
from local.neptune_ml.control import Control
from local.neptune_ml.errors import NeptuneError
from local.neptune_ml.faults import START
from local.neptune_ml.log import Request
from local.neptune_ml.replies import Reply
from local.neptune_ml.signature import verify
from local.neptune_ml.state import Neptune, State
from local.web_page_guard_aiohttp import guard


@dataclass(frozen=True, slots=True)
class Call:
    """A request, read: the id it is about, and its body as sent."""

    job_id: str | None
    query: dict[str, str]
    body: bytes

    @property
    def about(self) -> tuple[str, dict[str, str]]:
        """The job's id and the query."""
        return self.job_id or "", self.query

    @property
    def parameters(self) -> Any:
        """The body's JSON. Raises NeptuneError if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise NeptuneError("BadRequestException", "The request body is not valid JSON.") from None


TUNING: Final = "DescribeHyperParameterTuningJob"

Operation = Callable[[Cluster, Call], Answer]

_ROUTES: Final[list[tuple[str, str, str, Operation]]] = [
    ("POST", "/ml/modeltraining", START, lambda cluster, call: cluster.start(call.parameters)),
    ("GET", "/ml/modeltraining", "ListMLModelTrainingJobs", lambda cluster, call: cluster.list_ids(call.query)),
    ("GET", "/ml/modeltraining/{id}", "GetMLModelTrainingJob", lambda cluster, call: cluster.get(*call.about)),
    ("DELETE", "/ml/modeltraining/{id}", "CancelMLModelTrainingJob", lambda cluster, call: cluster.cancel(*call.about)),
    ("GET", "/ml/dataprocessing/{id}", "GetMLDataProcessingJob", lambda cluster, call: cluster.get_data(*call.about)),
]


def application(neptune: Neptune) -> web.Application:
    """Return the aiohttp application that serves `neptune`, its control API under `/_local/` included."""
    app = web.Application(middlewares=[guard])
    for method, path, name, operation in _ROUTES:
        app.router.add_route(method, path, partial(_serve, neptune, name, operation))
    app.router.add_post("/", partial(_sagemaker, neptune))
    app.add_routes(Control(neptune).routes())
    app.router.add_route("*", "/{path:.*}", _unsupported)
    return app


async def _sagemaker(neptune: Neptune, request: web.Request) -> web.Response:
    """Answer as SageMaker does: all operations have one path, and a header has the operation's name."""
    if request.headers.get("X-Amz-Target") != f"SageMaker.{TUNING}":
        return await _unsupported(request)
    response = await _serve(neptune, TUNING, lambda cluster, call: cluster.tuning_job(call.parameters), request)
    if (code := response.headers.get("x-amzn-errortype")) and response.text:
        response.text = json.dumps({"__type": code, "message": json.loads(response.text)["detailedMessage"]})
    return response


async def _serve(neptune: Neptune, name: str, operation: Operation, request: web.Request) -> web.Response:
    body = await request.read()
    call = Call(request.match_info.get("id") or _id_in(body), dict(request.query), body)
    post = name == START
    with neptune.lock:
        state = neptune.state  # this one to the end, whatever reset does meanwhile
        entry = state.log.arrive(neptune.clock(), name, call.job_id, body, post=post)
    reply = Reply("cancelled")
    try:
        reply = await _answered(neptune, state, entry, partial(operation, state.cluster, call), request)
    finally:
        with neptune.lock:
            entry.answer, entry.status = reply.name, reply.status
            state.log.leave(entry)
    return reply.send(request)


async def _answered(
    neptune: Neptune, state: State, entry: Request, effect: Callable[[], Answer], request: web.Request
) -> Reply:
    try:
        if neptune.check_signature and entry.operation != TUNING:
            verify(request, entry.body, neptune.access_key, neptune.secret_key)
    except NeptuneError as refusal:
        return Reply.error(refusal)
    with neptune.lock:
        fault = state.faults.draw(entry.operation, entry.id)
        entry.fault = fault.kind if fault else None
    if fault is None:
        return _carried_out(neptune, state, entry, effect)
    if fault.kind == "slow-before":
        # aiohttp lets a handler go on when its client has gone, and so does Neptune.
        await asyncio.sleep(fault.seconds)
    reply = _carried_out(neptune, state, entry, effect) if fault.accepts else Reply("nothing")
    if fault.kind != "slow-before":
        await asyncio.sleep(fault.seconds)
    return reply.spoilt(fault)


def _carried_out(neptune: Neptune, state: State, entry: Request, effect: Callable[[], Answer]) -> Reply:
    with neptune.lock:
        try:
            answer = effect()
        except NeptuneError as error:
            return Reply.error(error)
        if entry.accepted is not None:
            state.log.accept(entry, answer["id"])
        return Reply.success(answer)


def _id_in(body: bytes) -> str | None:
    try:
        given = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return given if isinstance(given, str) else None


async def _unsupported(request: web.Request) -> web.Response:
    error = NeptuneError(
        "UnsupportedOperationException", f"The local Neptune ML has no {request.method} {request.path}."
    )
    return Reply.error(error).send(request)
