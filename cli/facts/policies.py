"""Evaluate a policy document for one request, as far as the known facts allow.

This is for the policies of resources (queues, keys, endpoints, buckets), which IAM's policy simulator does not take for
a role. A condition on a key that is not known here, or with an operator that is not known here, cannot be judged.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call: who makes it (an ARN or a service's name), what, on which ARN, with which condition keys."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def allows(document: Document, request: Request) -> bool | None:
    """Return True if a statement allows the request and none denies it; None if a condition cannot be judged."""
    allowed, denied = _any(document, "Allow", request), _any(document, "Deny", request)
    if denied or allowed is False:
        return False
    return True if allowed and denied is False else None


def denies(document: Document, request: Request) -> bool | None:
    """Return True if a statement denies the request; None if a condition cannot be judged."""
    return _any(document, "Deny", request)


def _any(document: Document, effect: str, request: Request) -> bool | None:
    statements = (each for each in _listed(document.get("Statement", [])) if each.get("Effect") == effect)
    found = {_matches(each, request) for each in statements}
    return True if True in found else None if None in found else False


def _matches(statement: Document, request: Request) -> bool | None:
    named = (
        _principal(statement, request.principal),
        _listed_in(statement, "Action", request.action.lower(), str.lower),
        _listed_in(statement, "Resource", request.resource, str),
    )
    conditions = [
        _condition(operator, key, _listed(values), request.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    found = {*named, *conditions}
    return False if False in found else None if None in found else True


def _principal(statement: Document, principal: str) -> bool | None:
    if "NotPrincipal" in statement:
        return None
    said = statement.get("Principal", "*")
    if said == "*":
        return True
    named = {each for values in said.values() for each in _listed(values)}
    account = principal.split(":")[4] if principal.startswith("arn:") else ""
    whole_account = {account, f"{':'.join(principal.split(':')[:2])}:iam::{account}:root"} if account else set()
    return bool(named & {principal, "*", *whole_account})


def _listed_in(statement: Document, name: str, value: str, form: Any) -> bool:
    if f"Not{name}" in statement:
        return not _any_like((form(each) for each in _listed(statement[f"Not{name}"])), value)
    return _any_like((form(each) for each in _listed(statement.get(name, "*"))), value)


def _condition(operator: str, key: str, values: list[Any], context: Mapping[str, str]) -> bool | None:
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    found = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if found is None:
        return True if operator.endswith("IfExists") else None
    positive = operator.removesuffix("IfExists").replace("Not", "")
    if positive not in ("StringEquals", "Bool", "StringLike", "ArnLike", "ArnEquals"):
        return None
    matches = found in texts if positive in ("StringEquals", "Bool") else _any_like(texts, found)
    return matches is not ("Not" in operator)


def _any_like(patterns: Iterable[str], value: str) -> bool:
    return any(re.fullmatch(_pattern(each), value, re.DOTALL) for each in patterns)


def _pattern(text: str) -> str:
    """Return IAM's wildcards as a regular expression: `*` is any text, `?` one character."""
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in text)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
