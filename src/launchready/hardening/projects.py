"""The projects of a repository: one folder, one language, one manifest; and which of them are applications."""

from __future__ import annotations

from dataclasses import dataclass

from launchready.hardening.documents import Shelf, basename, folder_of, join, table, within, words

MANIFESTS = {
    "python": ("pyproject.toml", "Pipfile", "requirements.txt", "requirements.in", "setup.py", "manage.py"),
    "node": ("package.json",),
    "ruby": ("Gemfile",),
    "php": ("composer.json",),
    "go": ("go.mod",),
}
"""By language: the files that make a folder a project of it."""
DEPLOYED = (
    "Procfile", "Dockerfile", "Containerfile", "render.yaml", "fly.toml", "railway.json", "railway.toml", "app.yaml",
    "vercel.json", "netlify.toml", "heroku.yml", "manage.py", "wsgi.py", "asgi.py", "main.py", "app.py", "config.ru",
    "artisan", "docker-compose.yml", "compose.yaml", "compose.yml", "index.php",
)  # fmt: skip
"""Files of something that runs, as opposed to a library that others install."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a manifest."""

    language: str
    folder: str
    """Empty for the root."""
    manifests: tuple[str, ...]
    """Paths."""
    application: bool
    """Whether it runs somewhere; a library is installed by others and keeps its versions open."""
    workspace: str = ""
    """The manifest of the workspace that it is a member of; empty when it stands alone."""


async def projects(shelf: Shelf) -> list[Project]:
    """Every project of the repository, outer folders first."""
    found: list[Project] = []
    for language, names in MANIFESTS.items():
        lower = {name.lower() for name in names}
        folders: dict[str, list[str]] = {}
        for path in shelf.files:
            if basename(path).lower() in lower:
                folders.setdefault(folder_of(path), []).append(path)
        roots = await _workspaces(shelf, language, folders)
        for folder in sorted(folders, key=lambda f: (f.count("/") + bool(f), f)):
            root = next((path for above, path in roots.items() if folder != above and within(folder, above)), "")
            application = await _is_application(shelf, language, folder)
            found.append(Project(language, folder, tuple(sorted(folders[folder])), application, root))
    return found


async def _workspaces(shelf: Shelf, language: str, folders: dict[str, list[str]]) -> dict[str, str]:
    """By folder: the manifest that makes the folders below it one workspace with one lock file."""
    found: dict[str, str] = {}
    for folder in sorted(folders):
        if language == "node":
            path = join(folder, "package.json")
            if shelf.beside(folder, "pnpm-workspace.yaml", "lerna.json") or (await shelf.table(path)).get("workspaces"):
                found[folder] = path
        elif language == "python" and shelf.beside(folder, "pyproject.toml"):
            path = join(folder, "pyproject.toml")
            if "workspace" in table(table((await shelf.table(path)).get("tool")).get("uv")):
                found[folder] = path
        elif language == "go" and shelf.beside(folder, "go.work"):
            found[folder] = join(folder, "go.work")
    return found


async def _is_application(shelf: Shelf, language: str, folder: str) -> bool:
    if shelf.beside(folder, *DEPLOYED) or shelf.beside(f"{folder}/public", "index.php"):
        return True
    if language == "python" and shelf.beside(folder, "pyproject.toml"):
        data = await shelf.table(join(folder, "pyproject.toml"))
        tool = table(data.get("tool"))
        switches = (("poetry", "package-mode"), ("uv", "package"), ("pdm", "distribution"))
        off = any(table(tool.get(name)).get(key) is False for name, key in switches)
        packaged = "build-system" in data and not off
        return not packaged or bool(shelf.beside(folder, "Pipfile"))
    if language == "python":
        return not shelf.beside(folder, "setup.py")
    if language == "node":
        data = await shelf.table(join(folder, "package.json"))
        published = {"main", "exports", "module", "bin", "types", "files"} & data.keys() and "version" in data
        return data.get("private") is True or not published
    if language == "php":
        data = await shelf.table(join(folder, "composer.json"))
        kind = data.get("type", "library" if "name" in data and "autoload" in data else "project")
        return bool(kind == "project")
    if language == "ruby":
        return not any(folder_of(path) == folder and path.endswith(".gemspec") for path in shelf.files)
    return True


def owner(candidates: list[Project], folder: str) -> Project | None:
    """The project a file in `folder` belongs to: the nearest one at or above it."""
    above = [project for project in candidates if within(folder, project.folder)]
    return max(above, key=lambda project: len(project.folder), default=None)


def listed(value: object) -> str:
    """A list of texts as people write it: `a, b and c`."""
    texts = words(value)
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else ""
