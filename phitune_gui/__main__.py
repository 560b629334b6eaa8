"""The first lines that run: decide between worker, command line and window before anything heavy is imported."""

import multiprocessing
import os
import sys

COMMANDS = (
    "demo", "starter", "doctor", "calibrate", "models", "inspect", "preview", "adapter", "advise", "techniques", "recipe", "plan",
    "deepspeed", "train", "runs", "show", "stop", "resume", "join", "export", "verify", "chat",
)  # fmt: skip
"""First arguments that are commands; anything else is a path that the window opens."""

NO_SCREEN = "PhiTune found no screen to open its window on. Start it on a desktop, or use the commands: phitune --help"


def main() -> int:
    """Entry of `phitune` and of `python -m phitune_gui`; returns the exit code."""
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    if arguments[:1] == ["--worker"] and len(arguments) == 2:
        from phitune_gui.worker import main as work

        return work(arguments[1])
    if arguments and arguments[0] in (*COMMANDS, "--help", "-h", "--version", "--debug"):
        from phitune_gui.cli import main as command_line

        return command_line(arguments)
    return window()


def window() -> int:
    """Entry of `phitune-window`: open the window with the paths of the command line."""
    from argparse import ArgumentParser

    parser = ArgumentParser("phitune", description="Opens the window. phitune --help lists the commands.", add_help=False)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="loaded as if dropped on the window")
    parser.add_argument("--exit-when-shown", action="store_true", help="exit 0 once the window is interactive")
    parser.add_argument("--json", action="store_true", help="with --exit-when-shown: print the times")
    parser.add_argument("--screenshots", metavar="DIR", help="render every page to PNG files in DIR")
    parser.add_argument("--all", action="store_true", help="with --screenshots: every state, theme and size")
    parser.add_argument("--render-loss", nargs=2, metavar=("RUN", "PNG"), help="draw the loss of a run folder")
    options = parser.parse_args(sys.argv[1:])
    if not (options.screenshots or options.render_loss or has_screen()):
        sys.stderr.write(NO_SCREEN + "\n")
        return 2
    from pathlib import Path

    from phitune_gui.app import render_loss, run_window

    if options.render_loss:
        return render_loss(Path(options.render_loss[0]), Path(options.render_loss[1]))
    screenshots = Path(options.screenshots) if options.screenshots else None
    return run_window(options.paths, options.exit_when_shown, screenshots, options.all, options.json)


def has_screen() -> bool:
    """Whether Qt can open a window here; without any screen it would abort the process."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
