"""The session said in words: marks in the rail, the status line, the pills of the header, the run card's texts."""

from dataclasses import dataclass
from math import prod

from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.exports import EXPORTS
from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Run
from phitune_gui.core.time_left import seconds_left
from phitune_gui.planning.memory import PART_LABELS
from phitune_gui.ui.field_titles import wrong_field_problems
from phitune_gui.ui.run_titles import elided, model_name, title_of
from phitune_gui.ui.session import Session
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.amounts import span_text
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.rail import Mark
from phitune_gui.ui.widgets.run_card import RunWords
from phitune_gui.ui.widgets.run_words import doing_text, stage_text
from phitune_gui.ui.widgets.target_grid import AUTO

PAGES = {"model": "model", "data": "data", "technique": "tune", "training": "tune", "launcher": "tune", "export": "tune"}
"""Where each section of the recipe is edited."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("SessionWords", text)


def share_of(run: Run) -> float | None:
    """How far a job is, from 0 to 1; None while that cannot be told."""
    if run.total_steps:
        return run.step / run.total_steps
    return run.done / run.total if run.total else None


def section_of(where: str) -> str:
    """The recipe's section that a problem's place belongs to, as pages divide them: the adapter to go on from is a matter of tuning."""
    return "technique" if where == "model.adapter" else where.split(".")[0]


def page_of(where: str) -> str:
    """The page on which a problem of this place is mended: a field of the recipe, a file, a line of one, or a word such as `memory`."""
    is_file = any(sign in where for sign in ":/\\")
    return PAGES.get(section_of(where), "data" if is_file else "tune")


def rail_marks(session: Session) -> dict[str, tuple[Mark, str]]:
    """The mark of every page's state, with a text that replaces its sign."""
    blocked = {page_of(problem.where) for problem in problems_beside(session) if problem.severity == "problem"}
    has_data, has_model = bool(session.recipe.data.sources), bool(session.recipe.model.path)
    model: Mark = "" if not has_model else "problem" if "model" in blocked else "ready" if session.model else "running"
    data: Mark = (
        "" if not has_data else "problem" if session.data_problem or "data" in blocked else "ready" if session.report else "running"
    )
    tune: Mark = "" if not (has_data and has_model) else "problem" if "tune" in blocked else "ready"
    return {
        "model": (model, ""), "data": (data, ""), "tune": (tune, ""), "train": _train_mark(session), "export": _export_mark(session),
        "chat": ("running", "") if session.chat_state in ("loading", "answering") else ("", ""),
    }  # fmt: skip


def _train_mark(session: Session) -> tuple[Mark, str]:
    run = session.live_run if session.is_training else session.run
    if run is None:
        return "", ""
    if not run.ended:
        share = share_of(run)
        return "running", "" if share is None else f"{100 * share:.0f} %"
    return ("problem" if run.state == "failed" else "done"), ""


def _export_mark(session: Session) -> tuple[Mark, str]:
    run = session.shown_export
    if run is not None and not run.ended:
        return "running", ""
    if run is not None and run.state == "failed":
        return "problem", ""
    return ("done" if any(export.report and export.report.verified for export in session.exports) else ""), ""


@dataclass(frozen=True)
class Status:
    """What the status line shows; `page` is where a click leads."""

    text: str
    share: float | None = None
    busy: bool = False
    page: str = ""


def status_of(session: Session) -> Status:
    """The most important thing that is going on, else the newest sentence."""
    if session.is_training and session.live_run is not None:
        return _training_status(session, session.live_run)
    for run, page, what in (
        (session.export_run, "export", _tr("Exporting {target}").format(target=target_title(session.export_target))),
        (session.import_run, "runs", _tr("Importing {name}").format(name=session.import_folder.name)),
        (session.starter_run, "home", _tr("Making the starter model ready")),
    ):
        if run is not None and not run.ended:
            return Status(" · ".join(filter(None, (what, _inside(stage_text(run.stage)), run.stage_detail))), share_of(run), True, page)
    if session.inspecting:
        return Status(_tr("Checking the data …"), session.inspected, True, "data")
    return Status(session.status)


def _training_status(session: Session, run: Run) -> Status:
    name = elided(title_of(session.live_recipe or session.recipe), 40)
    share, left = share_of(run), seconds_left(run)
    parts = [_tr("Training {name}").format(name=name)]
    if run.state == "stopping":
        parts.append(_tr("finishing the step and saving"))
    elif run.is_waiting or share is None or not run.steps:
        parts.append(_inside(doing_text(run)))
    else:
        parts.append(f"{100 * share:.0f} %")
        if left is not None:
            parts.append(_tr("{time} left").format(time=span_text(left)))
    return Status(" · ".join(parts), 0.0 if run.is_waiting else share, True, "train")  # a bar that moves would say that work goes on


def target_title(target: str) -> str:
    """What the Export page calls a target: `ONNX for the CPU, int8`."""
    label = next((known.label for known in EXPORTS if known.id == target), "")
    return declared(label) or (_tr("Automatic") if target == AUTO else target)


def _inside(sentence: str) -> str:
    """The beginning of a sentence as it stands within one; names such as ONNX stay."""
    return sentence[:1].lower() + sentence[1:]


def machine_words(hardware: Hardware | None) -> str:
    """The machine in one line: `CPU · 2 cores · 24 GB · no GPU`."""
    if hardware is None:
        return _tr("Looking at this machine …")
    cores = _tr("1 core") if hardware.physical_cores == 1 else _tr("{count} cores").format(count=hardware.physical_cores)
    gpus = ", ".join(gpu.name for gpu in hardware.gpus) or _tr("no GPU")
    memory = bytes_text(hardware.memory_bytes).replace(".0 ", " ")
    return f"CPU · {cores} · {memory} · {gpus}"


def run_words(session: Session) -> RunWords:
    """The run card's texts that only recipe and catalog can say."""
    recipe = session.recipe
    training = recipe.training
    factors = [training.micro_batch_size, training.accumulation]
    if recipe.launcher.all_processes > 1:
        factors.insert(0, recipe.launcher.all_processes)
    epochs = _tr("1 epoch") if training.epochs == 1 else _tr("{count} epochs").format(count=f"{training.epochs:g}")
    name = session.model.name if session.model else model_name(recipe)
    batch = f"{' × '.join(map(str, factors))} = {prod(factors)}"
    return RunWords(
        model=elided(name, 24) or "–", technique=_technique_words(recipe), batch=batch, epochs=epochs, processes=recipe.launcher.processes
    )


def _technique_words(recipe: Recipe) -> str:
    offered = next((known for known in TECHNIQUES if known.id == recipe.technique.id), None)
    if offered is None:
        return recipe.technique.id
    rank = recipe.technique.options.get("rank", getattr(offered.options(), "rank", None))
    label = declared(offered.label)
    return label if rank is None else _tr("{technique} · rank {rank}").format(technique=label, rank=rank)


def problems_beside(session: Session) -> tuple[Problem, ...]:
    """The plan's problems for the card beside the page; what the Data page says in full is said here in short."""
    said = session.data_problem
    short = {"what": _tr("The data cannot be read as it is."), "how_to_fix": _tr("The Data page says why and what to do.")}
    planned = tuple(problem.model_copy(update=short) if problem == said else problem for problem in session.plan.problems)
    return (*wrong_field_problems(session.wrong_fields), *planned)


def part_labels() -> dict[str, str]:
    """The names of the parts of memory."""
    return {name: declared(label) for name, label in PART_LABELS.items()}
