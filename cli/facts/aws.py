"""Ask AWS, and tell apart what does not exist, what there is no permission to read, and what cannot be reached."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    ParamValidationError,
)

from cli.exits import DENIED, EXPIRED, INVALID
from cli.facts.permissions import ALL, FREE

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=30)


class NotCheckable(Exception):  # noqa: N818
    """A fact cannot be read: `permission` is the IAM action that is missing, or empty, `why` says it in words."""

    def __init__(self, why: str, permission: str = "") -> None:
        super().__init__(why)
        self.why, self.permission = why, permission


class NotNeeded(Exception):  # noqa: N818
    """A fact does not exist here, such as the subnets of functions outside a VPC: `why` says it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Aws:
    """Clients of one session. Every call goes through `ask` or `pages`, and has to be one of those in `permissions`."""

    def __init__(self, session: boto3.Session) -> None:
        self.session = session
        self.region: str = session.region_name
        self.partition: str = session.get_partition_for_region(self.region)
        self._client = cache(lambda service: session.client(service, config=RETRIES))

    @cached_property
    def account(self) -> str:
        """The account's id, twelve digits."""
        return str(self.ask("sts", "get_caller_identity")["Account"])

    def ask(self, service: str, operation: str, absent: tuple[str, ...] = (), **parameters: Any) -> Any:
        """Return the answer of one call, or None if AWS answers with one of the codes `absent`.

        Raises:
            NotCheckable: the permission is missing, or AWS cannot answer.
            ClientError, BotoCoreError: there are no credentials, or they are not valid: no call will be answered.
        """
        return self._answer(service, operation, absent, lambda: getattr(self._client(service), operation)(**parameters))

    def pages(
        self, service: str, operation: str, key: str, absent: tuple[str, ...] = (), **parameters: Any
    ) -> list[Any]:
        """Return the items under `key` of all pages; none if AWS answers with one of the codes `absent`."""
        client = self._client(service)
        paginator = client.get_paginator(operation)

        def items() -> list[Any]:
            return [item for page in paginator.paginate(**parameters) for item in page.get(key, [])]

        return self._answer(service, operation, absent, items) or []

    def operation(self, service: str, method: str) -> str:
        """Return the API's name of an operation that boto3 calls `method`, such as `DescribeDBClusters`."""
        return str(self._client(service).meta.method_to_api_mapping[method])

    @staticmethod
    def _answer(service: str, operation: str, absent: tuple[str, ...], call: Callable[[], Any]) -> Any:
        permission = "" if (service, operation) in FREE else ALL[service, operation]
        try:
            return call()
        except ClientError as error:
            code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            if code in absent:
                return None
            if code in EXPIRED | INVALID:
                raise
            if code in DENIED:
                raise NotCheckable(f"needs the permission {permission}", permission) from error
            raise NotCheckable(f"{error.operation_name}: {message or code}") from error
        except (ConnectionError, HTTPClientError, ParamValidationError) as error:
            raise NotCheckable(str(error)) from error
