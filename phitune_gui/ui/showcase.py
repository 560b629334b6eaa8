"""The states that each page can be in, as functions that put a session into them; screenshots show all of them."""

from collections.abc import Callable
from pathlib import Path

from phitune_gui.catalog.presets import preset
from phitune_gui.catalog.scenarios import scenario
from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel, ChatMarkers
from phitune_gui.core.dataset_report import DatasetReport, Lengths, RejectedRow
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.machine_report import FOUR_BIT, Finding
from phitune_gui.core.messages import Conversation, Message, Preview, PreviewToken
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import DataSection, DataSource, ModelSection, Recipe, TechniqueSection, TrainingSection
from phitune_gui.core.run import Run
from phitune_gui.planning.advise import advise
from phitune_gui.planning.apply_preset import apply_preset
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.plan import make_plan
from phitune_gui.ui import stories
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.session import Session

GB = 1_000_000_000
MACHINE = Hardware(
    system="Linux", cpu="Example", physical_cores=4, logical_cores=8, memory_bytes=96 * GB, available_memory_bytes=90 * GB,
    free_disk_bytes=240 * GB,
)  # fmt: skip
MINI = BaseModel(
    path="/models/Phi-3-mini-4k-instruct", name="Phi-3-mini-4k", family="Phi-3-mini", model_type="phi3", usable=True, licence="MIT",
    dtype="bfloat16", weight_bytes=7_642_159_104, parameters=3_821_079_552, context=4096, hidden=3072, intermediate=8192, layers=32,
    heads=32, key_value_heads=32, head_size=96, vocabulary=32064, sliding_window=2047, has_weights=True, has_tokenizer=True,
    chat=ChatMarkers(answer_header="<|assistant|>", answer_end="<|end|>"),
    notes=("PhiTune set the target layers to qkv_proj, o_proj, gate_up_proj and down_proj because Phi-3 fuses them.",),
)  # fmt: skip
SMALL = MINI.model_copy(
    update={
        "path": "/models/Phi-3-small-8k-instruct", "name": "Phi-3-small-8k", "family": "Phi-3-small", "model_type": "phi3small",
        "usable": False, "reason": "Phi-3-small runs only with Python code from its own folder, and PhiTune never runs such code.",
        "how_to_fix": "Choose Phi-3-mini, Phi-3.5-mini or Phi-4-mini instead.", "parameters": 7_390_000_000, "notes": (),
    }
)  # fmt: skip
REJECTED = (
    RejectedRow(file="/data/support.jsonl", line=311, reason="Broken JSON: the line ends inside a string.", fix="Mend it.", broken=True),
    RejectedRow(file="/data/support.jsonl", line=640, reason="The answer is empty.", fix="Write an answer, or leave the row out."),
)  # fmt: skip
REPORT = DatasetReport(
    files=("/data/support.jsonl",), format="openai_messages", format_certainty=1.0, format_reason="all 200 rows looked at have messages",
    encoding="UTF-8", columns=("messages",), rows=1322, kept=1320, train_rows=1200, validation_rows=120, max_length=1024,
    lengths=Lengths(min=12, p50=214, p95=620, max=2731, histogram=tuple((100 * at, max(3, 300 - abs(at - 3) * 60)) for at in range(1, 12))),
    truncated=3, tokens=271_950, learned_tokens=118_402, duplicates=2, fingerprint="0" * 64,
)  # fmt: skip
BAD_REPORT = REPORT.model_copy(update={"rejected": REJECTED, "rejected_count": 2, "broken": 1})
RECIPE = Recipe(
    name="support-answers",
    model=ModelSection(path=MINI.path),
    data=DataSection(sources=(DataSource(path="/data/support.jsonl"),)),
    training=TrainingSection(accumulation=4),
)
QUESTION, ANSWER = "My order 1182 never arrived. What now?", "I am sorry about that. I have opened a search with the carrier."
PREVIEW = Preview(
    row=16, line=17, messages=(Message(role="user", content=QUESTION), Message(role="assistant", content=ANSWER)),
    text=f"<|user|>\n{QUESTION}<|end|>\n<|assistant|>\n{ANSWER}<|end|>\n", length=46, truncated=False,
    tokens=(
        PreviewToken(id=32010, text="<|user|>", learned=False), PreviewToken(id=1, text=f"\n{QUESTION}", learned=False),
        PreviewToken(id=32007, text="<|end|>", learned=False), PreviewToken(id=2, text="\n", learned=False),
        PreviewToken(id=32001, text="<|assistant|>", learned=False), PreviewToken(id=3, text=f"\n{ANSWER}", learned=True),
        PreviewToken(id=32007, text="<|end|>", learned=True),
        PreviewToken(id=4, text="\nYou will hear from us.", learned=True, cut=True),
    ),
)  # fmt: skip

State = Callable[[Session, MainWindow], None]


def _nothing(session: Session, _window: MainWindow) -> None:
    session.hardware = MACHINE
    session.hardware_changed.emit()


def _models(session: Session, window: MainWindow) -> None:
    _nothing(session, window)
    session.models = (MINI, SMALL)
    session.models_changed.emit()


def _ready(session: Session, window: MainWindow, report: DatasetReport = REPORT) -> None:
    """Model and data are chosen; what is typed next is planned for the example machine."""
    _models(session, window)
    session.recipe, session.model, session.report, session.preview, session.preview_row = RECIPE, MINI, report, PREVIEW, 16
    session.data_columns, session.plan = report.columns, make_plan(RECIPE, MINI, report, MACHINE)
    for signal in (session.recipe_changed, session.model_changed, session.report_changed, session.preview_changed, session.plan_changed):
        signal.emit()


def _blocked(session: Session, window: MainWindow) -> None:
    _ready(session, window, BAD_REPORT)


def _template(session: Session, window: MainWindow) -> None:
    """Columns of any name are put into texts that the person wrote."""
    _ready(session, window)
    texts = {"system": "You translate for a harbour office.", "user": "Translate to {language}:\n{text}", "assistant": "{translation}"}
    names = ("language", "text", "translation", "reviewer")
    reason = "It was chosen; 200 of the 200 rows looked at have language, text, translation."
    session.recipe = RECIPE.model_copy(update={"data": RECIPE.data.model_copy(update={"format": "template", "columns": texts})})
    session.report = REPORT.model_copy(update={"format": "template", "columns": names, "format_reason": reason})
    session.data_columns = names
    session.recipe_changed.emit()
    session.report_changed.emit()
    session.first_row = Conversation(messages=(
        Message(role="system", content="You translate for a harbour office."),
        Message(role="user", content="Translate to German:\nThe ferry leaves at seven."),
        Message(role="assistant", content="Die Fähre legt um sieben Uhr ab."),
    ))  # fmt: skip
    session.first_row_problem = None
    session.first_row_changed.emit()
    session.rest()  # the example's file is not there to be read


def _advised(session: Session, window: MainWindow) -> None:
    _ready(session, window)
    session.scenario = "memory"
    session.advice = advise(scenario("memory"), RECIPE, Ground(MINI, REPORT, MACHINE))
    session.advice_changed.emit()


def _preset(session: Session, window: MainWindow) -> None:
    _ready(session, window)
    applied = apply_preset(preset("recommended"), RECIPE, Ground(MINI, REPORT, MACHINE))
    session.applied_preset, session.recipe = ("recommended", applied), applied.recipe
    session.plan = make_plan(applied.recipe, MINI, REPORT, MACHINE)
    session.recipe_changed.emit()
    session.plan_changed.emit()


def _launchers(session: Session, window: MainWindow) -> None:
    """Several processes are chosen, and the page is scrolled to where that is said."""
    _ready(session, window)
    session.choose_launcher("fsdp2")
    session.plan = make_plan(session.recipe, MINI, REPORT, MACHINE)
    session.plan_changed.emit()
    page = window.findChild(TunePage)
    if page is not None:
        page.open_launchers()


def _cannot(session: Session, window: MainWindow) -> None:
    """QLoRA is chosen, and the doctor found that it does not work here."""
    _ready(session, window)
    finding = Finding(name=FOUR_BIT, ok=False, why="RuntimeError: no kernel for this processor", how_to_fix="Choose LoRA instead of QLoRA.")
    session.hardware = MACHINE.model_copy(update={"findings": (finding,), "available_memory_bytes": 40 * GB})
    session.recipe = RECIPE.model_copy(update={"technique": TechniqueSection(id="qlora")})
    session.plan = make_plan(session.recipe, MINI, REPORT, session.hardware)
    session.recipe_changed.emit()
    session.plan_changed.emit()


def _refused(session: Session, window: MainWindow) -> None:
    _nothing(session, window)
    session.refuse(
        Problem(
            where="/home/me/photo.png",
            what="photo.png cannot be opened.",
            how_to_fix="PhiTune reads JSON, CSV, Parquet, Arrow, Markdown and text.",
        )
    )


def _run(run: Run, live: bool = False) -> State:
    def show(session: Session, window: MainWindow) -> None:
        _ready(session, window)
        folder = stories.record(run).path
        session.run, session.run_folder, session.run_recipe = run, folder, RECIPE
        session.live_run, session.live_folder = (run, folder) if live else (None, None)
        _runs(session, window)
        session.run_changed.emit()

    return show


def _runs(session: Session, _window: MainWindow) -> None:
    runs = (stories.finished_run(), stories.stopped_run(), stories.failed_run())
    names = ("support-answers", "tone-labels", "long-letters")
    session.runs = tuple(stories.record(run, name) for run, name in zip(runs, names, strict=True))
    session.runs_changed.emit()


def _export(job: Run) -> State:
    def show(session: Session, window: MainWindow) -> None:
        _run(stories.finished_run())(session, window)
        session.export_run, session.export_target, session.export_folder = job, "onnx-cpu-int8", session.run_folder
        session.export_changed.emit()

    return show


def _chat(state: str, message: str = "") -> State:
    def show(session: Session, window: MainWindow) -> None:
        _run(stories.finished_run())(session, window)
        session.chat_source = str(session.run_folder)
        session.chat_state, session.chat_message = state, message  # type: ignore[assignment]
        session.chat_changed.emit()

    return show


def _recent(session: Session, window: MainWindow) -> None:
    _nothing(session, window)
    _runs(session, window)


def _import(run: Run, listed: bool = False) -> State:
    def show(session: Session, window: MainWindow) -> None:
        _ready(session, window)
        _runs(session, window)
        session.runs = (*([stories.record(run, "pirate-lora")] if listed else []), *session.runs)
        session.runs_changed.emit()
        session.import_run, session.import_folder = run, Path("pirate-lora")
        session.import_changed.emit()

    return show


def _goes_on(session: Session, window: MainWindow) -> None:
    """Training goes on from an adapter, and the technique was changed since."""
    _ready(session, window)
    own = TechniqueSection.model_validate({"id": "lora", "rank": 16})
    model = ModelSection(path=MINI.path, adapter="/runs/2026-11-24-041200-pirate-lora")
    session.recipe = RECIPE.model_copy(update={"model": model, "technique": TechniqueSection(id="dora")})
    session.start = AdapterReport(technique=own)
    session.plan = make_plan(session.recipe, MINI, REPORT, MACHINE, (), session.start)
    session.recipe_changed.emit()
    session.plan_changed.emit()


def _adapter_only(session: Session, window: MainWindow) -> None:
    _run(stories.finished_run())(session, window)
    session.run_recipe = RECIPE.model_copy(update={"technique": TechniqueSection(id="prompt")})
    session.run_changed.emit()


STATES: dict[str, dict[str, State]] = {
    "home": {"empty": _nothing, "recent": _recent, "refused": _refused},
    "model": {"empty": _nothing, "list": _models, "chosen": _ready},
    "data": {"empty": _nothing, "ready": _ready, "problem": _blocked, "template": _template},
    "tune": {
        "empty": _nothing, "ready": _ready, "advised": _advised, "preset": _preset, "launchers": _launchers, "cannot": _cannot,
        "goes-on": _goes_on,
    },
    "train": {
        "empty": _nothing, "starting": _run(stories.starting_run(), live=True),
        "waiting": _run(stories.waiting_run(), live=True), "running": _run(stories.running_run(), live=True),
        "stopping": _run(stories.stopping_run(), live=True), "finished": _run(stories.finished_run()),
        "stopped": _run(stories.stopped_run()), "failed": _run(stories.failed_run()), "imported": _run(stories.imported_run()),
    },
    "export": {
        "empty": _nothing, "ready": _run(stories.finished_run()), "running": _export(stories.exporting_run()),
        "verified": _export(stories.exported_run()), "not-verified": _export(stories.exported_run(verified=False)),
        "adapter-only": _adapter_only,
    },
    "chat": {
        "empty": _nothing, "ready": _chat("ready"), "loading": _chat("loading"),
        "failed": _chat("failed", "The machine ran out of memory while the model was loaded."),
    },
    "runs": {
        "empty": _nothing, "list": _recent, "importing": _import(stories.judging_run()),
        "imported": _import(stories.imported_run(), listed=True), "not-imported": _import(stories.imported_run(usable=False)),
    },
}  # fmt: skip
"""Page, name of the state, and how to get there."""
