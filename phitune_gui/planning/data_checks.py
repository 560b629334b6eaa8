"""What is wrong with the data of a plan, or worth knowing about it, from the dataset doctor's report."""

from collections.abc import Iterator
from pathlib import Path

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.problem import Problem, Severity
from phitune_gui.core.recipe import Recipe

_DATA = "data.sources"
_LENGTH = "data.max_length"


def check_data(recipe: Recipe, report: DatasetReport | None, told: bool) -> Iterator[Problem]:
    """No dataset, or one that nobody has read; `told` when another finding already says why it was not read."""
    if not recipe.data.sources:
        yield Problem(
            where=_DATA, what="No dataset is chosen.", how_to_fix="Choose a file with the rows to learn from, or drop one here.",
            on_command_line="On the command line: --data FILE.",
        )  # fmt: skip
    elif report is None and not told:
        yield _finding("problem", _DATA, "The dataset has not been read yet.", "Wait until it is read, or choose it again.")


def check_rows(recipe: Recipe, model: BaseModel | None, report: DatasetReport) -> Iterator[Problem]:
    """What the doctor found: first what leaves nothing to learn, then what is worth knowing."""
    if not report.kept:
        yield nothing_usable(report)
        return
    stops = bool(report.broken) and recipe.data.broken_rows == "stop"
    if stops:
        yield _broken(report)
    if not report.train_rows:
        yield _finding(
            "problem", "data.validation", f"All {report.kept:,} usable rows are held out, so none is left to learn from.",
            "Hold out fewer rows, or add more.",
        )  # fmt: skip
    elif report.tokens and not report.learned_tokens:
        yield _nothing_learned(recipe, model, report)
    elif report.fully_masked:
        yield _finding(
            "advice", _LENGTH, f"Nothing is learned from {_rows(report.fully_masked)}, because no answer is left within the limit.",
            f"{_above(recipe, model)} or remove these rows.",
        )  # fmt: skip
    yield from _cuts(recipe, model, report)
    yield from _left_out(report.rejected_count - (report.broken if stops else 0), report.rows)
    yield from _doubts(report)


def nothing_usable(report: DatasetReport, limit_name: str = _LENGTH) -> Problem:
    """Why no row was kept; `limit_name` is what the person calls the length limit."""
    if not report.rows:
        return _finding("problem", _DATA, "The dataset holds no rows.", "Choose a file with at least a few rows.")
    if report.fully_masked and report.fully_masked >= report.rejected_count:
        return _finding(
            "problem", _LENGTH, f"None of {_rows(report.rows)} can be used: in {report.fully_masked:,} of them no answer is left within"
            f" {report.max_length:,} tokens.", f"Raise {limit_name} above {report.max_length}.",
        )  # fmt: skip
    first = report.rejected[0] if report.rejected else None
    why = f" The first one: {first.reason}" if first else ""
    return _finding(
        "problem", _DATA, f"None of {_rows(report.rows)} can be used.{why}",
        first.fix if first else "Choose another format or map the columns.",
    )  # fmt: skip


def _broken(report: DatasetReport) -> Problem:
    first = next((row for row in report.rejected if row.broken), None)
    others = f" {_rows(report.broken - 1)} more cannot be read either." if report.broken > 1 else ""
    fix = "Mend the file, or set data.broken_rows to leave_out."
    if first is None:
        return _finding("problem", _DATA, f"{_rows(report.broken)} of the dataset cannot be read.", fix)
    name = Path(first.file).name
    place = f"Line {first.line} of {name} cannot be read: " if first.line else f"A row of {name} cannot be read: "
    return _finding("problem", f"{first.file}:{first.line}", f"{place}{first.reason}{others}", fix)


def _nothing_learned(recipe: Recipe, model: BaseModel | None, report: DatasetReport) -> Problem:
    if report.truncated:
        return _finding(
            "problem", _LENGTH, f"No answer is left to learn from: all are cut off at {recipe.data.max_length:,} tokens.",
            f"{_above(recipe, model)} or choose other rows.",
        )  # fmt: skip
    return _finding(
        "problem", "data.train_on", "No token of any row would be learned: the rows hold no answers.",
        "Check format and columns in the preview, or set data.train_on to everything.",
    )  # fmt: skip


def _cuts(recipe: Recipe, model: BaseModel | None, report: DatasetReport) -> Iterator[Problem]:
    if report.truncated:
        yield _finding(
            "advice", _LENGTH, f"Cut because longer than {recipe.data.max_length:,} tokens: {_rows(report.truncated)}.",
            _longer(recipe, model, report.lengths.max),
        )  # fmt: skip
    window = model.sliding_window if model else None
    longest = min(report.lengths.max, recipe.data.max_length)
    if model and window and longest > window:
        yield _finding(
            "advice", _LENGTH,
            f"The longest row has {longest:,} tokens, but {model.name} looks back at most {window:,}: links across more are not learned.",
            f"Set data.max_length to {window} or split long texts.",
        )  # fmt: skip


def _above(recipe: Recipe, model: BaseModel | None) -> str:
    """Where a longer limit helps nothing, texts must become shorter."""
    limit = recipe.data.max_length
    return "Shorten the questions," if model and model.context and limit >= model.context else f"Raise data.max_length above {limit},"


def _longer(recipe: Recipe, model: BaseModel | None, longest: int) -> str:
    """As far as the model reads, and no further."""
    most = (model.context if model else 0) or longest
    told = f"the longest row has {longest:,} tokens"
    if recipe.data.max_length >= most:
        return f"Split long texts: {told}, and {model.name if model else 'the model'} reads {most:,} at most."
    return f"Raise data.max_length; {told}." if longest <= most else f"Raise data.max_length to {most:,} at most, or split texts; {told}."


def _left_out(count: int, rows: int) -> Iterator[Problem]:
    if count:
        yield _finding(
            "advice", _DATA, f"Left out because they cannot be used: {count:,} of {_rows(rows)}.",
            "The Data page and phitune inspect list them with line, reason and fix.",
        )  # fmt: skip


def _doubts(report: DatasetReport) -> Iterator[Problem]:
    if report.control_tokens_in_text:
        yield _finding(
            "advice", _DATA, f"Control tokens such as <|end|> stand in the texts of {_rows(report.control_tokens_in_text)} and are read as"
            " plain text.", "Remove them if they came from an earlier chat template.",
        )  # fmt: skip
    if report.duplicates:
        yield _finding(
            "advice", _DATA, f"Left out because they repeat another row: {report.duplicates:,}.", "Nothing needs to be done.",
        )  # fmt: skip
    if report.leaks:
        yield _finding(
            "advice", "data.validation",
            f"Rows that are both learned and held out, so that validation looks better than it is: {report.leaks:,}.",
            "Remove them from one of the two.",
        )  # fmt: skip


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _finding(severity: Severity, where: str, what: str, how_to_fix: str) -> Problem:
    return Problem(severity=severity, where=where, what=what, how_to_fix=how_to_fix)
