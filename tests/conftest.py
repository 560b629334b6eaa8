"""What every test gets: a home of its own, no screen, and the check that it leaves no process behind."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Deadlines and the slowness check measure how busy the machine is, not what the tests are about.
hypothesis.settings.register_profile("shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared-machine")
TEST_DATA = os.environ.get("PHITUNE_TEST_DATA")


@pytest.fixture(scope="session", autouse=True)
def home_of_what_tests_share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is made once for several tests finds no person's home either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHITUNE_HOME", str(tmp_path_factory.mktemp("shared-home")))
        yield


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the person who runs the tests is read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("PHITUNE_HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    return home


@pytest.fixture(autouse=True)
def no_child_left() -> Iterator[None]:
    """A test that leaves a child process running has failed."""
    before = {child.pid for child in psutil.Process().children()}
    yield
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (left := _new_children(before)):
        time.sleep(0.05)
    left = _new_children(before)
    for child in left:
        child.kill()
        child.wait()
    assert not left, f"still running: {[child.pid for child in left]}"


def _new_children(before: set[int]) -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if child.pid not in before and child.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def test_data() -> Path:
    """The folder of real datasets and tokenizers; tests that need it are skipped where it is not named."""
    if not TEST_DATA or not Path(TEST_DATA).is_dir():
        pytest.skip("PHITUNE_TEST_DATA names no folder of real data")
    return Path(TEST_DATA)
