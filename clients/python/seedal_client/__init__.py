"""A client of SeedAL Service: which scenes to label first, asked from Python.

Examples
--------
>>> from seedal_client import Client
>>> with Client("http://127.0.0.1:8000") as client:
...     seed = client.create_seed("ds_1", "10%")
"""

from seedal_client.aio import AsyncClient
from seedal_client.client import Client
from seedal_client.errors import (
    BusyError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    OperationFailedError,
    ProblemError,
    SeedalError,
    ServiceFailedError,
    UnauthenticatedError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from seedal_client.models import (
    Dataset,
    Frontier,
    LabelledScene,
    LabelsReport,
    LabelSummary,
    Operation,
    Scene,
    Seed,
    SeedSummary,
)
from seedal_client.protocol import Retries

__all__ = [
    "AsyncClient",
    "BusyError",
    "Client",
    "ConflictError",
    "ConnectionFailedError",
    "Dataset",
    "ForbiddenError",
    "Frontier",
    "InvalidArgumentError",
    "InvalidRequestError",
    "LabelSummary",
    "LabelledScene",
    "LabelsReport",
    "NotFoundError",
    "Operation",
    "OperationFailedError",
    "ProblemError",
    "Retries",
    "Scene",
    "Seed",
    "SeedSummary",
    "SeedalError",
    "ServiceFailedError",
    "UnauthenticatedError",
    "UnexpectedAnswerError",
    "WaitTimeoutError",
]
