"""How DynamoDB and SNS say no, each in its own words."""

import json
import random

from aiohttp import web

CONFLICT = "TransactionCanceledException"
SNS = """<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Receiver</Type>\
<Code>InternalError</Code><Message>The soak refuses.</Message></Error></ErrorResponse>"""


def refusal(service: str, operation: str, *, done: bool, chance: random.Random) -> web.Response:
    """An error. If the request is `done` all the same, only a server's failure can be the answer."""
    if service == "sns":
        return web.Response(status=500, text=SNS, content_type="text/xml")
    if done:
        return dynamodb("InternalServerError", 500)
    if operation == "TransactWriteItems" and chance.random() < 1 / 2:
        return dynamodb(CONFLICT, 400, CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}])
    return dynamodb(*chance.choice([("InternalServerError", 500), ("ProvisionedThroughputExceededException", 400)]))


def dynamodb(code: str, status: int, **more: object) -> web.Response:
    """DynamoDB's form of an error."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "The soak refuses.", **more}
    return web.Response(status=status, text=json.dumps(body), content_type="application/x-amz-json-1.0")
