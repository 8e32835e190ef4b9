"""Releases by commands: any platform's own program behind the four words.

The commands run in the source, with this process's variables (the program's login is there) and those that say which
release it is about: `$RELEASE`, `$RELEASE_VERSION`, `$RELEASE_COMMIT`, `$RELEASE_TO`. What was made live is known from
our own journals, for a command says nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from launchready.hardening.release import shell
from launchready.hardening.release.hidden import Hidden, hidden
from launchready.hardening.release.history import made_live
from launchready.hardening.release.words import Failed, Release, Told
from launchready.portal_deploy import DeploySettings


@dataclass(frozen=True)
class Commands:
    """The commands of one environment."""

    settings: DeploySettings
    source: Path
    root: Path
    """Where the journals are."""
    name: str = "commands"

    def explain(self) -> dict[str, list[str]]:
        """What each word does."""
        return {
            word: [f"Runs in {self.source}: {command}" for command in commands] or ["Nothing."]
            for word, commands in (
                ("build", self.settings.build),
                ("migrate", self.settings.migrate),
                ("release", self.settings.release),
                ("roll back", self.settings.roll_back),
            )
        }

    async def current(self) -> Release | Failed | None:
        """The last one the journals say was made live."""
        found = made_live(self.root, self.settings.environment)
        return found[0] if found else None

    async def releases(self) -> list[Release] | Failed:
        """Those that were live, newest first."""
        found = {one.id: one for one in reversed(made_live(self.root, self.settings.environment))}
        return sorted(found.values(), key=lambda one: one.id, reverse=True)[: self.settings.kept]

    async def build(self, release: Release, told: Told) -> Release | Failed:
        """The build commands."""
        failed = await self._run("build", self.settings.build, release, told)
        return failed or replace(release, reference=release.reference or release.id)

    async def migrate(self, release: Release, told: Told) -> Failed | None:
        """The migrate commands."""
        return await self._run("migrate", self.settings.migrate, release, told)

    async def release(self, release: Release, told: Told) -> Failed | None:
        """The release commands."""
        return await self._run("release", self.settings.release, release, told, {"RELEASE_TO": release.id})

    async def roll_back(self, to: Release, told: Told) -> Failed | None:
        """The roll_back commands, with `$RELEASE_TO`; `$RELEASE` is the one that is left."""
        left = await self.current()
        of = left if isinstance(left, Release) else to
        more = {"RELEASE_TO": to.id, "RELEASE_TO_VERSION": to.version, "RELEASE_TO_COMMIT": to.commit}
        return await self._run("roll back", self.settings.roll_back, of, told, more)

    async def undo_migrations(self, release: Release, told: Told) -> Failed | None:
        """The commands that take the migrations of a release back."""
        return await self._run("roll back", self.settings.undo_migrations, release, told)

    @property
    def hidden(self) -> Hidden:
        """What must not be seen of what commands print."""
        return hidden({}, (self.settings.database_env,))

    async def _run(
        self, step: str, commands: tuple[str, ...], release: Release, told: Told, more: dict[str, str] | None = None
    ) -> Failed | None:
        quiet = self.hidden
        limit = self.settings.command_timeout_s
        try:
            ran = await shell.run_all(step, commands, self.source, release, quiet.told(told), limit, more)
        except OSError as error:
            return Failed(step, f"no command can be run in {self.source}: {error.strerror}")
        return quiet.failed(replace(ran, unsure=step in ("release", "roll back"))) if isinstance(ran, Failed) else None
