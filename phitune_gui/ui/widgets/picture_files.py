"""Writes a widget as a picture or a drawing, and a run's steps as a table for spreadsheets."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint
from PySide6.QtGui import QColor, QImage, QImageWriter, QPaintDevice, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from phitune_gui.core.run import Run, Step
from phitune_gui.files.atomic import write_bytes, write_text


def save_png(widget: QWidget, path: Path, ground: str) -> None:
    """The widget at its own size on a ground of this colour. Raises OSError when the file cannot be written."""
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    image.fill(QColor(ground))
    _paint(widget, image)
    write_bytes(path, _written(lambda buffer: QImageWriter(buffer, QByteArray(b"png")).write(image)))


def save_svg(widget: QWidget, path: Path, ground: str) -> None:
    """The widget as vectors on a ground of this colour. Raises OSError when the file cannot be written."""

    def draw(buffer: QBuffer) -> None:
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(widget.size())
        generator.setViewBox(widget.rect())
        _paint(widget, generator, ground)

    write_bytes(path, _written(draw))


def save_csv(run: Run, path: Path) -> None:
    """One line per step; the validation loss stands at the steps that have one. Raises OSError when it cannot be written."""
    judged = {point.step: point.loss for point in run.evaluations}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*Step._fields, "validation_loss"])
    if 0 in judged:
        table.writerow([0, *[""] * (len(Step._fields) - 1), judged[0]])
    table.writerows([*step, judged.get(step.step, "")] for step in run.steps)
    write_text(path, text.getvalue())


def _paint(widget: QWidget, device: QPaintDevice, ground: str = "") -> None:
    painter = QPainter(device)
    if ground:
        painter.fillRect(widget.rect(), QColor(ground))
    widget.render(painter, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
    painter.end()


def _written(write: Callable[[QBuffer], object]) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    write(buffer)
    buffer.close()
    return bytes(buffer.data().data())
