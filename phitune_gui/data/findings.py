"""The doctor's findings in sum: what is kept, left out and held out, how long rows are, what leaks, what is worth knowing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.folding import SYSTEM_NOTE, TOOL_NOTE
from phitune_gui.data.gathered import Gathered, Mark
from phitune_gui.data.lengths import lengths_of, scaled_lengths
from phitune_gui.data.person_paths import expanded
from phitune_gui.data.rows import LISTED_REJECTED, Dataset
from phitune_gui.data.split import Places
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.data.weights import repeated


@dataclass(slots=True)
class Part:
    """The training rows or the held-out rows: those at `places` of what was gathered.

    `kept` are the places of those that can be used, `seen` those of one epoch, some of them several times.
    """

    rows: Gathered
    places: Places
    kept: Places = field(init=False)
    seen: Places = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.seen = self.rows.kept(self.places)

    def weigh(self, weights: Mapping[str, float], seed: int) -> None:
        """See the rows as often as the weights of their files say."""
        if any(weight != 1 for weight in weights.values()) and len(self.kept):
            rows, kept = self.rows, self.kept
            by_number = [weights.get(file, 1.0) for file in rows.files]
            self.seen = repeated(kept, rows.keys(kept), rows.file_numbers(kept), by_number, seed)

    def count(self, mark: int) -> int:
        """How many rows have the mark."""
        return int(self.rows.marked(mark)[self.places].sum())

    def has_kept(self, mark: int) -> bool:
        """Whether a row that will be used has the mark."""
        return bool(self.rows.marked(mark)[self.kept].any())


def report_of(data: DataSection, files: Sequence[Dataset], parts: tuple[Part, Part], tokenizer: ChatTokenizer | None) -> DatasetReport:
    """The findings in sum, scaled up where only a sample of the files was read."""
    first, (train, validation) = files[0], parts
    kept = len(train.kept) + len(validation.kept)
    rows = sum(each.rows for each in files)
    factor = sum(each.rows / each.share for each in files) / rows if rows else 1.0

    def scaled(count: int) -> int:
        return round(count * factor)

    def marked(mark: int) -> int:
        return scaled(train.count(mark) + validation.count(mark))

    lengths = [part.rows.lengths(part.seen) for part in parts] if tokenizer is not None else []
    gathered = [train.rows] if validation.rows is train.rows else [train.rows, validation.rows]
    return DatasetReport(
        files=tuple(file for each in files for file in each.files),
        format=first.detection.format.id,
        format_certainty=first.detection.certainty,
        format_reason=first.detection.reason,
        encoding=", ".join(dict.fromkeys(each.encoding for each in files)),
        columns=first.columns,
        rows=scaled(rows),
        kept=scaled(kept),
        train_rows=scaled(kept) - scaled(len(validation.kept)) + scaled(len(train.seen) - len(train.kept)),
        validation_rows=scaled(len(validation.kept)),
        rejected=tuple(row for each in files for row in each.rejected)[:LISTED_REJECTED],
        rejected_count=scaled(sum(each.rejected_count for each in files)),
        broken=scaled(sum(each.broken_count for each in files)),
        lengths=scaled_lengths(lengths_of(np.concatenate(lengths)) if lengths else lengths_of([]), factor),
        max_length=data.max_length,
        truncated=marked(Mark.TRUNCATED),
        fully_masked=marked(Mark.MASKED),
        duplicates=scaled(sum(each.duplicates for each in gathered)),
        leaks=scaled(int(np.isin(validation.rows.asked(validation.kept), train.rows.asked(train.seen)).sum())),
        control_tokens_in_text=marked(Mark.SPELLS),
        tokens=scaled(int(np.minimum(train.rows.lengths(train.seen), data.max_length).sum(dtype=np.int64))),
        learned_tokens=scaled(train.rows.learned(train.seen)),
        estimated=any(each.share < 1.0 for each in files),
        fingerprint=_fingerprint(parts),
        notes=_notes(data, files, parts, tokenizer),
    )


def weights_of(data: DataSection) -> dict[str, float]:
    """The weight of each file, by the name under which its rows were read; of a file that is named twice the first one counts."""
    weights: dict[str, float] = {}
    for source in data.sources:
        weights.setdefault(str(expanded(source.path)), source.weight)
    return weights


def _weighed(file: str, weight: float, train: Part) -> str:
    files = train.rows.files
    number = files.index(file) if file in files else -1
    own, seen = (int((train.rows.file_numbers(places) == number).sum()) for places in (train.kept, train.seen))
    return f"{Path(file).name} has the weight {weight:g}: its {own:,} training rows make {seen:,} in each epoch."


def _fingerprint(parts: tuple[Part, Part]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(part.rows.contents(part.seen))
    return digest.hexdigest()


def _notes(data: DataSection, files: Sequence[Dataset], parts: tuple[Part, Part], tokenizer: ChatTokenizer | None) -> tuple[str, ...]:
    notes = [note for each in files for note in each.notes]
    guessed = next((each for each in files if not each.encoding.startswith(("UTF", "Parquet", "Arrow"))), None)
    if guessed is not None:
        notes.append(f"{guessed.files[0]} looks like {guessed.encoding}. If letters look wrong, save the file as UTF-8.")
    if parts[0].has_kept(Mark.TRUNCATED) and parts[0].has_kept(Mark.PLAIN):
        notes.append(
            f"Texts are learned up to token {data.max_length}. Blank lines between their parts (in Markdown: headings) make every part "
            "a text of its own."
        )
    notes.extend(_weighed(file, weight, parts[0]) for file, weight in weights_of(data).items() if weight != 1)
    notes.extend(dict.fromkeys(note for part in parts for note in part.rows.notes(part.kept)))
    if tokenizer is not None and tokenizer.folds_system and any(part.has_kept(Mark.SYSTEM) for part in parts):
        notes.append(SYSTEM_NOTE)
    if tokenizer is not None and tokenizer.folds_tools and any(part.has_kept(Mark.TOOL) for part in parts):
        notes.append(TOOL_NOTE)
    return tuple(notes)
