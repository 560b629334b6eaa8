"""What the tests of the data layer share: a tiny model folder, and a short way to write data files and sections."""

from collections.abc import Callable
from pathlib import Path

import pytest

from phitune_gui.core.base_model import BaseModel, ChatMarkers
from phitune_gui.core.messages import Conversation, Message, Role
from phitune_gui.core.recipe import DataSection, DataSource, ValidationSection
from phitune_gui.data.tokens import ChatTokenizer
from tests.helpers.tiny_tokenizer import write_tiny_tokenizer

PHI = ChatMarkers(answer_header="<|assistant|>\n", answer_end="<|end|>")
WriteData = Callable[..., Path]
TurnsOf = Callable[..., Conversation]
SectionOf = Callable[..., DataSection]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny tokenizer."""
    folder = tmp_path_factory.mktemp("tiny-tokenizer")
    write_tiny_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> BaseModel:
    """A model that has the tiny tokenizer and no weights."""
    return BaseModel(path=str(tiny_folder), name="tiny", family="Phi-3", model_type="phi3", usable=True, chat=PHI)


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> ChatTokenizer:
    """The tiny tokenizer, loaded."""
    return ChatTokenizer.load(tiny_folder, PHI)


@pytest.fixture
def phi(test_data: Path) -> Callable[[str], Path]:
    """Folder of a real Phi-3 tokenizer by name."""
    return lambda name: test_data / "tokenizers" / name


@pytest.fixture
def write(tmp_path: Path) -> WriteData:
    """Write a data file: `write("a.jsonl", "text")` or bytes."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def section() -> SectionOf:
    """A data section on these files: `section(path, max_length=64, validation=other, percent=0)`."""

    def section(*paths: Path, validation: Path | None = None, percent: float = 10.0, **fields: object) -> DataSection:
        held_out = ValidationSection(path=None if validation is None else str(validation), percent=percent)
        sources = tuple(DataSource(path=str(path)) for path in paths)
        return DataSection.model_validate({"sources": sources, "validation": held_out, **fields})

    return section


@pytest.fixture(scope="session")
def turns() -> TurnsOf:
    """A conversation of (role, content) pairs."""

    def turns(*pairs: tuple[Role, str]) -> Conversation:
        return Conversation(messages=tuple(Message(role=role, content=content) for role, content in pairs))

    return turns
