"""What the dataset doctor found in a dataset, row by row and in sum."""

from phitune_gui.core.value import Value


class RejectedRow(Value):
    """One row that cannot be used: file, line (from 1), why, and how to mend it."""

    file: str
    line: int
    reason: str
    fix: str
    broken: bool = False
    """True when the row itself is damaged, False when it can be read and is of no use."""


class Lengths(Value):
    """Token lengths of the kept rows before cutting; `histogram` holds (upper bound, count) pairs in ascending order."""

    min: int = 0
    p50: int = 0
    p95: int = 0
    max: int = 0
    histogram: tuple[tuple[int, int], ...] = ()


class DatasetReport(Value):
    """The doctor's findings. Without a tokenizer the token figures are 0 and `lengths` is empty.

    `rows` were read, `kept` can be used (train and validation together), `rejected` lists at most 200 of `rejected_count`.
    `train_rows`, `tokens` and `learned_tokens` count what is seen in one epoch, by the files' weights, after cutting at `max_length`.
    """

    files: tuple[str, ...]
    format: str
    format_certainty: float
    format_reason: str
    encoding: str
    columns: tuple[str, ...] = ()
    rows: int
    kept: int
    train_rows: int
    validation_rows: int
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    broken: int = 0
    """How many of the rejected rows are damaged."""
    lengths: Lengths = Lengths()
    max_length: int = 0
    truncated: int = 0
    fully_masked: int = 0
    duplicates: int = 0
    leaks: int = 0
    control_tokens_in_text: int = 0
    tokens: int = 0
    learned_tokens: int = 0
    estimated: bool = False
    """True when only the first rows were read and the sums are scaled up."""
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
