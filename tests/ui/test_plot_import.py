"""The plotting library comes in pieces, and Qt's classes are made in the window's thread only."""

import subprocess
import sys

SCRIPT = """
import sys, threading, time
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication
from phitune_gui.ui import plot_import

app = QApplication([])
threads, spans, last = set(), [], [time.perf_counter()]
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("pyqtgraph", "PySide6")):
            threads.add(threading.current_thread().name)
sys.meta_path.insert(0, Watch())
parent = QObject()
future = plot_import.import_plot(parent)
def tick():
    now = time.perf_counter(); spans.append(now - last[0]); last[0] = now
    if future.done():
        app.quit()
timer = QTimer(interval=0); timer.timeout.connect(tick); timer.start()
app.exec()
future.result()
print(sorted(threads), len(spans) > 20, "pyqtgraph" in sys.modules)
"""


def test_qt_is_only_touched_in_the_main_thread_and_events_go_on_between() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[0] == "['MainThread'] True True"
