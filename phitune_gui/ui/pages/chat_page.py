"""Chat: talk to the base model, the tuned one or an export, or put the same question to two of them."""

from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from phitune_gui.catalog.exports import EXPORTS
from phitune_gui.core.names import EXPORT_MANIFEST, RECIPE_FILE
from phitune_gui.ui.chat_talk import AskOptions, ChatTalk, Kind, Source, Turn
from phitune_gui.ui.run_titles import elided
from phitune_gui.ui.session import Session
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.answer_view import AnswerView
from phitune_gui.ui.widgets.ask_options_form import AskOptionsForm
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.choice_chips import ChoiceChips
from phitune_gui.ui.widgets.composer import Composer
from phitune_gui.ui.widgets.empty_card import EmptyCard
from phitune_gui.ui.widgets.figures import count_text, number_text, short_seconds_text
from phitune_gui.ui.widgets.message_list import MessageList
from phitune_gui.ui.widgets.page_frame import PageFrame


class ChatPage(PageFrame):
    """The first question loads whoever is chosen; nothing is loaded before it is needed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._session = session
        self.talk = ChatTalk(session, self)
        self._folder: Source | None = None
        self._run_folder: Path | None = None
        self._sources: list[Source] = []
        self._views: dict[Turn, AnswerView] = {}
        self._build()
        self._connect()
        self._refresh_sources()
        self._refresh_state()

    def _build(self) -> None:
        self.title.setText(self.tr("Chat"))
        self.setAccessibleName(self.tr("Chat"))
        self.empty = EmptyCard(
            self.tr("Nobody to talk to yet"),
            self.tr("Choose a model, or open a run to talk to what it learned. Everything stays on this machine."),
            {"model": self.tr("Choose a model"), "runs": self.tr("Open a run")},
        )
        self.who = ChoiceChips()
        self.compare = Button(self.tr("Compare"), "chip", name=self.tr("Compare: the base model and the chosen one answer side by side"))
        self.folder = Button(self.tr("Other folder…"), "chip")
        self.settings = Button(self.tr("Options"), "chip", name=self.tr("System prompt, length, temperature, seed"))
        self.clear = Button(self.tr("Clear"), "chip", name=self.tr("Clear the conversation"))
        for button in (self.folder, self.clear):
            button.setCheckable(False)
        self.form, self.messages, self.composer = AskOptionsForm(), MessageList(), Composer()
        self.form.hide()
        self._talking = QWidget()
        self._talking.setObjectName("plain")
        column = QVBoxLayout(self._talking)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.who.row.addWidget(self.folder)
        for button in (self.compare, self.settings, self.clear):
            self.who.row.add_trailing(button)
        column.addWidget(self.who)
        column.addWidget(self.form)
        column.addWidget(self.messages, 1)
        column.addWidget(self.composer)
        self.column.addWidget(self.empty)
        self.column.addWidget(self._talking, 1)
        self.column.addStretch(0)

    def _connect(self) -> None:
        session = self._session
        for signal in (session.run_changed, session.export_changed, session.model_changed):
            signal.connect(self._refresh_sources)
        session.chat_changed.connect(self._refresh_state)
        self.talk.busy_changed.connect(self._refresh_state)
        self.talk.changed.connect(self._show_turn)
        self.empty.chosen.connect(session.page_requested)
        for signal in (self.compare.clicked, self.settings.clicked, self.clear.clicked, self.who.chosen):
            signal.connect(self._write_on)
        self.settings.toggled.connect(self.form.setVisible)
        self.form.changed.connect(self._take_options)
        self.clear.clicked.connect(self._clear)
        self.folder.clicked.connect(self._ask_folder)
        self.composer.sent.connect(self._ask)
        self.composer.stop_asked.connect(self.talk.stop)

    def showEvent(self, event: QShowEvent) -> None:
        """Whoever opens the page can write at once."""
        super().showEvent(event)
        self.composer.field.setFocus()

    def _write_on(self) -> None:
        """A click on a chip is over at once and one writes on; whoever came to the chip by keys stays there."""
        if not isinstance(self.focusWidget(), Button):
            self.composer.field.setFocus()

    # who is asked

    def _found_sources(self) -> list[Source]:
        session, found = self._session, []
        run, folder = session.run, session.run_folder
        base = (session.run_recipe or session.recipe).model.path
        if base:
            found.append(Source(self.tr("Base"), base, "model"))
        if run is not None and folder is not None and run.ended and run.artifacts:
            found.append(Source(self.tr("Tuned"), str(folder), "run"))
        labels = {target.id: declared(target.label) for target in EXPORTS}
        kinds = {target.id: target.kind for target in EXPORTS}
        for export in session.exports:
            kind = kinds.get(export.target, "onnx")
            if kind != "adapter":
                path = str((folder or Path()) / export.path)
                found.append(Source(labels.get(export.target, export.target), path, "model" if kind == "merged" else "export"))
        return [*found, *([self._folder] if self._folder else [])]

    def _refresh_sources(self) -> None:
        is_another = self._change_run()
        found = self._found_sources()
        self.empty.setVisible(not found)
        self._talking.setVisible(bool(found))
        if found != self._sources:
            chosen = None if is_another else self._chosen()
            self._sources = found
            self._rebuild_chips(chosen)
            self._refresh_state()
        self.compare.setVisible(len(found) > 1)

    def _change_run(self) -> bool:
        """Other speakers, so another conversation: the one before stays to be read, above a line, and nobody remembers it."""
        session = self._session
        if session.run_folder == self._run_folder:
            return False
        self._run_folder = session.run_folder
        self.tell_about(elided(session.run_title, 56), str(session.run_folder or ""))
        self.talk.stop()
        self.talk.forget()
        self.messages.divide(self.tr("From here on: {run}").format(run=session.run_title) if session.run_title else "")
        return True

    def _rebuild_chips(self, chosen: Source | None) -> None:
        self.who.offer([source.label for source in self._sources], [source.path for source in self._sources])
        tuned = next((source for source in self._sources if source.kind == "run"), self._sources[0] if self._sources else None)
        self._choose(chosen if chosen in self._sources else tuned)

    def _choose(self, source: Source | None) -> None:
        if source is not None:
            self.who.choose(self._sources.index(source))

    def _chosen(self) -> Source | None:
        return self._sources[self.who.place] if 0 <= self.who.place < len(self._sources) else None

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("A model folder, a run or an export"))
        if chosen:
            self.add_folder(Path(chosen))

    def add_folder(self, folder: Path) -> None:
        """Offers this model folder, run or export to talk to, and chooses it."""
        is_export = (folder / EXPORT_MANIFEST).is_file() or (folder / "genai_config.json").is_file()
        kind: Kind = "export" if is_export else "run" if (folder / RECIPE_FILE).is_file() else "model"
        self._folder = Source(folder.name, str(folder), kind)
        self._refresh_sources()
        self._choose(self._folder)

    # questions and answers

    def _ask(self, question: str) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        asked = [chosen]
        if self.compare.isChecked() and self.compare.isVisible():
            other = self._sources[0] if chosen != self._sources[0] else self._sources[1]
            asked = [other, chosen] if chosen != self._sources[0] else [chosen, other]
        self.messages.add_question(question)
        views = self.messages.add_answers([source.label for source in asked])
        turns = self.talk.ask(question, asked)
        self._views |= dict(zip(turns, views, strict=True))
        self._refresh_state()

    def _show_turn(self, turn: Turn) -> None:
        view = self._views.get(turn)
        if view is None:
            return
        if turn.failure:
            view.finish(turn.text, turn.failure, failed=True)
        elif turn.finished is not None:
            view.finish(turn.text, self._figures(turn))
        else:
            view.say(turn.text)
            view.note(self.tr("answering …"))

    def _figures(self, turn: Turn) -> str:
        done = turn.finished
        if done is None:
            return ""
        ends = {"length": self.tr("cut at the longest answer"), "cancelled": self.tr("stopped")}
        parts = [
            self.tr("{count} tokens").format(count=count_text(done.tokens)),
            self.tr("{number} tokens/s").format(number=number_text(done.tokens_per_second)),
            self.tr("first after {time}").format(time=short_seconds_text(done.first_token_seconds)),
        ]
        return " · ".join([*parts, *([ends[done.ended_by]] if done.ended_by in ends else [])])

    def _clear(self) -> None:
        self.talk.stop()
        self.talk.forget()
        self.messages.clear()
        self._views = {}

    def _take_options(self) -> None:
        form = self.form
        self.talk.options = AskOptions(form.system.toPlainText(), form.length.value(), form.temperature.value(), form.seed.value())

    def _refresh_state(self) -> None:
        session, current = self._session, self.talk.current
        loaded = next((source for source in self._sources if Path(source.path) == Path(session.chat_source)), None)
        if loaded is not None and not self.talk.busy and session.chat_state == "loading":
            self._choose(loaded)
        state = "idle" if loaded is None and session.chat_state == "ready" else session.chat_state
        name = loaded.label if loaded else Path(session.chat_source).name
        self.say(
            {
                "idle": self.tr("The first question loads the model. Everything stays on this machine."),
                "loading": self.tr("Loading {name} …").format(name=name),
                "ready": self.tr("{name} is ready.").format(name=name),
                "answering": self.tr("{name} is answering …").format(name=name),
                "failed": self.tr("{name} could not be used. {reason}").format(name=name, reason=session.chat_message),
            }[state]
        )
        self.composer.set_busy(self.talk.busy)
        if current is not None and current in self._views and not current.text:
            self._views[current].note(self.tr("thinking …") if current.id else self.tr("loading the model …"))
