"""The session's real values and signals with verbs that only write down that they were asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phitune_gui.core.messages import Message
from phitune_gui.core.run import Run
from phitune_gui.store.settings import Settings
from phitune_gui.ui import stories
from phitune_gui.ui.session_state import SessionState


class FakeSession(SessionState):
    """`asked` lists verbs as (name, arguments ...); `show` and `chat` play what the real one would do later."""

    def __init__(self) -> None:
        super().__init__(settings=Settings(), desk=object())  # type: ignore[arg-type]
        self.asked: list[tuple[Any, ...]] = []
        self.next_id = 0

    def show(self, run: Run | None, folder: str = "/runs/2026-11-24-041200-support-answers", live: bool = False) -> None:
        """Makes this run the shown one, and the one that is exported."""
        self.run = run
        self.run_folder = self.export_folder = Path(folder) if run is not None else None
        self.run_recipe = stories.record(run, folder.rsplit("-041200-")[-1]).recipe if run is not None else None
        self.live_run, self.live_folder = (run, self.run_folder) if live else (None, None)
        self.run_changed.emit()

    def chat(self, state: Any, message: str = "") -> None:
        """Says this state of the chat."""
        self.chat_state, self.chat_message = state, message
        self.chat_changed.emit()

    def open_chat(self, source: str | Path, kind: str) -> None:
        self.asked.append(("open_chat", str(source), kind))
        self.chat_source = str(source)
        self.chat("loading")

    def ask(self, messages: Sequence[Message], **options: Any) -> str:
        self.asked.append(("ask", tuple(messages), options))
        self.next_id += 1
        self.chat_state = "answering"
        self.chat_changed.emit()
        return f"q{self.next_id}"

    def __getattr__(self, name: str) -> Any:
        verbs = ("stop_run", "save_now", "kill_run", "show_run", "open_run", "refresh_runs", "start_export", "cancel_export",
                 "verify_export", "cancel_answer", "close_chat",
                 "import_adapter", "cancel_import", "close_import", "train_on",
                 "clone_recipe", "start_run", "resume_run", "resume_from")  # fmt: skip
        if name in verbs:
            return lambda *arguments: self.asked.append((name, *arguments))
        raise AttributeError(name)
