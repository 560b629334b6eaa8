"""What is remembered of every row once it was looked at: some sixty bytes, whatever the row holds."""

from array import array
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from phitune_gui.core.messages import Conversation
from phitune_gui.data.key_set import KEY_BYTES, KeySet
from phitune_gui.data.split import Places, content_key, key_of

MOST_NOTES = 1000
"""Different sets of notes that are told apart; formats have a handful."""


class Mark:
    """What can be said of one row, one bit each; plain numbers, because they are added up for millions of rows."""

    KEPT = 1
    MASKED = 2
    """Its answer lies behind the length limit, so it is left out."""
    TRUNCATED = 4
    PLAIN = 8
    SYSTEM = 16
    TOOL = 32
    SPELLS = 64
    """Its text spells control tokens."""


@dataclass(slots=True)
class Gathered:
    """The different rows of some files, in order, as columns; rows that say what another one said are only counted."""

    seen: KeySet = field(default_factory=KeySet)
    conversations: int = 0
    _asked: bytearray = field(default_factory=bytearray)
    _marks: "array[int]" = field(default_factory=lambda: array("B"))
    _lengths: "array[int]" = field(default_factory=lambda: array("I"))
    _learned: "array[int]" = field(default_factory=lambda: array("I"))
    _files: "array[int]" = field(default_factory=lambda: array("B"))
    _known_files: dict[str, int] = field(default_factory=dict)
    _notes: "array[int]" = field(default_factory=lambda: array("H"))
    _known_notes: dict[tuple[str, ...], int] = field(default_factory=lambda: {(): 0})

    def add(self, conversation: Conversation) -> bool:
        """Whether the conversation says something new; then `finish` is to be called for it, in the same order."""
        self.conversations += 1
        return self.seen.add(content_key(conversation))

    def finish(self, conversation: Conversation, marks: int, length: int = 0, learned: int = 0) -> None:
        """Remember what became of a new row: its tokens before cutting, and how many are learned after it."""
        if conversation.text is not None:
            marks |= Mark.PLAIN
        for turn in conversation.messages:
            if turn.role == "system":
                marks |= Mark.SYSTEM
            elif turn.role == "tool":
                marks |= Mark.TOOL
        notes = conversation.notes if len(self._known_notes) < MOST_NOTES or conversation.notes in self._known_notes else ()
        self._marks.append(marks)
        self._lengths.append(length)
        self._learned.append(learned)
        self._files.append(self._known_files.setdefault(conversation.file, len(self._known_files)))
        self._notes.append(self._known_notes.setdefault(notes, len(self._known_notes)))
        self._asked += key_of(_asked(conversation).encode("utf-8", errors="surrogatepass"))

    @property
    def duplicates(self) -> int:
        """How many rows say the same as another one before them."""
        return self.conversations - len(self.seen)

    def kept(self, places: Places) -> Places:
        """Those of the rows at `places` that will be used."""
        return places[self.marked(Mark.KEPT)[places]]

    def marked(self, mark: int) -> npt.NDArray[np.bool_]:
        """For every row whether it has the mark."""
        has: npt.NDArray[np.bool_] = (np.frombuffer(self._marks, np.uint8) & np.uint8(mark)) != 0
        return has

    def lengths(self, places: Places) -> npt.NDArray[np.uint32]:
        """Tokens of these rows before cutting."""
        return np.frombuffer(self._lengths, np.uint32)[places]

    def learned(self, places: Places) -> int:
        """Learned tokens of these rows together."""
        return int(np.frombuffer(self._learned, np.uint32)[places].sum(dtype=np.int64))

    @property
    def files(self) -> list[str]:
        """The files that the rows come from."""
        return list(self._known_files)

    def file_numbers(self, places: Places) -> npt.NDArray[np.uint8]:
        """For each of these rows the place of its file among `files`."""
        numbers: npt.NDArray[np.uint8] = np.frombuffer(self._files, np.uint8)[places]
        return numbers

    def keys(self, places: Places) -> list[bytes]:
        """The content keys of these rows."""
        return [bytes(key) for key in np.frombuffer(self.seen.joined(), f"V{KEY_BYTES}")[places]]

    def asked(self, places: Places) -> npt.NDArray[np.bytes_]:
        """A key of what the user asks in each of these rows."""
        return np.frombuffer(self._asked, f"S{KEY_BYTES}")[places]

    def contents(self, places: Places) -> bytes:
        """The content keys of these rows, one behind the other."""
        return np.frombuffer(self.seen.joined(), f"V{KEY_BYTES}")[places].tobytes()

    def notes(self, places: Places) -> list[str]:
        """The different notes of these rows in the order in which they first appear."""
        known = list(self._known_notes)
        found, first = np.unique(np.frombuffer(self._notes, np.uint16)[places], return_index=True)
        return list(dict.fromkeys(note for number in found[np.argsort(first)] for note in known[number]))


def _asked(conversation: Conversation) -> str:
    if conversation.text is not None:
        return conversation.text
    return "\n".join(turn.content.strip() for turn in conversation.messages if turn.role == "user")
