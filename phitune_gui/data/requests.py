"""What the data desk can be asked; light to import, so that the window can ask without loading what answers."""

from pydantic import Field

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.recipe import DataSection
from phitune_gui.core.value import Value

SAMPLE_ROWS = 1000
"""Rows of a quick look; the sums are then scaled up and called estimated."""


class InspectRequest(Value):
    """Have the doctor look at the data; without a model there are no token figures. `max_rows` None reads everything."""

    data: DataSection
    model: BaseModel | None = None
    max_rows: int | None = Field(None, ge=1)
    seed: int = 7


class RowRequest(Value):
    """Read one row as a conversation, without a model; `row` counts from 0 through all files in order."""

    data: DataSection
    row: int = Field(0, ge=0)


class PreviewRequest(Value):
    """Show one row as the model will see it; `row` counts from 0 through all files in order."""

    data: DataSection
    model: BaseModel
    row: int = Field(0, ge=0)
    seed: int = 7
