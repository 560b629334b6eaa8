"""The shape of the code is kept: layers, light start, small files, one sentence on top, and nothing unsafe."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "phitune_gui"
SOURCES = sorted(PACKAGE.rglob("*.py"))
ALL_CODE = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")])
LONGEST_FILE, LONGEST_FUNCTION = 400, 45

HEAVY = {"torch", "transformers", "peft", "accelerate", "bitsandbytes", "deepspeed", "onnxruntime", "onnxruntime_genai", "onnx", "gguf"}
QT = {"PySide6", "shiboken6", "qasync", "pyqtgraph"}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
PRINTS = ("cli/",)  # where stdout is the job


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def loaded_by(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after importing one module."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    return set(shown.stdout.split())


# --- layers and start-up


def test_imports_keep_the_contracts() -> None:
    command = [sys.executable, "-c", "import importlinter.cli as cli; cli.lint_imports_command()", "--no-cache", "--no-logo"]

    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_window_loads_no_training_stack() -> None:
    assert not loaded_by("phitune_gui.app") & (HEAVY | {"pyarrow"})


def test_the_command_line_loads_neither_qt_nor_the_training_stack() -> None:
    assert not loaded_by("phitune_gui.cli") & (HEAVY | QT)


def test_the_dispatcher_decides_before_anything_big_is_loaded() -> None:
    assert not loaded_by("phitune_gui.__main__") & (HEAVY | QT | {"typer"})


def test_the_worker_starts_without_torch() -> None:
    """Strangers' data files are read by a worker that must start in well under a second."""
    assert not loaded_by("phitune_gui.worker") & (HEAVY | QT)


def test_pyside_keeps_singletons_alive() -> None:
    """PySide6 6.12.0 on CPython 3.11 drops references to None and True until the interpreter aborts."""
    thing = QObject()
    before = sys.getrefcount(None)

    for _ in range(50):
        thing.setObjectName("x")

    assert sys.getrefcount(None) > before - 25


# --- sizes and sentences


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_opens_with_one_sentence(path: Path) -> None:
    opening = (ast.get_docstring(tree_of(path)) or "").partition("\n\n")[0]

    assert opening.endswith((".", "?")), "open the module with a sentence that a newcomer understands"
    assert not re.search(r"\.\s+[A-Z]", opening), f"one sentence, then an empty line: {opening!r}"


@pytest.mark.parametrize("path", ALL_CODE, ids=name_of)
def test_files_stop_at_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", ALL_CODE, ids=name_of)
def test_functions_stop_at_45_lines(path: Path) -> None:
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert {node.name: length_of(node) for node in functions if length_of(node) > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}


# --- what must not stand in the product


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def has_keyword(node: ast.Call, name: str, value: object) -> bool:
    return any(word.arg == name and isinstance(word.value, ast.Constant) and word.value.value is value for word in node.keywords)


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    return set()


def faults_of_call(node: ast.Call, prints: bool) -> list[str]:
    name = called(node)
    faults = []
    if any(word.arg == "trust_remote_code" for word in node.keywords) and not has_keyword(node, "trust_remote_code", False):
        faults.append("trust_remote_code: code that comes with a model is never run")
    if any(word.arg == "shell" for word in node.keywords) and not has_keyword(node, "shell", False):
        faults.append("shell: start programs by a list of arguments")
    if name in {"os.system", "os.popen", "eval", "exec"}:
        faults.append(f"{name}: runs text as a program")
    if name == "torch.load" and not has_keyword(node, "weights_only", True):
        faults.append("torch.load without weights_only=True: the file could run code")
    if name == "print" and not prints:
        faults.append("print: events and log.txt say what happens")
    if name.endswith(".processEvents"):
        faults.append("processEvents: slots would nest")
    return faults


def faults_of(source: str, prints: bool) -> list[str]:
    faults = []
    for node in ast.walk(ast.parse(source)):
        found = faults_of_call(node, prints) if isinstance(node, ast.Call) else []
        found += [f"{name}: reading it runs code" for name in sorted(imported(node) & UNSAFE_MODULES)]
        faults += [f"line {getattr(node, 'lineno', 0)}: {fault}" for fault in found]
    return faults


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_unsafe_stands_in_the_product(path: Path) -> None:
    prints = path.relative_to(PACKAGE).as_posix().startswith(PRINTS)

    assert faults_of(path.read_text(encoding="utf-8"), prints) == []


@pytest.mark.parametrize(
    "source",
    [
        "load(path, trust_remote_code=True)",
        "load(path, trust_remote_code=wanted)",
        "run(command, shell=True)",
        "import pickle",
        "from pickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "print('hello')",
        "os.system('ls')",
        "application.processEvents()",
    ],
)
def test_the_guard_sees_what_it_is_there_for(source: str) -> None:
    assert len(faults_of(source, prints=False)) == 1


@pytest.mark.parametrize(
    "source", ["torch.load(path, weights_only=True)", "run(command, shell=False)", "load(path, trust_remote_code=False)"]
)
def test_the_guard_lets_the_safe_way_pass(source: str) -> None:
    assert faults_of(source, prints=False) == []
