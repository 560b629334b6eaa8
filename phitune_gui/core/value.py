"""The one base of every value: frozen, strict about unknown keys, readable and writable as JSON."""

import math
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A measured figure. JSON knows no NaN: not-finite figures are written as null and read back as NaN, a gap in every plot."""


class Value(BaseModel):
    """A frozen pydantic model; equality is by content and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)


class Lenient(BaseModel):
    """A frozen pydantic model for files made elsewhere: unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
