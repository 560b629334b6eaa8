"""Train: the loss as it falls, how long it still takes, how to stop, and how it ended."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from phitune_gui.core.invitation import read_invitations
from phitune_gui.core.names import LOG_FILE
from phitune_gui.core.recipe import Recipe
from phitune_gui.core.run import Run
from phitune_gui.core.validation import judgement
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.plot_import import import_plot
from phitune_gui.ui.run_titles import elided
from phitune_gui.ui.session import Session
from phitune_gui.ui.widgets.adapter_words import imported_text
from phitune_gui.ui.widgets.empty_card import EmptyCard
from phitune_gui.ui.widgets.figures import seconds_text
from phitune_gui.ui.widgets.invitation_card import InvitationCard
from phitune_gui.ui.widgets.log_drawer import LogDrawer
from phitune_gui.ui.widgets.loss_card import LossCard
from phitune_gui.ui.widgets.outcome_card import OutcomeCard
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.run_buttons import RunButtons
from phitune_gui.ui.widgets.run_words import kept_text, progress_text, ready_text
from phitune_gui.ui.widgets.samples_drawer import SamplesDrawer
from phitune_gui.ui.widgets.spark_row import SparkRow
from phitune_gui.ui.widgets.words import words

REFRESH_MS = 100
"""The words and small curves follow ten times a second at most; the loss plot keeps its own pace."""


class TrainPage(PageFrame):
    """Follows the shown run; what it needs for that is built with the first run."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._session = session
        self._view: QWidget | None = None
        self._plot_imported = import_plot(self)
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.title.setText(self.tr("Train"))
        self.setAccessibleName(self.tr("Train"))
        self.empty = EmptyCard(
            self.tr("Nothing trained yet"),
            self.tr("Choose a model and data, then press Start on the right. The loss appears here as the model learns."),
            {"model": self.tr("Choose a model"), "data": self.tr("Choose data"), "runs": self.tr("Open an earlier run")},
        )
        self.ready = EmptyCard(self.tr("Ready to train"), "", {"start": self.tr("Start"), "tune": self.tr("Change how it is tuned")})
        self.column.addWidget(self.empty)
        self.column.addWidget(self.ready)
        self.column.addStretch(0)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)

    def _connect(self) -> None:
        self._timer.timeout.connect(self._refresh)
        self.empty.chosen.connect(self._session.page_requested)
        self.ready.chosen.connect(self._begin)
        for signal in (self._session.run_changed, self._session.plan_changed, self._session.report_changed, self._session.model_changed):
            signal.connect(self._schedule)
        self._session.runs_changed.connect(self._offer_runs)

    def _build_view(self) -> QWidget:
        view = QWidget()
        view.setObjectName("plain")
        column = QVBoxLayout(view)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        self.outcome, self.loss, self.sparks = OutcomeCard(), LossCard(), SparkRow()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress of this stage"))
        self.advice = QFrame()
        self.advice.setProperty("box", "advice")
        advice = QVBoxLayout(self.advice)
        advice.setContentsMargins(12, 9, 12, 9)
        self.advice_text = words("", wrap=True, selectable=True)
        advice.addWidget(self.advice_text)
        self.invitations = InvitationCard()
        self.buttons, self.samples, self.log = RunButtons(), SamplesDrawer(), LogDrawer()
        self.loss.setMinimumHeight(300)
        for widget in (
            self.progress,
            self.invitations,
            self.outcome,
            self.advice,
            self.loss,
            self.sparks,
            self.samples,
            self.log,
        ):
            column.addWidget(widget, 1 if widget is self.loss else 0)
        column.addStretch(0)
        self.samples.hide()
        self.log.hide()
        self._connect_view()
        self.keep_below(self.buttons)
        self.column.insertWidget(3, view, 1)
        before: QWidget = self.loss.more
        for button in (self.buttons.save, self.buttons.stop, self.buttons.kill, self.buttons.answers, self.buttons.log):
            QWidget.setTabOrder(before, button)
            before = button
        return view

    def _connect_view(self) -> None:
        session = self._session
        self.buttons.save_asked.connect(session.save_now)
        self.buttons.stop_asked.connect(session.stop_run)
        self.buttons.kill_asked.connect(session.kill_run)
        self.buttons.log.toggled.connect(lambda shown: self._unfold(self.log, shown))
        self.buttons.answers.toggled.connect(lambda shown: self._unfold(self.samples, shown))
        self.outcome.chosen.connect(self._lead_on)
        self.loss.compare_chosen.connect(self._compare)
        self.loss.file_failed.connect(session.say)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _refresh(self) -> None:
        self.tell_about(elided(self._session.run_title, 56), str(self._session.run_folder or ""))
        run, can_start = self._session.run, self._session.can_start
        self.empty.setVisible(run is None and not can_start)
        self.ready.setVisible(run is None and can_start)
        if self._view is not None:
            self._view.setVisible(run is not None)
            self.buttons.setVisible(run is not None)
        if run is None:
            self.say(self.tr("Watch the model learn, and stop whenever it is good enough."))
            self.ready.text.setText(ready_text(self._session.plan))
            return
        if self._view is None and not self._plot_imported.done():
            self.say(self._line(run))
            self._schedule()
            return
        if self._view is None:
            self._plot_imported.result()
            self._view = self._build_view()
            self._offer_runs()
        self._show_run(run)

    def _show_run(self, run: Run) -> None:
        live = self._session.run_is_live
        self.say(self._line(run))
        self.loss.setVisible(run.imported is None)
        self.loss.show_run(run)
        if self.sparks.show_run(run, several=self._recipe.launcher.all_processes > 1):
            QTimer.singleShot(0, self, self._refresh)
        self.sparks.setVisible(run.imported is None)
        self.buttons.show_run(run, live=live)
        self.samples.show_samples(run.samples)
        folder = self._session.run_folder
        self.log.follow(folder / LOG_FILE if folder else None)
        self._show_progress(run)
        self._show_advice(run)
        self._show_outcome(run)

    @property
    def _recipe(self) -> Recipe:
        """The shown run's, else the one that is edited."""
        return self._session.run_recipe or self._session.recipe

    def _line(self, run: Run) -> str:
        if run.ended:
            return self.tr("Took {time}.").format(time=seconds_text(run.spent_seconds)) if run.spent_seconds else ""
        return progress_text(run, self._recipe.data.train_on)

    def _show_progress(self, run: Run) -> None:
        invitations = read_invitations(run.stage_detail) if run.is_waiting else []
        self.invitations.setVisible(bool(invitations))
        self.invitations.show_invitations(invitations)
        preparing = not run.ended and (not run.steps or run.is_waiting or run.stage in ("loading", "tokenizing", "starting"))
        self.progress.setVisible(preparing)
        if preparing:
            measured = bool(run.total) or run.is_waiting  # while nothing is done here, the bar is empty and does not run
            self.progress.setRange(0, 1000 if measured else 0)
            self.progress.setValue(round(1000 * run.done / run.total) if run.total else 0)

    def _show_advice(self, run: Run) -> None:
        said = (*run.advice, *run.warnings)
        self.advice.setVisible(bool(said))
        if said:
            more = self.tr(" And {count} more in the log.").format(count=len(said) - 1) if len(said) > 1 else ""
            self.advice_text.setText(said[-1] + more)

    def _show_outcome(self, run: Run) -> None:
        self.outcome.setVisible(run.ended)
        if not run.ended:
            return
        onward = {"export": self.tr("Export"), "chat": self.tr("Chat")}
        again = {"resume": self.tr("Resume")} if run.checkpoints and not self._session.is_training else {}
        if run.failure is not None:
            self.outcome.show_failure(run.failure, self.tr("The training failed"), {**again, "log": self.tr("Show the log")})
        elif run.imported is not None:
            self.outcome.show_ending("good", self.tr("Imported"), imported_text(run.imported), {**onward, "train_on": self.tr("Train on")})
        elif run.state == "finished":
            advice = judgement(run)
            text = " ".join(filter(None, (kept_text(run), with_titles(advice))))
            self.outcome.show_ending("advice" if advice else "good", self.tr("Finished"), text, onward)
        else:
            headline = self.tr("Paused") if run.state == "paused" else self.tr("Stopped")
            text = " ".join(filter(None, (kept_text(run), with_titles(judgement(run)))))
            self.outcome.show_ending("advice", headline, text, {**(onward if run.artifacts else {}), **again})

    def _unfold(self, drawer: QWidget, shown: bool) -> None:
        """Show or hide a drawer; a shown one comes into sight, as its button may stand far from it."""
        drawer.setVisible(shown)
        if shown:
            QTimer.singleShot(0, drawer, lambda: self.ensureWidgetVisible(drawer))

    def _begin(self, action: str) -> None:
        if action == "start":
            self._session.start_run()
        else:
            self._session.page_requested.emit(action)

    def _lead_on(self, action: str) -> None:
        if action == "log":
            self.buttons.log.setChecked(True)
        elif action == "resume":
            self._session.resume_run()
        elif action == "train_on":
            self._session.train_on(self._session.run_folder or "")
        else:
            self._session.page_requested.emit(action)

    def _offer_runs(self) -> None:
        if self._view is not None:
            others = [record.name for record in self._session.runs if record.run.steps and record.path != self._session.run_folder]
            self.loss.offer_runs(others)

    def _compare(self, name: str) -> None:
        record = next((record for record in self._session.runs if record.name == name), None)
        self.loss.plot.show_other(record.run if record else None, name)
