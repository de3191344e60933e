"""The look of every page, of the console and the simulator alike: one sheet, one icon, the script of what is live."""

from starlette.staticfiles import StaticFiles

PACKAGES = (("gateway.look", "files"),)


def served(folder: str) -> StaticFiles:
    """Return what serves the look, and beside it the files of a folder of the page's own."""
    return StaticFiles(directory=folder, packages=list(PACKAGES))
