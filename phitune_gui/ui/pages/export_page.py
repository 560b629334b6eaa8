"""Export: give the result away in the form that is needed, and see whether it still answers the same."""

from pathlib import Path

from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.catalog.exports import EXPORTS, export_target
from phitune_gui.catalog.exports.refusal import export_refusal
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.run import Export
from phitune_gui.store.runs import RunRecord
from phitune_gui.ui.run_titles import dated_title, elided
from phitune_gui.ui.session import Session
from phitune_gui.ui.session_words import target_title
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.choice_chips import ChoiceChips
from phitune_gui.ui.widgets.empty_card import EmptyCard
from phitune_gui.ui.widgets.job_progress import JobProgress
from phitune_gui.ui.widgets.outcome_card import OutcomeCard
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.parity_view import ParityView, verdict_text
from phitune_gui.ui.widgets.target_grid import AUTO, TargetGrid
from phitune_gui.ui.widgets.words import words


class ExportPage(PageFrame):
    """Follows the shown run, its exports and the export that is being made."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._session = session
        self._shown = ""
        self._busy = False
        self._build()
        self._connect()
        self._refresh_run()
        self._refresh_export()

    def _build(self) -> None:
        self.title.setText(self.tr("Export"))
        self.setAccessibleName(self.tr("Export"))
        self.say(self.tr("Make the tuned model usable elsewhere, then see in figures whether it still answers the same."))
        self.empty = EmptyCard(
            self.tr("Nothing to export yet"),
            self.tr("An export is made from a run that has kept its adapter. Train a model, or open an earlier run."),
            {"train": self.tr("Go to Train"), "runs": self.tr("Open an earlier run")},
        )
        self.failure, self.progress = OutcomeCard(), JobProgress()
        for widget in (self.empty, self._build_run(), self.progress, self.failure, self._build_exports(), self._build_choice()):
            self.column.addWidget(widget)  # what was made, and whether it may be trusted, comes before what else could be made
        self.column.addStretch(1)

    def _build_run(self) -> QWidget:
        self._run = QWidget()
        self._run.setObjectName("plain")
        self.runs = QComboBox()
        self.runs.setAccessibleName(self.tr("Run to export"))
        self.runs.setMinimumWidth(320)
        row = QHBoxLayout(self._run)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(words(self.tr("Run"), "quiet"))
        row.addWidget(self.runs, 1)
        row.addStretch(1)
        return self._run

    def _build_exports(self) -> QWidget:
        self._kept = QWidget()
        self._kept.setObjectName("plain")
        self.report = ParityView()
        self.chips = ChoiceChips()
        self.exports_title, self.another = words("", "heading"), Button(self.tr("Make another"), "link")
        head = QHBoxLayout()
        head.addWidget(self.exports_title, 1)
        head.addWidget(self.another)
        column = QVBoxLayout(self._kept)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.chips)
        column.addWidget(self.report)
        return self._kept

    def _build_choice(self) -> QWidget:
        self._choice = QWidget()
        self._choice.setObjectName("plain")
        self.choice_title = words(self.tr("Make another export"), "heading")
        self.targets = TargetGrid(EXPORTS)
        self.start = Button(self.tr("Export"), "primary")
        start_row = QHBoxLayout()
        start_row.addStretch(1)
        start_row.addWidget(self.start)
        column = QVBoxLayout(self._choice)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self.choice_title)
        column.addWidget(self.targets)
        column.addLayout(start_row)
        return self._choice

    def _connect(self) -> None:
        session = self._session
        session.run_changed.connect(self._refresh_run)
        session.runs_changed.connect(self._refresh_run)
        session.export_changed.connect(self._refresh_export)
        session.model_changed.connect(self._show_costs)
        session.hardware_changed.connect(self._show_costs)
        self.empty.chosen.connect(session.page_requested)
        self.runs.activated.connect(self._choose_run)
        self.chips.chosen.connect(self._choose_export)
        self.another.clicked.connect(self._show_choice)
        self.start.clicked.connect(lambda: session.start_export(self.targets.choice))
        self.progress.cancel_asked.connect(session.cancel_export)
        self.failure.chosen.connect(lambda _action: session.start_export(session.export_target or AUTO))
        self.report.folder_asked.connect(lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._absolute(path)))))
        self.report.check_asked.connect(lambda path: session.verify_export(self._absolute(path)))
        self.report.chat_asked.connect(self._chat)

    def _usable(self) -> list[RunRecord]:
        return [record for record in self._session.runs if record.run.artifacts.get("adapter") or record.run.state == "finished"]

    def _refresh_run(self) -> None:
        session = self._session
        records, shown, run = self._usable(), session.run_folder, session.run
        can_export = run is not None and run.ended and bool(run.artifacts)
        self.empty.setVisible(not records and not can_export)
        for part in (self._run, self._choice):
            part.setVisible(bool(records) or can_export)
        title = elided(session.run_title, 56)
        self.tell_about(title, str(shown or ""))
        self.exports_title.setText(self.tr("Exports of {run}").format(run=title))
        names = [(dated_title(record), str(record.path)) for record in records]
        if can_export and shown is not None and str(shown) not in {path for _name, path in names}:
            names.insert(0, (title, str(shown)))
        if names != [(self.runs.itemText(place), self.runs.itemData(place)) for place in range(self.runs.count())]:
            self.runs.clear()
            for name, path in names:
                self.runs.addItem(name, path)
        self.runs.setPlaceholderText(self.tr("Choose a run"))
        self.runs.setCurrentIndex(self.runs.findData(str(shown)) if can_export else -1)
        self._show_costs()
        self._refresh_export()

    def _refresh_export(self) -> None:
        job = self._session.export_run
        busy = job is not None and not job.ended
        began_or_ended = self._busy != busy
        self._busy = busy
        self.progress.setVisible(busy)
        self.targets.setEnabled(not busy)
        self.runs.setEnabled(not busy)
        self.start.setEnabled(not busy and self.runs.currentIndex() >= 0)
        self.start.setText(self.tr("Export") if not busy else self.tr("Exporting …"))
        if job is not None and busy:
            self.progress.show_job(self.tr("Exporting: {target}").format(target=target_title(self._session.export_target)), job)
        failure = job.failure if (job := self._session.shown_export) is not None else None
        self.failure.setVisible(failure is not None)
        if failure is not None:
            self.failure.show_failure(failure, self.tr("The export failed"), {"again": self.tr("Try again")})
        self._show_exports()
        if began_or_ended:
            self.verticalScrollBar().setValue(0)  # there stands how far it is, and what it came to

    def _show_choice(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self._choice.mapTo(self, QPoint()).y() - 16)

    def _exports(self) -> list[Export]:
        """Exports of the shown run; what the job just said comes first."""
        job = self._session.shown_export
        fresh = list(job.exports) if job is not None and job.ended else []
        known = {str(self._absolute(export.path)) for export in fresh}
        return fresh + [export for export in self._session.exports if str(self._absolute(export.path)) not in known]

    def _show_exports(self) -> None:
        exports = self._exports()
        for part in (self._kept, self.choice_title):
            part.setVisible(bool(exports))
        if not exports:
            return
        signs = [f"{target_title(export.target)} · {self._verdict(export)}" for export in exports]
        if signs != self.chips.labels:
            self.chips.offer(signs)
            self._shown = exports[0].path
        shown = next((export for export in exports if export.path == self._shown), exports[0])
        self.chips.choose(exports.index(shown))
        kind = self._kind(shown.target)
        self.report.show_export(shown, can_chat=kind != "adapter", can_check=kind == "onnx")

    def _verdict(self, export: Export) -> str:
        return verdict_text(export.report).lower() if export.report or self._kind(export.target) == "onnx" else self.tr("kept")

    def _choose_export(self, place: int) -> None:
        self._shown = self._exports()[place].path
        self._show_exports()

    def _choose_run(self, place: int) -> None:
        self._session.show_run(Path(self.runs.itemData(place)))

    def _show_costs(self) -> None:
        hardware = self._session.hardware
        self.targets.show_refusals(self._refusals())
        self.targets.show_costs(self._model(), hardware.memory_bytes if hardware else 0)

    def _refusals(self) -> dict[str, str]:
        recipe = self._session.run_recipe
        found = {target: export_refusal(recipe.technique.id, target) for target in self.targets.cards} if recipe else {}
        return {target: problem.what for target, problem in found.items() if problem is not None}

    def _model(self) -> BaseModel | None:
        wanted = (self._session.run_recipe or self._session.recipe).model.path
        models = (*self._session.models, *((self._session.model,) if self._session.model else ()))
        return next((model for model in models if model.path == wanted), self._session.model)

    def _absolute(self, path: str) -> Path:
        return (self._session.run_folder or Path()) / path

    def _chat(self, path: str) -> None:
        target = next((export.target for export in self._exports() if export.path == path), "")
        self._session.open_chat(self._absolute(path), "model" if self._kind(target) == "merged" else "export")
        self._session.page_requested.emit("chat")

    def _kind(self, target: str) -> str:
        return export_target(target).kind if target in {known.id for known in EXPORTS} else "onnx"
