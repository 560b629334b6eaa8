"""The project menu and the window's shortcuts."""

from typing import Any

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog

from phitune_gui.core.names import RECIPE_SUFFIX
from phitune_gui.ui.page_list import entries

MenuWindow = Any
"""The main window; it imports this module, so its own name cannot stand here."""


def fill_menu(window: MenuWindow) -> None:
    """Adds every entry, with its shortcut valid in the whole window."""
    session, tr = window.session, window.tr
    _add(window, tr("New recipe"), "Ctrl+N", session.new_recipe)
    _add(window, tr("Open…"), "Ctrl+O", lambda: _open(window))
    _add(window, tr("Open a folder…"), "Ctrl+Shift+O", lambda: _open_folder(window))
    _add(window, tr("Save recipe as…"), "Ctrl+S", lambda: _save(window))
    _add(window, tr("Rename…"), "F2", lambda: _rename(window))
    window.menu.addSeparator()
    undo = _add(window, tr("Undo"), "Ctrl+Z", session.undo)
    redo = _add(window, tr("Redo"), "Ctrl+Shift+Z", session.redo)
    window.menu.addSeparator()
    _add(window, tr("Check this machine…"), "", session.check_machine)
    _add_themes(window)
    window.menu.addSeparator()
    _add(window, tr("Quit"), "Ctrl+Q", window.close)
    session.recipe_changed.connect(lambda: undo.setEnabled(session.history.can_undo))
    session.recipe_changed.connect(lambda: redo.setEnabled(session.history.can_redo))
    undo.setEnabled(False)
    redo.setEnabled(False)
    for entry in entries():
        _shortcut(window, entry.shortcut, lambda page=entry.page: window.show_page(page))
    for keys in ("Ctrl+Return", "Ctrl+Enter"):
        _shortcut(window, keys, lambda: window.run_card.start.click())
    _shortcut(window, "Ctrl+Shift+L", window.toggle_theme)


def _add(window: MenuWindow, text: str, keys: str, slot: Any) -> QAction:
    action = QAction(text, window)
    action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked=False: slot())
    window.menu.addAction(action)
    window.addAction(action)
    return action


def _shortcut(window: MenuWindow, keys: str, slot: Any) -> None:
    action = QAction(window)
    action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked=False: slot())
    window.addAction(action)


def _add_themes(window: MenuWindow) -> None:
    menu = window.menu.addMenu(window.tr("Theme"))
    group = QActionGroup(menu)
    choices = {"system": window.tr("As the system"), "light": window.tr("Light"), "dark": window.tr("Dark")}
    actions = {}
    for choice, text in choices.items():
        action = actions[choice] = QAction(text, group)
        action.setCheckable(True)
        action.triggered.connect(lambda _checked=False, choice=choice: _choose_theme(window, choice))
        menu.addAction(action)
    actions[window.theme.choice].setChecked(True)
    window.theme.changed.connect(lambda: actions[window.theme.choice].setChecked(True))


def _choose_theme(window: MenuWindow, choice: Any) -> None:
    window.theme.choose(choice)
    window.session.keep_settings(theme=choice)


def _open(window: MenuWindow) -> None:
    paths, _kind = QFileDialog.getOpenFileNames(window, window.tr("Open a dataset or a recipe"))
    window.session.open_paths(paths)


def _open_folder(window: MenuWindow) -> None:
    folder = QFileDialog.getExistingDirectory(window, window.tr("Open a model, an adapter, a run or a folder of datasets"))
    if folder:
        window.session.open_paths([folder])


def _save(window: MenuWindow) -> None:
    path, _kind = QFileDialog.getSaveFileName(
        window, window.tr("Save the recipe"), (window.session.recipe.name or "recipe") + RECIPE_SUFFIX
    )
    if path:
        window.session.save_recipe(path if path.endswith(RECIPE_SUFFIX) else path + RECIPE_SUFFIX)


def _rename(window: MenuWindow) -> None:
    name, accepted = QInputDialog.getText(window, window.tr("Rename"), window.tr("Name"), text=window.session.recipe.name)
    if accepted:
        window.session.set_value("name", name.strip())
