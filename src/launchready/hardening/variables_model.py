"""What is known of environment variables: where each is read, what each environment holds, what is documented.

Values are kept only as long as the run, to be compared; they are left out of every representation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Need(StrEnum):
    """What happens at one reading when the variable is not there."""

    REQUIRED = "required"
    """The program stops, or fails at once."""
    EMPTY = "no default"
    """It goes on with nothing: None, undefined, an empty text."""
    OPTIONAL = "optional"
    """Whether it is there is tested."""
    DEFAULT = "default"


class Scope(StrEnum):
    """Which programs a file belongs to, by its place and name."""

    RUNTIME = "runtime"
    DEVELOPMENT = "development"
    """Settings of the development environment."""
    TEST = "test"
    TOOLING = "tooling"
    """Scripts, examples, documentation."""
    CI = "ci"


@dataclass(frozen=True, slots=True)
class Found:
    """One reading, as a reader of one language reports it."""

    name: str
    line: int
    need: Need
    default: str | None = None
    """The text of a literal default; None where there is none or it is computed."""
    others: tuple[str, ...] = ()
    """Names that are tried besides: one of them suffices."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A reading whose name is computed at run time."""

    line: int
    prefix: str = ""
    """How every such name begins, where that is certain."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A function that reads the variable it is given the name of, as `require_env(name)` does."""

    position: int
    """Of the parameter that holds the name."""
    need: Need
    default_position: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call with a name of a variable among its first arguments; a reading, if the function is a wrapper."""

    function: str
    arguments: tuple[str | None, ...]
    """Literal texts; None for what is computed."""
    line: int


@dataclass
class Facts:
    """What one file says."""

    found: list[Found] = field(default_factory=list)
    dynamic: list[Dynamic] = field(default_factory=list)
    wrappers: dict[str, Wrapper] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By local name: last part of the module's name, name there."""
    client: bool = False
    """Runs in the browser."""
    inlined: list[Found] = field(default_factory=list)
    """What a build configuration writes into the pages."""
    trouble: str = ""
    """Why it could not be read; empty when it could."""


@dataclass(frozen=True, slots=True)
class Read:
    """One reading and where it is."""

    name: str
    path: str
    line: int
    need: Need
    scope: Scope
    default: str | None = None
    others: tuple[str, ...] = ()
    client: bool = False
    inlined: bool = False

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Declared:
    """One variable that an environment holds."""

    name: str
    environment: str
    path: str
    line: int
    value: str | None = field(default=None, repr=False)
    """None where it is kept elsewhere, such as in a hosting panel."""
    kind: str = "env file"
    """`env file`, `platform`, `listed` (in launchready.toml), `image`, `compose`, `store` (of the platform)."""

    @property
    def place(self) -> str:
        """`file:line`, or the file alone where the line is not known."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Documented:
    """One entry of the example file."""

    name: str
    path: str
    line: int
    value: str = field(default="", repr=False)
    commented: bool = False
    """Only mentioned, as `# NAME=value`."""


@dataclass
class Environment:
    """What is known of one environment."""

    name: str
    declared: dict[str, Declared] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    """Files it is known from."""
    complete: bool = False
    """Whether what is not declared is not there. False where secrets are set in a panel that no file names."""
    partial_reason: str = ""

    def holds(self, name: str) -> bool:
        """Whether the variable is there and not empty."""
        entry = self.declared.get(name)
        return entry is not None and entry.value != ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name, and everything known of it."""

    name: str
    reads: tuple[Read, ...] = ()
    declared: tuple[Declared, ...] = ()
    documented: Documented | None = None

    @property
    def runtime(self) -> tuple[Read, ...]:
        """Readings by the program itself."""
        return tuple(read for read in self.reads if read.scope is Scope.RUNTIME)

    @property
    def need(self) -> Need:
        """The strictest of what its readings need; a test or a default anywhere excuses a reading without one."""
        reads = self.runtime
        guarded = {read.path for read in reads if read.need is Need.OPTIONAL}
        if any(read.need is Need.REQUIRED and read.path not in guarded for read in reads):
            return Need.REQUIRED
        if any(read.need is Need.DEFAULT for read in reads):
            return Need.DEFAULT
        if any(read.need is Need.OPTIONAL for read in reads) or not reads:
            return Need.OPTIONAL
        return Need.EMPTY

    @property
    def decisive(self) -> Read | None:
        """The reading that decides `need`, the first of them."""
        order = {Need.REQUIRED: 0, Need.EMPTY: 1, Need.DEFAULT: 2, Need.OPTIONAL: 3}
        return min(self.runtime or self.reads, key=lambda read: order[read.need], default=None)

    @property
    def default(self) -> str | None:
        """The first literal default."""
        reads = self.runtime or self.reads
        return next((read.default for read in reads if read.default is not None), None)


@dataclass
class Inventory:
    """All of it, of one repository."""

    variables: dict[str, Variable]
    environments: dict[str, Environment]
    examples: tuple[str, ...] = ()
    """Paths of the files that document, the main one first."""
    dynamic: tuple[tuple[str, Dynamic], ...] = ()
    """By path."""
    unread: dict[str, str] = field(default_factory=dict)
    """By path: why a source file could not be read."""
    mentioned: frozenset[str] = frozenset()
    """Declared names that occur as a word in any source or configuration file."""
    tracked_env_files: tuple[str, ...] = ()
    files: int = 0
    """How many files were read for variables."""
    cut: bool = False
    """More files than are read."""
