"""The commands that only look: local models, the dataset doctor, what the model will see."""

from itertools import groupby
from os.path import isdir
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.cli.bars import share_bar
from phitune_gui.cli.data_files import named_files
from phitune_gui.cli.output import RESULT, say, size, table, tell, write_json
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.messages import Preview, PreviewToken
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, DataSource, Recipe, ValidationSection
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.questions import ask_model, ask_models, ask_preview, ask_report
from phitune_gui.planning.data_checks import nothing_usable
from phitune_gui.store.paths import model_folder, starter_folder
from phitune_gui.store.recipes import first_field, sentence
from phitune_gui.store.settings import load_settings

HISTOGRAM_WIDTH = 40


def list_models(folders: list[Path], as_json: bool) -> int:
    """Show the models under `folders`, or everywhere PhiTune looks."""
    for folder in folders:
        if not isdir(folder):  # noqa: PTH112  Path.is_dir raises for a name that is too long
            raise CannotStart(str(folder), f"There is no folder {folder}.", "Check the path.")
    with DataDesk() as desk:
        found = ask_models(desk, folders or model_places())
    if as_json:
        fields = {"path", "family", "parameters", "context", "dtype", "licence", "usable", "reason", "name", "how_to_fix", "notes"}
        write_json({"models": [{**model.model_dump(include=fields), "bytes": model.weight_bytes} for model in found]})
        return 0
    rows = [[model.name, "yes" if model.usable else "no", size(model.weight_bytes), str(model.context), model.path] for model in found]
    table("", ["model", "usable", "size", "context", "folder"], rows)
    for model in found:
        if not model.usable:
            say(f"{model.path}: {model.reason} {model.how_to_fix}")
    if not found:
        say("No model was found. phitune starter makes a small one ready; phitune models DIR looks in DIR.")
    return 0


def model_places() -> list[Path]:
    """Where PhiTune looks for models: the person's folders, its own, and the Hugging Face cache."""
    own = [Path(folder) for folder in load_settings().model_folders]
    return [*own, starter_folder().parent, Path.home() / ".cache" / "huggingface" / "hub"]


def inspect_data(data: Path, model: Path | None, max_length: int, form: str, mapping: list[str], as_json: bool) -> int:
    """Show what the doctor finds."""
    section = data_section(data, max_length, form, mapping)
    with DataDesk() as desk, share_bar("looking", quiet=as_json) as told:
        report = ask_report(desk, section, _with_tokenizer(desk, model) if model else None, Recipe().training.seed, told=told)
    if as_json:
        write_json(report)
    else:
        _show_report(report)
    return 0


def preview_data(data: Path, model: Path, row: int, how: tuple[int, str, list[str]], as_json: bool) -> int:
    """Show one row as the model will see it."""
    section = data_section(data, *how)
    with DataDesk() as desk:
        seen = ask_preview(desk, section, _with_tokenizer(desk, model), row, Recipe().training.seed)
    if as_json:
        write_json(seen)
    else:
        _show_preview(seen)
    return 0


def data_section(data: Path, max_length: int, form: str, mapping: list[str]) -> DataSection:
    """The data section that these options mean. Raises CannotStart for a mapping that is none."""
    columns = {}
    for item in mapping:
        role, equals, column = item.partition("=")
        if not (role and equals and column):
            raise CannotStart("--map", f"{item!r} is no mapping.", "Write it as role=column, for example question=Frage.")
        columns[role] = column
    files = named_files([data])
    try:
        return DataSection(
            sources=tuple(DataSource(path=str(file)) for file in files.sources), format=form, max_length=max_length, columns=columns,
            validation=ValidationSection(path=None if files.validation is None else str(files.validation)),
        )  # fmt: skip
    except ValidationError as error:
        option = "--max-length" if first_field(error) == "max_length" else first_field(error)
        raise CannotStart(option, sentence(error), "Choose a value within the limits.") from error


def _with_tokenizer(desk: DataDesk, folder: Path) -> BaseModel:
    model = ask_model(desk, model_folder(folder))
    if not model.has_tokenizer or model.chat is None:
        reason = model.reason or f"The folder {folder} has no tokenizer that PhiTune can use."
        raise CannotStart(str(folder), reason, model.how_to_fix or "Choose another model folder.")
    return model


def _show_report(report: DatasetReport) -> None:
    certainty = "certain" if report.format_certainty >= 0.99 else f"{report.format_certainty:.0%} sure"
    tell(f"{', '.join(report.files)}: {report.format} ({certainty}: {report.format_reason}), {report.encoding}")
    tell(f"{report.rows} rows read, {report.kept} kept ({report.train_rows} to learn, {report.validation_rows} held out)")
    if report.tokens:
        lengths = report.lengths
        tell(
            f"{report.tokens:,} tokens, {report.learned_tokens:,} learned; length {lengths.min} to {lengths.max}, half below {lengths.p50}"
        )
        tell(f"{report.truncated} cut at {report.max_length} tokens, {report.fully_masked} with nothing left to learn")
    tell(f"{report.duplicates} duplicates left out, {report.leaks} held-out rows also among the learned ones")
    for note in report.notes:
        say(note, "yellow")
    for row in report.rejected[:20]:
        say(f"{Path(row.file).name}, line {row.line}: {row.reason} {row.fix}", "yellow")
    if report.rejected_count > 20:
        say(f"... and {report.rejected_count - 20} more; --json lists up to 200.", "yellow")
    _show_histogram(report)
    if not report.kept:
        problem = nothing_usable(report, "--max-length")
        say(f"Nothing of this dataset can be learned. {problem.what} {problem.how_to_fix}", "bold red")


def _show_histogram(report: DatasetReport) -> None:
    most = max((count for _upper, count in report.lengths.histogram), default=0)
    for upper, count in report.lengths.histogram:
        tell(f"{upper:>8} {'#' * round(HISTOGRAM_WIDTH * count / most)} {count}")


def _look_of(token: PreviewToken) -> tuple[str, str, str]:
    """The token's style, and the marks that stand for it where no style can be seen."""
    if token.cut:
        return "strike red", "{{", "}}"
    return ("underline green", "[[", "]]") if token.learned else ("", "", "")


def _show_preview(seen: Preview) -> None:
    plain = RESULT.color_system is None
    for (style, before, after), tokens in groupby(seen.tokens, key=_look_of):
        text = "".join(token.text for token in tokens)
        RESULT.print(f"{before}{text}{after}" if plain else text, style=style, end="", markup=False)
    RESULT.print()
    learned = sum(token.learned and not token.cut for token in seen.tokens)
    how, cut = ("in [[ ]]", "in {{ }}") if plain else ("underlined", "struck through")
    cut_off = f", {sum(token.cut for token in seen.tokens)} cut off ({cut})" if seen.truncated else ""
    say(f"Row {seen.row} (line {seen.line}): {seen.length} tokens, {learned} learned ({how}){cut_off}.")
    for note in seen.notes:
        say(note, "yellow")
