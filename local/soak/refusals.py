"""Choose which requests DynamoDB and SNS refuse, and with which error.

One request in fifty is refused, half of these after it has had its effect: the answer is lost, and the SDK asks again.
And every so often one of the two refuses everything for a moment that no SDK's retries outlast.
"""

import json
import random
import time

from aiohttp import web

SERVICES = ("dynamodb", "sns")
BEFORE, AFTER = 0.01, 0.01
CALM, OUTAGE = (15.0, 30.0), 1.0  # seconds between outages; of an outage
SNS = """<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Receiver</Type>\
<Code>InternalError</Code><Message>The soak refuses.</Message></Error></ErrorResponse>"""


class Refusals:
    """Decides about each request as it comes."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._out, self._until, self._next = "", 0.0, time.monotonic() + chance.uniform(*CALM)

    def when(self, service: str) -> str:
        """Say whether a request to `service` is refused "before" or "after" its effect, or "never"."""
        if service not in SERVICES:
            return "never"
        now = time.monotonic()
        if now > self._next:
            self._out, self._until = self._chance.choice(SERVICES), now + OUTAGE
            self._next = now + self._chance.uniform(*CALM)
        if now < self._until and service == self._out:
            return "before"
        drawn = self._chance.random()
        return "before" if drawn < BEFORE else "after" if drawn < BEFORE + AFTER else "never"

    def answer(self, service: str, operation: str, *, done: bool) -> web.Response:
        """Return an error. If the request is `done` all the same, it can only be a server's failure."""
        if service == "sns":
            return web.Response(status=500, text=SNS, content_type="text/xml")
        if done:
            return of_dynamodb("InternalServerError", 500)
        if operation == "TransactWriteItems" and self._chance.random() < 1 / 2:
            conflict = [{"Code": "TransactionConflict"}, {"Code": "None"}]
            return of_dynamodb("TransactionCanceledException", 400, CancellationReasons=conflict)
        errors = [("InternalServerError", 500), ("ProvisionedThroughputExceededException", 400)]
        return of_dynamodb(*self._chance.choice(errors))


def of_dynamodb(code: str, status: int, **more: object) -> web.Response:
    """DynamoDB's form of an error."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "The soak refuses.", **more}
    return web.Response(status=status, text=json.dumps(body), content_type="application/x-amz-json-1.0")
