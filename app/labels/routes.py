"""Routes of labels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.http.dependencies import Transaction, requires
from app.http.parameters import DatasetId, LinkOf, PageSize, PageToken
from app.http.problems import READING, SENDING, documented
from app.http.strict import StrictRoute
from app.labels.service import Labels
from app.labels.wire import LabelPage, LabelsReport, LabelsRequest, LabelState

router = APIRouter(
    prefix="/datasets/{dataset_id}/labels",
    tags=["labels"],
    route_class=StrictRoute,
    dependencies=[requires("labels")],
)


def _labels(session: Transaction) -> Labels:
    return Labels(session)


LabelsOf = Annotated[Labels, Depends(_labels)]


@router.post("", responses=documented(*READING, *SENDING))
def record_labels(dataset_id: DatasetId, request: LabelsRequest, labels: LabelsOf) -> LabelsReport:
    """Say which scenes are queued, labelled or skipped; late and repeated events change nothing."""
    return labels.record(dataset_id, request)


@router.get("", responses=documented(*READING))
def list_labels(
    dataset_id: DatasetId,
    labels: LabelsOf,
    link: LinkOf,
    state: Annotated[LabelState | None, Query(description="Only scenes in this state.")] = None,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> LabelPage:
    """List the scenes of which something is said, in the source's order, with what it took."""
    return link(labels.page(dataset_id, state, page_size, page_token))
