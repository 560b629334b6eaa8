"""Data: the files, what the model will see of them, how long they are, and what the doctor found."""

from pathlib import PurePath

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from phitune_gui.catalog.formats import FORMATS, question_answer, template
from phitune_gui.catalog.formats.dataset_format import DatasetFormat
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.recipe import DataSection, ValidationSection
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.session import Session
from phitune_gui.ui.tables.rejected_rows_table import RejectedRowsTable
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.buttons import Button, IconButton
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.column_form import ColumnForm
from phitune_gui.ui.widgets.columns import Columns
from phitune_gui.ui.widgets.drop_zone import DropZone
from phitune_gui.ui.widgets.facts import Facts
from phitune_gui.ui.widgets.figures import count_text
from phitune_gui.ui.widgets.file_list import FileList
from phitune_gui.ui.widgets.histogram import Histogram
from phitune_gui.ui.widgets.options_form import OptionsForm
from phitune_gui.ui.widgets.page_frame import PageFrame
from phitune_gui.ui.widgets.problem_list import ProblemList
from phitune_gui.ui.widgets.table_view import TableView
from phitune_gui.ui.widgets.template_form import TemplateForm
from phitune_gui.ui.widgets.token_view import TokenView
from phitune_gui.ui.widgets.words import words


def format_offered(data: DataSection, found: str) -> DatasetFormat:
    """The format that was chosen, else the one that was found, else one that knows the roles given so far."""
    known = {offered.id: offered for offered in FORMATS}
    fitting = (offered for offered in (question_answer.FORMAT, *FORMATS) if set(data.columns) <= {role.id for role in offered.roles})
    return known.get(data.format) or known.get(found) or next(fitting, question_answer.FORMAT)


class DataPage(PageFrame):
    """Empty it invites, with data it shows the data."""

    def __init__(self, session: Session) -> None:
        super().__init__("")
        self._session = session
        self._build()
        self._connect()
        self._show_recipe()
        self._show_report()
        self._show_preview()

    def _build(self) -> None:
        self.title.setText(self.tr("Data"))
        self.setAccessibleName(self.tr("Data"))
        self.add_first, self.try_now = Button(self.tr("Add file…"), "primary"), Button(self.tr("Try it with sample data"))
        self.empty = DropZone(
            self.tr("Drop the files to learn from"), self.tr("CSV, JSON, JSONL, Parquet, Arrow or text; the format is found by itself"),
            (self.add_first, self.try_now),
        )  # fmt: skip
        self.column.addWidget(self.empty)
        self.problems = ProblemList()
        self.problems.hide()
        self.column.addWidget(self.problems)
        self.filled = QWidget()
        self.filled.setObjectName("plain")
        inner = QVBoxLayout(self.filled)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(14)
        pair = Columns(most=2, least=320, spacing=14)
        pair.add(self._build_tokens(), 53)
        pair.add(self._build_lengths(), 47)
        inner.addWidget(self._build_mapping())
        inner.addWidget(pair)
        inner.addWidget(self._build_doctor())
        inner.addWidget(self._build_files())
        inner.addWidget(self._build_reading())
        self.column.addWidget(self.filled)
        self.column.addStretch(1)

    def _build_mapping(self) -> Card:
        card = self.mapping = Card(self.tr("Which column plays which role"))
        self.to_template = Button(self.tr("Write a template instead"), "link")
        self.to_columns = Button(self.tr("Choose columns instead"), "link")
        self.templates = TemplateForm()
        for part in (self.to_template, self.to_columns):
            card.head.addWidget(part)
        card.body.addWidget(self.templates)
        return card

    def _build_tokens(self) -> Card:
        card = Card(self.tr("What the model will see"))
        self.before, self.after = IconButton("left", self.tr("Row before")), IconButton("right", self.tr("Next row"))
        self.row = words("", "small")
        for part in (self.before, self.row, self.after):
            card.head.addWidget(part)
        self.tokens = TokenView()
        self.no_tokens = words("", "quiet", wrap=True)
        card.body.addWidget(self.tokens, 1)
        card.body.addWidget(self.no_tokens)
        card.body.addStretch(0)
        return card

    def _build_lengths(self) -> Card:
        card = Card(self.tr("Length in tokens"))
        self.lengths, self.length_facts = Histogram(), Facts(values_at_end=True)
        self.no_lengths = words("", "quiet", wrap=True)
        card.body.addWidget(self.lengths)
        card.body.addWidget(self.length_facts)
        card.body.addWidget(self.no_lengths)
        card.body.addStretch(1)
        return card

    def _build_doctor(self) -> Card:
        card = Card(self.tr("Doctor"))
        self.doctor = words("", "quiet")
        card.head.insertWidget(1, self.doctor)
        self.rejected = RejectedRowsTable(self)
        self.view = TableView(self.rejected, self.tr("Rows that were set aside"), stretch=1)
        self.healthy = words("", "good", wrap=True)
        self.notes = words("", "small", wrap=True)
        for part in (self.view, self.healthy, self.notes):
            card.body.addWidget(part)
        return card

    def _build_files(self) -> Card:
        card = Card(self.tr("Files"))
        self.files, self.judged = FileList(), FileList()
        self.add, self.add_validation = Button(self.tr("Add file…")), Button(self.tr("Validation file…"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.add)
        row.addWidget(self.add_validation)
        row.addStretch(1)
        row.addWidget(words(self.tr("Drop more files anywhere"), "small"))
        for part in (self.files, self.judged):
            card.body.addWidget(part)
        card.body.addLayout(row)
        return card

    def _build_reading(self) -> Card:
        card = self.how_read = Card(self.tr("How rows are read"))
        formats = {"auto": self.tr("found by itself")} | {offered.id: declared(offered.label) for offered in FORMATS}
        self.reading = OptionsForm(DataSection, "data", ("format", "train_on", "max_length", "broken_rows"), {"format": formats})
        self.held_out = OptionsForm(ValidationSection, "data.validation", ("percent",))
        self.columns = ColumnForm()
        for part in (self.reading, self.held_out, self.columns):
            card.body.addWidget(part)
        return card

    def _connect(self) -> None:
        session = self._session
        for button in (self.add_first, self.add):
            button.clicked.connect(self._add)
        self.add_validation.clicked.connect(self._add_validation)
        self.try_now.clicked.connect(session.try_it_now)
        self.before.clicked.connect(lambda: session.show_row(session.preview_row - 1))
        self.after.clicked.connect(lambda: session.show_row(session.preview_row + 1))
        self.lengths.limit_chosen.connect(lambda limit: session.set_value("data.max_length", limit))
        self.files.removed.connect(session.remove_data)
        self.files.weighed.connect(lambda place, weight: session.set_value(f"data.sources.{place}.weight", weight))
        self.files.wrong.connect(lambda place, fault: session.mark_field(f"data.sources.{place}.weight", fault))
        self.judged.removed.connect(lambda _place: session.set_validation_file(None))
        for form in (self.reading, self.held_out):
            form.edited.connect(self._set)
            form.reset_asked.connect(self._reset)
            form.wrong.connect(session.mark_field)
        self.to_template.clicked.connect(self._begin_template)
        self.to_columns.clicked.connect(lambda: session.choose_format("auto"))
        self.templates.typed.connect(session.try_templates)
        self.templates.edited.connect(lambda texts: session.set_value("data.columns", texts))
        session.first_row_changed.connect(self._show_first_row)
        self.columns.edited.connect(lambda mapping: session.set_value("data.columns", mapping))
        session.recipe_changed.connect(self._show_recipe)
        session.report_changed.connect(self._show_report)
        session.report_changed.connect(self._show_preview)
        session.preview_changed.connect(self._show_preview)
        session.model_changed.connect(self._show_preview)

    def _show_recipe(self) -> None:
        data = self._session.recipe.data
        self.empty.setVisible(not data.sources)
        self.filled.setVisible(bool(data.sources))
        learned_from = self.tr("learned from")
        self.files.show_files([(source.path, learned_from) for source in data.sources], [source.weight for source in data.sources])
        self.judged.show_files([(data.validation.path, self.tr("validation"))] if data.validation.path else [])
        self.held_out.setVisible(not data.validation.path)
        self.reading.show_values(data, DataSection())
        self.held_out.show_values(data.validation, ValidationSection())
        self._show_report()

    def _show_report(self) -> None:
        session, report = self._session, self._session.report
        self.problems.show_problems((session.data_problem,) if session.data_problem else ())
        names = ", ".join(PurePath(source.path).name for source in session.recipe.data.sources)
        if not names:
            self.say(self.tr("What your Phi learns from: questions and answers, conversations, or plain text."))
        elif report is None:
            self.say(self.tr("Checking {files} …").format(files=names) if session.inspecting else names)
        else:
            self.say(f"{names} · {self._format_words(report)} · {report.encoding.upper()}")
        self._show_lengths(report)
        self._show_doctor(report)
        self._show_columns()

    def _show_columns(self) -> None:
        """Offers the roles as soon as the columns are known, also when nobody knows what they mean."""
        session = self._session
        problem, report, data = session.data_problem, session.report, session.recipe.data
        columns = session.data_columns
        offered = format_offered(data, report.format if report else "")
        roles = [(role.id, declared(role.help)) for role in offered.roles]
        asked_for = bool(problem and problem.columns) or bool(data.columns) or offered.is_written
        self.mapping.title.setText(declared(offered.label) if offered.is_written else self.tr("Which column plays which role"))
        for part, shown in (
            (self.templates, offered.is_written),
            (self.to_columns, offered.is_written),
            (self.to_template, not offered.is_written),
        ):
            part.setVisible(shown)
        if offered.is_written:
            self.columns.hide()
            self.mapping.show()
            self.templates.show_templates(roles, columns, data.columns)
            session.try_templates(self.templates.texts)
            return
        self.columns.show_roles(roles, columns, data.columns)
        place = self.mapping if asked_for else self.how_read
        if self.columns.parent() is not place:
            place.body.addWidget(self.columns)
        self.columns.setVisible(bool(roles and columns))
        self.mapping.setVisible(asked_for and bool(columns))

    def _begin_template(self) -> None:
        self._session.choose_format(template.FORMAT.id)
        self.templates.fields["user"].setFocus()

    def _show_first_row(self) -> None:
        row, refused = self._session.first_row, self._session.first_row_problem
        above = self._session.data_problem
        is_new = refused is not None and (above is None or above.what != refused.what)
        said = with_titles(f"{refused.what} {refused.how_to_fix}") if refused and is_new else ""
        self.templates.show_turns([(turn.role, turn.content) for turn in row.messages] if row else [], said)

    def _set(self, name: str, value: object) -> None:
        """A format is chosen together with what it makes of the columns that were said."""
        if name == "data.format":
            self._session.choose_format(str(value))
        else:
            self._session.set_value(name, value)

    def _reset(self, name: str) -> None:
        if name == "data.format":
            self._session.choose_format("auto")
        else:
            self._session.reset_value(name)

    def _format_words(self, report: DatasetReport) -> str:
        label = {offered.id: declared(offered.label) for offered in FORMATS}.get(report.format, report.format)
        return f"{label} ({declared(report.format_reason).rstrip('.')})" if report.format_reason else label

    def _show_lengths(self, report: DatasetReport | None) -> None:
        measured = report is not None and bool(report.lengths.histogram)
        self.lengths.setVisible(measured)
        self.length_facts.setVisible(measured)
        self.no_lengths.setVisible(not measured)
        waiting = self.tr("Counting …") if self._session.inspecting else self.tr("Choose a model: its tokenizer counts.")
        self.no_lengths.setText(self._unreadable() or waiting)
        if report is not None and measured:
            self.lengths.show_lengths(report.lengths, self._session.recipe.data.max_length)
            learned = self.tr("{learned} of {all}").format(learned=count_text(report.learned_tokens), all=count_text(report.tokens))
            too_long = self.tr("{count} rows").format(count=count_text(report.truncated))
            self.length_facts.show_facts([(self.tr("Longer than the limit"), too_long), (self.tr("Learned tokens"), learned)])

    def _unreadable(self) -> str:
        return self.tr("Nothing yet: the rows are not understood.") if self._session.data_problem else ""

    def _show_doctor(self, report: DatasetReport | None) -> None:
        self.rejected.show_rows(report.rejected if report else ())
        self.view.setVisible(bool(self.rejected.rows))
        self.healthy.setVisible(report is not None and not report.rejected)
        self.healthy.setText(self.tr("Every row can be used."))
        counts = self.tr("{rows} read · {kept} kept · {aside} set aside")
        self.doctor.setText("" if report is None else counts.format(
            rows=count_text(report.rows), kept=count_text(report.kept), aside=count_text(report.rejected_count)))  # fmt: skip
        self.notes.setText("\n".join(self._notes(report)) if report else "")
        self.notes.setVisible(bool(self.notes.text()))

    def _notes(self, report: DatasetReport) -> list[str]:
        counted = [
            (report.duplicates, self.tr("{count} rows say the same as another row.")),
            (report.leaks, self.tr("{count} validation rows are also learned from, so the validation would flatter.")),
            (report.fully_masked, self.tr("{count} rows teach nothing: the limit cuts their whole answer off.")),
            (report.control_tokens_in_text, self.tr("{count} rows contain a control token as text; it is read as plain text.")),
            (max(report.rejected_count - len(report.rejected), 0), self.tr("{count} more rows were set aside and are not listed.")),
        ]
        return [text.format(count=count_text(count)) for count, text in counted if count] + [declared(note) for note in report.notes]

    def _show_preview(self) -> None:
        preview, report = self._session.preview, self._session.report
        self.tokens.setVisible(preview is not None)
        self.tokens.show_preview(preview)
        self.no_tokens.setVisible(preview is None)
        has_model = self._session.model is not None
        refused = self._session.preview_problem
        waiting = with_titles(f"{refused.what} {refused.how_to_fix}") if refused else self.tr("Reading …")
        chosen = waiting if has_model else self.tr("Choose a model: its template and tokenizer decide.")
        self.no_tokens.setText(self._unreadable() or chosen)
        for part in (self.before, self.after, self.row):
            part.setVisible(preview is not None)
        if preview is not None and report is not None:
            self.row.setText(self.tr("row {row} of {rows}").format(row=count_text(preview.row + 1), rows=count_text(report.rows)))
            self.before.setEnabled(preview.row > 0)
            self.after.setEnabled(preview.row + 1 < report.rows)

    def _add(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, self.tr("Files to learn from"))
        self._session.add_data(paths)

    def _add_validation(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(self, self.tr("File to judge by"))
        if path:
            self._session.set_validation_file(path)
