"""What the data desk can do: operations by name, each with what it must be asked and what answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pydantic

from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Conversation, Preview
from phitune_gui.data.requests import InspectRequest, PreviewRequest, RowRequest


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to ask: the type that the fields of a request are validated by, and the function that answers it with values.

    `answer` may raise CannotStart. What it needs is imported when it is first asked, so that the desk is up at once. One that may
    take long `tells`: it is given, besides the request, what to call now and then with the part that is done and the rows so far.
    """

    request: type[pydantic.BaseModel]
    answer: Callable[..., Any]
    tells: bool = False


def _inspect(request: InspectRequest, tell: Callable[[float, int], None] | None = None) -> DatasetReport:
    from phitune_gui.data.inspection import inspect

    return inspect(request, tell)


def _preview(request: PreviewRequest) -> Preview:
    from phitune_gui.data.preview import preview_row

    return preview_row(request)


def _row(request: RowRequest) -> Conversation:
    from phitune_gui.data.preview import read_row

    return read_row(request)


OPERATIONS: dict[str, Operation] = {
    "inspect": Operation(InspectRequest, _inspect, tells=True),
    "preview": Operation(PreviewRequest, _preview),
    "row": Operation(RowRequest, _row),
}
