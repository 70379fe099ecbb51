"""Checks a request's SigV4 signature as a Neptune cluster with IAM authentication does: by computing it again."""

import hmac
import re
from hashlib import sha256
from typing import Final

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.neptune_ml.errors import NeptuneError

SERVICE: Final = "neptune-db"
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, *"
    r"SignedHeaders=(?P<headers>[^,]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_MISMATCH: Final = "The request signature we calculated does not match the signature you provided."


def verify(request: web.Request, body: bytes, access_key: str, secret_key: str) -> None:
    """Raise NeptuneError (AccessDeniedException) unless `request` with `body` is signed with these credentials."""
    given = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if given is None or "X-Amz-Date" not in request.headers:
        raise _denied("Missing Authentication Token")
    if given["key"] != access_key:
        raise _denied("The security token included in the request is invalid.")
    if given["service"] != SERVICE:
        raise _denied(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if not {"host", "x-amz-date"} <= set(given["headers"].split(";")):
        raise _denied(_MISMATCH)
    if request.headers.get("X-Amz-Content-SHA256", digest := sha256(body).hexdigest()) != digest:
        raise _denied(_MISMATCH)
    if not hmac.compare_digest(given["signature"], _signature(request, body, given, secret_key)):
        raise _denied(_MISMATCH)


def _signature(request: web.Request, body: bytes, given: re.Match[str], secret_key: str) -> str:
    auth = SigV4Auth(Credentials(given["key"], secret_key), SERVICE, given["region"])
    # Only what the client signed, and the path as it came: one that is decoded and encoded again may differ.
    signed = {name: request.headers[name] for name in given["headers"].split(";") if name in request.headers}
    copied = AWSRequest(request.method, f"{request.scheme}://{request.host}{request.raw_path}", signed, body)
    copied.context["timestamp"] = request.headers["X-Amz-Date"]
    return auth.signature(auth.string_to_sign(copied, auth.canonical_request(copied)), copied)


def _denied(message: str) -> NeptuneError:
    return NeptuneError("AccessDeniedException", message)
