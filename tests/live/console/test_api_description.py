"""The API against its own description, asked by schemathesis."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mailauth.testing import RunningServer
from tests.support.writing import Story

pytestmark = pytest.mark.xdist_group("api description")

EXAMPLES = 10  # of a route


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with some logs, which must not complain of anything that it is asked."""
    home = tmp_path_factory.mktemp("asked")
    story = Story(home / "logs")
    story.login(client_name="Thunderbird", client_version="153")
    story.login("mary@mydomain.com", "SMTP")
    story.login("mary@mydomain.com", "SMTP", secure=True)
    with RunningServer(home) as running:
        yield running
        assert running.stderr_file.read_text() == ""


def test_the_api_is_as_it_is_described(asked: RunningServer) -> None:
    """Whatever is asked: never a 5xx, and what is answered has the type that was promised."""
    schema = schemathesis.openapi.from_url(f"{asked.ready.console}api/v1/openapi.json")
    operations = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operations.append(found.ok())
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Case[Any]) -> None:
            if case.query:
                case.query.pop("wait", None)  # nothing comes, however long one waits
            case.call_and_validate(
                headers={"Authorization": f"Bearer {asked.ready.api_token}"},
                checks=[
                    not_a_server_error,
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
                timeout=20,
            )

        ask()
    assert len(operations) > 10


def test_every_operation_has_a_name_of_its_own(asked: RunningServer) -> None:
    """Generated clients name their functions by it."""
    with urlopen(f"{asked.ready.console}api/v1/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert {"getMe", "getAttempts", "postReset", "putListenersNameFaultFault"} <= set(names)
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
