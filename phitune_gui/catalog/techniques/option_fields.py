"""Options that several techniques have in common, declared once."""

from pydantic import Field

DROPOUT = Field(
    0.0, ge=0, le=0.9, title="Dropout", description="Share of inputs dropped while training, against learning by heart.",
    json_schema_extra={"advanced": True},
)  # fmt: skip
BLOCK_DROPOUT = Field(
    0.0, ge=0, le=0.9, title="Dropout", description="Share of blocks left unturned while training, against learning by heart.",
    json_schema_extra={"advanced": True},
)  # fmt: skip
DOUBLE_QUANTISATION = Field(
    True, title="Double quantisation", description="Keeps the constants of 4-bit weights in 8 bits as well: 0.4 bits less per weight.",
    json_schema_extra={"advanced": True},
)  # fmt: skip
