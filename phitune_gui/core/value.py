"""The one base of every value: frozen, strict about unknown keys, readable and writable as JSON."""

import math
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A measured figure. JSON knows no NaN: not-finite figures are written as null and read back as NaN, a gap in every plot."""


class Value(BaseModel):
    """A frozen pydantic model; equality is by content and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)


class Written(Value):
    """A value that people write. `true` is no 1 in it, as it would be to Python."""

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        values = value if isinstance(value, list | tuple) else (value,)
        kind = cls.model_fields[info.field_name or ""].annotation
        if any(isinstance(each, bool) for each in values) and bool not in (kind, *get_args(kind)):
            raise PydanticCustomError("truth_value", "True and false are no possible values here")
        return value


class Lenient(BaseModel):
    """A frozen pydantic model for files made elsewhere: unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
