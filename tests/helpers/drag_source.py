"""A little window of another program whose files can be dragged away by a real mouse.

python drag_source.py FILE ...        a window at 1040,40 of 200 x 120 pixels
"""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    """Starts a drag as soon as the pressed mouse moves."""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            drag, mime = QDrag(self), QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(Path(path).absolute())) for path in sys.argv[1:]])
            drag.setMimeData(mime)
            drag.exec(Qt.DropAction.CopyAction)


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    source = Source("drag me")
    source.setWindowFlags(Qt.WindowType.X11BypassWindowManagerHint | Qt.WindowType.FramelessWindowHint)
    source.setGeometry(1040, 40, 200, 120)
    source.show()
    app.exec()
