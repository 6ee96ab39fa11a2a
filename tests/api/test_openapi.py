"""The OpenAPI document describes what the service really does."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.service import SCOPES
from app.callbacks.webhooks import signed_headers
from app.callbacks.wire import CallbackEvent
from app.cli.openapi import document as document_text
from app.datasets.validation_wire import ValidationRequest
from app.datasets.wire import DatasetRequest
from app.hooks.models import ModelSetUp, PredictionRequest
from app.hooks.wire import HookRequest
from app.labels.wire import LabelsRequest
from app.pushes.wire import PushRequest, SyncRequest
from app.seeds.wire import FrontierRequest, SeedRequest

_COMMON = {"content-length", "content-type", "vary"}


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    """Fetch the document as it is served."""
    served: dict[str, Any] = client.get("/openapi.json").json()
    return served


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_every_error_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    """Each documented error status is application/problem+json with the one schema."""
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_operation_ids_are_unique_names(document: dict[str, Any]) -> None:
    """A generated client gets readable, unique method names."""
    names = [operation["operationId"] for operation in _operations(document)]
    assert len(set(names)) == len(names)
    assert "create_seed" in names


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """The document has no dangling reference."""

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in references(value)]
        return (
            [ref for value in node for ref in references(value)] if isinstance(node, list) else []
        )

    for reference in references(document):
        group, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][group]


def test_a_body_that_is_read_may_be_malformed_or_too_large(document: dict[str, Any]) -> None:
    """Every route with a JSON body documents 400, 413 and 422."""
    for operation in _operations(document):
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"400", "413", "422"} <= set(operation["responses"])


def test_examples_are_requests_that_are_understood(document: dict[str, Any]) -> None:
    """Every JSON body has examples, and each is valid."""
    models = {
        model.__name__: model
        for model in (
            DatasetRequest,
            ValidationRequest,
            SeedRequest,
            FrontierRequest,
            LabelsRequest,
            HookRequest,
            ModelSetUp,
            PredictionRequest,
            PushRequest,
            SyncRequest,
        )
    }
    for operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and "example" in content["application/json"]:
            continue  # what a platform sends is kept as it comes
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            examples = document["components"]["schemas"][name]["examples"]
            assert examples
            for example in examples:
                models[name].model_validate_json(json.dumps(example))


def test_every_tag_is_explained(document: dict[str, Any]) -> None:
    """The document groups its calls under tags that it describes, and says where it is served."""
    used = {tag for operation in _operations(document) for tag in operation["tags"]}
    assert used == {tag["name"] for tag in document["tags"] if tag["description"]}
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_headers_that_are_sent_are_described(
    client: TestClient, document: dict[str, Any], ready: str
) -> None:
    """What a response carries beyond its body's own type is in the document."""
    body = {"budget": {"fraction": 0.4}}
    sent = {"Idempotency-Key": "described"}
    path = f"/v1/datasets/{ready}"
    for _ in range(2):
        created = client.post(f"{path}/seeds", json=body, headers=sent)
    seed = f"/v1/seeds/{created.json()['id']}"
    tried = [
        ("post", "/v1/datasets/{dataset_id}/seeds", created),
        ("get", "/v1/datasets/{dataset_id}/scenes", client.get(f"{path}/scenes?page_size=2")),
        ("get", "/v1/seeds/{seed_id}", client.get(seed)),
        ("get", "/v1/seeds/{seed_id}/export", client.get(f"{seed}/export?format=csv")),
        ("get", "/v1/datasets/{dataset_id}", client.get("/v1/datasets/none")),
    ]
    for method, template, answer in tried:
        responses = document["paths"][template][method]["responses"]
        described = {name.lower() for name in responses[str(answer.status_code)]["headers"]}
        assert set(answer.headers) - _COMMON <= described, template


def test_no_page_loads_scripts_from_elsewhere(client: TestClient) -> None:
    """The framework's documentation pages, which do, are off."""
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404


def test_the_api_process_imports_no_deep_learning() -> None:
    """Importing the API loads neither torch nor FAISS nor timm."""
    code = "import app.main, sys; print({'torch', 'faiss', 'timm'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_every_call_names_the_scopes_that_it_needs(document: dict[str, Any]) -> None:
    """Under /v1 nothing is open, and the document says which keys are good for what."""
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["scheme"], schemes["api_key"]["name"]) == ("bearer", "X-API-Key")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/v1/"):
                assert "security" not in operation
                continue
            if path.startswith(("/v1/hooks/", "/v1/media/")):
                assert operation["security"] == []  # the address is a key
                continue
            ways = [way for need in operation["security"] for way in need.items()]
            scopes = {scope for _, (scope,) in ways}
            assert {scheme for scheme, _ in ways} == set(schemes), path
            assert scopes <= set(SCOPES), path
            assert {scope.endswith(":read") for scope in scopes} == {method == "get"}, path
            assert {"401", "403"} <= set(operation["responses"])
            for scope in scopes:
                assert f"`{scope}`" in operation["description"]
                assert f"`{scope}`" in operation["responses"]["403"]["description"]


def test_the_document_is_the_same_whenever_it_is_asked_for(
    client: TestClient, document: dict[str, Any]
) -> None:
    """It is written once."""
    assert client.get("/openapi.json").json() == document


def test_the_committed_document_is_the_one_that_is_served() -> None:
    """A change of the API shows in review: `make openapi` writes docs/openapi.json anew."""
    committed = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
    assert committed.read_text(encoding="utf-8").rstrip() == document_text()


def test_every_body_has_a_schema(document: dict[str, Any]) -> None:
    """Generators of clients leave out what has none: files are strings, text or binary."""
    for operation in _operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for kind, content in body.get("content", {}).items():
                assert content["schema"], (operation["operationId"], kind)


def test_callbacks_are_described_as_they_are_sent(document: dict[str, Any]) -> None:
    """What a receiver gets is the one webhook: its headers are ours, and its body has a model."""
    (operation,) = document["webhooks"]["operation-ended"].values()
    assert operation["operationId"] not in {one["operationId"] for one in _operations(document)}
    named = {parameter["name"] for parameter in operation["parameters"]}
    secret = f"whsec_{base64.b64encode(bytes(24)).decode()}"
    sent = signed_headers("msg_1", secret, datetime(2026, 11, 30, tzinfo=UTC), "{}")
    assert named == {name for name in sent if name.startswith("webhook-")}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/CallbackEvent"}
    (example,) = document["components"]["schemas"]["CallbackEvent"]["examples"]
    assert CallbackEvent.model_validate_json(json.dumps(example)).data.status == "succeeded"
    assert "422" not in operation["responses"]
