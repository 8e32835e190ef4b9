"""What a path says of a file: who it belongs to, what format it has, whether it exists to hold credentials."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from launchready.audit.secrets import code_reader as code
from launchready.audit.secrets import credential_readers as credentials
from launchready.audit.secrets import settings_readers as settings
from launchready.audit.secrets import table_readers as tables
from launchready.audit.secrets.candidate import Reader
from launchready.audit.secrets.values import Trust


class Standing(Enum):
    """Whose file it is, and so what in it can be a credential of the portal."""

    OWN = "the portal's own"
    TRIED = "a test, a fixture, an example or documentation"
    BUILT = "built or minified: no names left, only shapes"
    FOREIGN = "a lock file or a library"


@dataclass(frozen=True, slots=True)
class Place:
    """How a file is read, and how much it promises."""

    readers: tuple[Reader, ...]
    trust: Trust = Trust.SETTINGS
    always: bool = False
    """Whether it is read even when no word in it speaks of credentials."""


@lru_cache(maxsize=50_000)
def standing_of(path: str) -> Standing:
    """Whose file a path is, relative to the repository."""
    low = path.lower()
    folders, _, name = low.rpartition("/")
    parts = folders.split("/") if folders else []
    if name in _LOCKS or name.endswith((".lock", ".lockb", ".lockfile", ".sum")) or _LIBRARY.search(name):
        return Standing.FOREIGN
    if any(part in _FOREIGN_FOLDERS for part in parts):
        return Standing.FOREIGN
    if any(part in _TRIED_FOLDERS or _TRIED_FOLDER.search(part) for part in parts):
        return Standing.TRIED
    if _TRIED_NAME.search(name):
        return Standing.TRIED
    if _BUILT.search(name) or any(part in _BUILT_FOLDERS for part in parts):
        return Standing.BUILT
    return Standing.OWN


@lru_cache(maxsize=50_000)
def place_of(path: str) -> Place | None:
    """How a file of settings or credentials is read; None for everything else."""
    low = path.lower()
    for pattern, place in _PLACES:
        if pattern.search(low):
            return place
    return None


def _place(
    pattern: str, *readers: Reader, trust: Trust = Trust.SETTINGS, always: bool = False
) -> tuple[re.Pattern[str], Place]:
    return re.compile(rf"(?:^|/)(?:{pattern})$"), Place(readers, trust, always or trust is Trust.VAULT)


_PLACES: Sequence[tuple[re.Pattern[str], Place]] = (
    # Files that exist to hold credentials.
    _place(r"[._]?netrc", credentials.netrc, trust=Trust.VAULT),
    _place(
        r"[^/]*sasl_passwd[^/]*|passwd\.client|[\w-]+d\.secrets|[\w-]*rsync[\w.-]*secrets?",
        tables.colon_logins,
        trust=Trust.VAULT,
    ),
    _place(r"\.?pgpass(?:\.conf)?", credentials.pgpass, trust=Trust.VAULT),
    _place(
        r"\.?ht(?:passwd|digest)[^/]*|[^/]*\.htpasswd|g?shadow-?|[^/]*ftpd?\.?passwd|passwd-?"
        r"|master\.passwd|\.?[\w-]*passwd",
        credentials.password_file,
        trust=Trust.VAULT,
    ),
    _place(
        r"\.dockercfg|\.docker/config\.json|\.dockerconfigjson|dockerconfig(?:\.json)?|[^/]*docker[^/]*/config\.json",
        credentials.docker_config,
        trust=Trust.VAULT,
    ),
    _place(r"logins(?:-backup)?\.json", credentials.saved_logins, trust=Trust.VAULT),
    _place(r"\.?npmrc|\.yarnrc", credentials.npmrc, settings.pairs, always=True),
    _place(r"[\w.-]*ipsec[\w.-]*secrets|(?:chap|pap|l2tp)-secrets", tables.quoted_secrets, trust=Trust.VAULT),
    _place(r"(?:mgmt|application)-users\.properties", credentials.password_file, trust=Trust.VAULT),
    _place(r"[^/]*heidi[^/]*\.txt|portable_settings\.txt|[^/]*\.(?:rdp|acl)", tables.tagged_values, trust=Trust.VAULT),
    _place(r"[^/]*\.(?:csv|tsv)", tables.csv_table, settings.pairs, always=True),
    _place(r"[^/]*jwks?[^/]*\.json|[^/]*\.jwks?", tables.json_web_key, settings.json_pairs, trust=Trust.VAULT),
    _place(r"\.?fetchmailrc", credentials.netrc, settings.spaced_pairs, trust=Trust.VAULT),
    _place(
        r"\.aws/(?:credentials|config)|\.?credentials|\.?s3cfg|\.boto|\.pypirc|\.my\.cnf|\.mylogin\.cnf"
        r"|\.gem/credentials"
        r"|rclone\.conf|\.?esmtprc|\.?msmtprc|\.?muttrc|\.?mailrc|\.?offlineimaprc"
        r"|\.?ircrc|\.?smbcredentials"
        r"|winscp\.ini|[^/]*ventrilo[^/]*\.ini|\.?transifexrc|\.?gitcookies|\.?wgetrc|\.?curlrc"
        r"|\.?cifs[^/]*|sasl2?\.conf|znc\.conf"
        r"|[^/]*wpa_supplicant[^/]*\.conf|[^/]*\.nmconnection|\.?vault[-_]?pass[^/]*|\.?databrickscfg"
        r"|\.?ossutilconfig|\.?irbrc_private",
        settings.spaced_pairs,
        trust=Trust.VAULT,
    ),
    _place(
        r"\.?tugboat|\.config/hub|hub|hosts\.ya?ml|\.config/gh/[^/]+|\.kube/config|kube[-_]?config[^/]*"
        r"|\.?doctl[^/]*\.ya?ml"
        r"|\.travis-cli[^/]*|\.circleci/cli\.yml|\.?knife\.ya?ml|\.?jfrog[^/]*|\.?ngrok2?[^/]*\.yml",
        settings.yaml_pairs,
        trust=Trust.VAULT,
    ),
    _place(
        r"(?:\.vscode/)?\.?sftp(?:-config(?:-alt\d*)?)?\.json|\.?ftpconfig|\.?remote-?sync\.json"
        r"|\.?ftpsync\.settings|ftpsync\.json"
        r"|\.?remote-ftp\.json|robomongo\.json|robo3t\.json|heroku\.json|deployment-config\.json"
        r"|deploy(?:ment)?\.json|credentials[^/]*\.json"
        r"|[^/]*service[-_]?account[^/]*\.json|[^/]*credentials?\.json|secrets?\.json|auth\.json"
        r"|client_secrets?[^/]*\.json|\.?dbeaver[^/]*\.json"
        r"|local\.settings\.json|\.?firebaserc|\.?npmauth\.json|tokens?\.json|passwords?\.json|\.?accounts?\.json",
        settings.json_pairs,
        trust=Trust.VAULT,
    ),
    _place(
        r"(?:recentservers|sitemanager|filezilla[^/]*|webservers|deployment|datasources(?:\.local)?"
        r"|dbeaver-data-sources[^/]*"
        r"|confcons|mremoteng[^/]*|[^/]*servers|settings-security)\.xml|\.dbeaver[^/]*/[^/]*\.xml|[^/]*\.rdg",
        settings.xml_pairs,
        trust=Trust.VAULT,
    ),
    _place(
        r"master\.key|[^/]*credentials/\w+\.key|[^/]*\.(?:token|secret|password)|[^/]*(?:passw(?:or)?ds?"
        r"|secrets?|tokens?|api[-_]?keys?)(?:\.txt|\.key)?"
        r"|[^/]*(?:key|secret|token|passw(?:or)?d|credential|entropy|private)[^/]*\.txt|\.?erlang\.cookie"
        r"|\.?vault-token|[^/]*\.agekey",
        credentials.whole_file,
        tables.two_lines,
        always=True,
    ),
    _place(
        r"\.?(?:mysql|psql|sqlite)_history|[^/]*\.sql|[^/]*\.dump|[^/]*dump[^/]*\.(?:txt|psql)|[^/]*\.pgsql|[^/]*\.mysql",
        credentials.sql_dump,
        always=True,
    ),
    _place(
        r"wp-config[^/]*\.php|(?:local_?|prod(?:uction)?_?|private_?)?settings[^/]*\.py"
        r"|settings/[^/]*\.py|(?:[\w-]*[-_.])?(?:config|configuration|database"
        r"|parameters|secrets?|credentials?|passwords?|constants|keys|env|environment(?:\.prod)?"
        r"|local\.inc|settings(?:\.inc)?)\.(?:php|inc|py|rb|js|ts|mjs|cjs|go|pl|lua|exs?)"
        r"|config/[^/]*\.(?:php|rb|js|ts|exs?)|config/(?:initializers|environments)/[^/]*\.rb|\.?(?:ba|z|k|c)?sh"
        r"|etc/env\.php|[^/]*(?:crontab|cron\.d/[^/]*)|knife\.rb",
        code.settings_code,
    ),
    # Files of settings.
    _place(r"[^/]*\.(?:sh|bash|zsh|ksh|bat|cmd|ps1)", code.settings_code, always=True),
    _place(r"\.?env(?:\.[\w.-]+)?|[\w.-]+\.env|\.envrc|env\.(?:sh|txt|list)|\.flaskenv|dotenv", settings.pairs),
    _place(
        r"\.?(?:bash|zsh)(?:rc|_profile|_login|env|_aliases|_history|_exports)?|\.?profile|\.?zshrc"
        r"|\.?bashrc|\.exports|\.extra|\.?bash_profile|\.?zprofile"
        r"|config\.fish|\.?(?:ba|z|fi)?sh_history",
        settings.pairs,
    ),
    _place(r"[^/]*\.tfvars(?:\.json)?", settings.pairs, settings.json_pairs),
    _place(r"[^/]*\.tfstate(?:\.backup)?", settings.json_pairs),
    _place(r"[^/]*\.(?:ya?ml|eyaml|sls)", settings.yaml_pairs),
    _place(r"[^/]*\.(?:json5?|jsonc|webmanifest|code-workspace|postman_[a-z]+)", settings.json_pairs),
    _place(r"[^/]*\.(?:xml|config|plist|csproj|props|settings|wsdl|jmx|pubxml|publishsettings)", settings.xml_pairs),
    _place(r"[^/]*\.(?:tf|hcl|nomad)|\.terraformrc|terraform\.rc", settings.hcl_pairs),
    _place(r"[^/]*\.gradle(?:\.kts)?", code.settings_code, settings.spaced_pairs, always=True),
    _place(r"[^/]*\.(?:ini|cfg|conf|cnf)|fstab", settings.spaced_pairs, settings.inline_pairs, always=True),
    _place(r"hosts|inventory[^/]*", settings.inline_pairs, settings.plain_pairs, always=True),
    _place(r"(?:auth|login|user-?pass|up|vpn)[\w-]*\.(?:txt|auth|pass)", tables.two_lines, always=True),
    _place(r"[^/]*\.txt", settings.noted_pairs),
    _place(
        r"[^/]*\.(?:properties|toml|cred|creds|credentials|auth|reg|inc\.txt)"
        r"|\.?gitconfig|\.?buckconfig|\.?hgrc|gradle\.properties"
        r"|procfile|config|\.s3cfg|[^/]*\.service|[^/]*\.pro?file",
        settings.plain_pairs,
    ),
)

_LOCKS = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-lock.yml", "composer.lock",
        "packages.lock.json", "project.assets.json", "conda-lock.yml", "bun.lock", "deno.lock", "go.sum", "go.work.sum",
        "cargo.lock", "pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "gemfile.lock", "mix.lock", "pubspec.lock",
        "podfile.lock", "cartfile.resolved", "package.resolved", "flake.lock", ".terraform.lock.hcl", "gradle.lockfile",
        "verification-metadata.xml", "shrinkwrap.yaml", "requirements.lock", ".secrets.baseline", "buf.lock",
        "gradle-wrapper.properties", "maven-wrapper.properties", "browserslist", "checksums.txt", "sha256sums.txt",
        "sha256sums",
        "lerna-lock.json", "paket.lock", "rebar.lock", "stack.yaml.lock", "cabal.project.freeze", "chart.lock",
    }
)  # fmt: skip
_FOREIGN_FOLDERS = frozenset(
    {
        "node_modules", "bower_components", "jspm_packages", "site-packages", "vendor", "vendors", "third_party",
        "third-party", "thirdparty", "3rdparty", ".git", ".venv", "venv", ".yarn", ".pnpm-store", "pods", ".bundle",
    }
)  # fmt: skip
_TRIED_FOLDERS = frozenset(
    {
        "test", "tests", "testing", "__tests__", "spec", "specs", "testdata", "test-data", "test_data", "test_app",
        "testapp", "test-app", "fixtures", "fixture", "__fixtures__", "mocks", "mock", "__mocks__", "e2e", "cypress",
        "examples", "example", "samples", "sample", "docs", "doc", "documentation", "benchmarks", "benchmark",
        "features", "cassettes", "snapshots", "__snapshots__", "stories", "tutorial", "tutorials", "unittests",
        "unit_tests", "unit", "t",
        "integration", "integration_tests", "functional_tests", "selftest", "acceptance", "dummy",
        "locale", "locales", "i18n", "translations", "testutils", "test_utils", "test-utils", "testlib", "runtests",
        "guides", "man", "po", "tests_integration", "tests-integration", "test-fixtures", "androidtest", "dummyserver",
    }
)  # fmt: skip
_TRIED_FOLDER = re.compile(
    r"^(?:test|tests|mock|fake|dummy)[-_.]?(?:server|data|app|project|support|helpers?|keys|certs?|site|suite|files)$|[-_.](?:tests?|fixtures?|examples?|samples?)$"
)
_TRIED_NAME = re.compile(
    r"^(?:test|tests|spec|conftest|mock|fake|fixtures?|examples?|samples?)[_.-]|[_.-](?:tests?|specs?|mocks?"
    r"|fixtures?|stories|example|examples|sample"
    r"|samples|template|tmpl|tpl|dist|default|defaults|snap|bench)(?:\.[a-z0-9]+){0,2}$|tests?\.(?:java"
    r"|kt|cs|scala|swift|php|groovy|vb|fs)$|^conftest\.py$"
    r"|\.(?:md|markdown|rst|adoc|textile|pod|tex|mdx|j2|jinja2?|erb\.example|ipynb_checkpoints|po|pot"
    r"|snap|svg|patch|diff|feature|http|rest)$"
    r"|^(?:metadata|pkg-info|readme|changelog|changes|history|contributing|license|licence|authors|news"
    r"|todo|security|upgrad(?:e|ing)|install)(?:\.[a-z]+)?$"
)
_BUILT_FOLDERS = frozenset(
    {
        "dist",
        "build",
        "out",
        "_next",
        ".next",
        ".nuxt",
        ".output",
        "staticfiles",
        "_site",
        "public_build",
        "bundle",
        "bundles",
    }
)
_BUILT = re.compile(
    r"[.-]min\.(?:js|css|mjs)$|\.(?:bundle|chunk|prod|production|umd|iife)\.(?:js|mjs|css)$"
    r"|[.-][0-9a-f]{8,20}\.(?:js|mjs|css)$|\.map$|\.(?:js|css)\.gz$"
)
_LIBRARY = re.compile(
    r"^(?:jquery|bootstrap|popper|angular|react(?:-dom)?|vue|lodash|underscore|backbone|moment|d3|chart"
    r"|three|ember|knockout|handlebars|mustache"
    r"|modernizr|alpine|htmx|stimulus|turbo|tinymce|ckeditor|codemirror|ace|swiper|slick|select2"
    r"|datatables|dropzone|axios|require|zepto|prototype"
    r"|mootools|dojo|ext-all|highlight|prism|marked|polyfills?|core-js|socket\.io|leaflet|mathjax|katex"
    r"|fullcalendar|sweetalert2?|toastr|foundation"
    r"|materialize|semantic|uikit|tailwind|normalize|font-?awesome|summernote|quill|video|hls|flatpickr"
    r"|photoswipe|gsap|anime|velocity)"
    r"(?:[.-][\w.-]*)?\.(?:js|css|mjs|map)$|^workbox-[\w.-]+\.js$"
)
