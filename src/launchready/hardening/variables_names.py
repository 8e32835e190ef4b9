"""What a variable's name and value tell: who provides it, whether it is public, whether it is a secret, whether the
value is a placeholder or belongs to development. Pure functions over tables."""

from __future__ import annotations

import re

PUBLIC_PREFIXES = (
    "NEXT_PUBLIC_",
    "NUXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "VUE_APP_",
    "EXPO_PUBLIC_",
    "GATSBY_",
    "PUBLIC_",
    "NG_APP_",
    "RSBUILD_PUBLIC_",
)
"""Prefixes by which front-end builds copy a variable into what every visitor downloads."""

_PROVIDED_PREFIXES = (
    "GITHUB_", "GITLAB_", "CI_", "RUNNER_", "CIRCLE_", "TRAVIS_", "BUILDKITE_", "JENKINS_", "BITBUCKET_", "ACTIONS_",
    "VERCEL_", "NEXT_PUBLIC_VERCEL_", "RENDER_", "FLY_", "HEROKU_", "RAILWAY_", "NETLIFY_", "CF_PAGES_", "DENO_DEPLOY",
    "AWS_LAMBDA_", "AWS_EXECUTION_", "K_", "GAE_", "KUBERNETES_", "WEBSITE_", "npm_", "NPM_", "VSCODE_", "XDG_", "LC_",
    "GIT_", "SSH_", "PYTEST_", "JEST_", "VITEST_", "PLAYWRIGHT_", "CYPRESS_", "STORYBOOK_", "CODESPACE", "GITPOD_",
    "CODEBUILD_", "COVERALLS_", "COMP_", "BASH_", "CONDA_", "NIX_", "DH_", "DBUS_", "DYLD_", "LD_",
)  # fmt: skip
_PROVIDED_WORDS = (
    "NODE_ENV PORT HOST HOSTNAME PATH HOME USER USERNAME LOGNAME SHELL PWD OLDPWD LANG LANGUAGE TZ TERM TMPDIR "
    "TMP TEMP EDITOR VISUAL PAGER DISPLAY CI DYNO VERCEL RENDER NETLIFY RAILS_ENV RACK_ENV RAILS_LOG_TO_STDOUT "
    "RAILS_SERVE_STATIC_FILES RAILS_MAX_THREADS RAILS_MIN_THREADS WEB_CONCURRENCY PIDFILE BUNDLE_GEMFILE "
    "BUNDLE_PATH GEM_HOME RUBYOPT JOB_CONCURRENCY SOLID_QUEUE_IN_PUMA MALLOC_ARENA_MAX NODE_OPTIONS NODE_PATH "
    "NODE_APP_INSTANCE NODE_NO_WARNINGS NODE_VERSION NODE_TLS_REJECT_UNAUTHORIZED NEXT_RUNTIME NEXT_PHASE "
    "NEXT_TELEMETRY_DISABLED NEXT_DIST_DIR ANALYZE TURBOPACK UV_THREADPOOL_SIZE PYTHONPATH PYTHONUNBUFFERED "
    "PYTHONDONTWRITEBYTECODE PYTHONHASHSEED PYTHON_VERSION PYTHONIOENCODING PYTHONWARNINGS VIRTUAL_ENV "
    "DJANGO_SETTINGS_MODULE DJANGO_CONFIGURATION FLASK_APP FLASK_ENV FLASK_DEBUG FLASK_RUN_PORT FLASK_RUN_HOST "
    "GUNICORN_CMD_ARGS UVICORN_HOST UVICORN_PORT GOPATH GOROOT GOOS GOARCH GOFLAGS GOMAXPROCS GOGC GIN_MODE "
    "PYTHONSTARTUP DJANGO_ALLOW_ASYNC_UNSAFE AGENT AI_AGENT CLAUDECODE CLAUDE_CODE CURSOR_AGENT GEMINI_CLI "
    "CGO_ENABLED APPDATA LOCALAPPDATA PROGRAMFILES PROGRAMDATA SYSTEMROOT USERPROFILE COMSPEC WINDIR OS "
    "PATHEXT COLUMNS LINES NO_COLOR FORCE_COLOR CLICOLOR COLORTERM TERM_PROGRAM HTTP_PROXY HTTPS_PROXY "
    "NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS "
    "DEBIAN_FRONTEND DOCKER_HOST SHLVL UID GID EUID RANDOM SECONDS PPID IFS OPTARG OPTIND FUNCNAME LINENO PS1 "
    "HOSTTYPE OSTYPE MACHTYPE _ WATCHPACK_POLLING CHOKIDAR_USEPOLLING FAST_REFRESH BROWSER GENERATE_SOURCEMAP "
    "PUBLIC_URL BABEL_ENV TS_NODE_PROJECT TURBO_HASH SOURCE_VERSION INIT_CWD SECRET_KEY_BASE_DUMMY SPRING "
    "DISABLE_SPRING BOOTSNAP_CACHE_DIR XDEBUG_MODE XDEBUG_CONFIG LARAVEL_SAIL GOOGLE_CLOUD_PROJECT NODE_DEBUG "
    "SKIP_ENV_VALIDATION VERCEL_AUTOMATION_BYPASS_SECRET"
)
_PROVIDED = frozenset(_PROVIDED_WORDS.split())
"""What the operating system, the language, the framework or the platform sets, or has a good default for."""
VITE_OWN = frozenset({"BASE_URL", "MODE", "DEV", "PROD", "SSR", "SITE", "ASSETS_PREFIX"})
"""Provided in `import.meta.env` only; elsewhere they are the portal's own."""

_OWN_ID = re.compile(r"CLIENT_ID$|APP_ID$|^GITHUB_ID$|APP_NAME$|APP_SLUG$|REDIRECT_URI$|CALLBACK_URL$")
"""What an application registered with a platform has, rather than what the platform tells it."""

_LIBRARY = re.compile(
    r"(?:AWS|AZURE|GOOGLE|GCP|OTEL|DD|DATADOG|NEW_RELIC|SENTRY|PG|POSTGRES|MYSQL|MARIADB|MONGO_INITDB|RABBITMQ|MINIO|"
    r"DOCKER|COMPOSE|BUILDKIT|BUNDLE|GEM|PIP|POETRY|UV|YARN|PNPM|TURBO|NX|PRISMA|NEXTAUTH|AUTH|CLERK|CLOUDINARY|OPENAI|"
    r"ANTHROPIC|RAILS|DJANGO|FLASK|CELERY|GUNICORN|UVICORN|PHP|COMPOSER|NITRO|NUXT|NEXT|PUPPETEER|RUST|JAVA|JVM|"
    r"TRAEFIK|LETSENCRYPT|VIRTUAL|CADDY|NGINX|KAMAL|LANGCHAIN|LANGSMITH|HF|FORWARDED|NODE|NPM|PYTHON|DENO|BUN|GO|"
    r"SQLALCHEMY)_|(?:STRIPE_API_KEY|REDIS_URL|DATABASE_URL|SECRET_KEY_BASE|SUPABASE_ACCESS_TOKEN|APP_KEY"
    r"|JWT_SECRET)$"
)
"""Families of variables that libraries, images and frameworks read themselves: nobody can say that they are unused."""

_OPTIONAL = re.compile(
    r"SENTRY|ROLLBAR|BUGSNAG|HONEYBADGER|DATADOG|NEW_?RELIC|POSTHOG|SEGMENT|MIXPANEL|AMPLITUDE|HOTJAR|INTERCOM|CRISP|"
    r"GOOGLE_ANALYTICS|(?:^|_)GA_|(?:^|_)GTM_|MEASUREMENT_ID|TRACKING_ID|GOOGLE_SITE_VERIFICATION|PLAUSIBLE|UMAMI|"
    r"LOG_LEVEL|LOGLEVEL|^LOG_TO_|^USE_|_USE_|^IS_|^HAS_|^SKIP_|(?:^|_)DEBUG$|VERBOSE|FEATURE_|^ENABLE_|^DISABLE_|_ENABLED$|_DISABLED$|SESSION_TOKEN$"
)
"""What a portal works without: error tracking, analytics, switches."""

_VITAL = re.compile(
    r"(?:^|_)(?:URL|URI|DSN|HOSTS?|ENDPOINT|DOMAIN|ORIGINS?|BUCKET|REGION|KEY|KEYS|TOKEN|SECRET|PASSWORD|CREDENTIALS|"
    r"ACCESS_KEY_ID|CLIENT_ID|ACCOUNT_SID|PROJECT_ID|APP_ID|SENDER|FROM_EMAIL|EMAIL_FROM)$"
)
_LARAVEL_STOCK = re.compile(
    r"(?:(?:AWS|PUSHER|ABLY|REVERB|POSTMARK|MAILGUN|RESEND|SES|SLACK|MAIL|REDIS|MEMCACHED|DYNAMODB|SQS|DB|MYSQL_ATTR|LOG|"
    r"PAPERTRAIL|SESSION|SANCTUM|BCRYPT|CACHE|QUEUE|BROADCAST|FILESYSTEM|BEANSTALKD|HASH|AUTH|VIEW|ARGON)(?:_|$)|"
    r"APP_(?!KEY$)|(?:ASSET_URL|VITE_APP_NAME|DATABASE_URL|MYSQL_ATTR_SSL_CA|HASH_DRIVER)$)"
)
"""What the configuration files of a fresh Laravel application read, most of it for drivers that are not chosen."""

_PUBLISHABLE = re.compile(
    r"PUBLISHABLE|PUBLIC_?KEY|(?:^|_)ANON(?:_|$)|SITE_?KEY|CLIENT_?ID|CLIENT_TOKEN|APP_?ID|PROJECT_ID|FIREBASE|"
    r"GOOGLE_?(?:MAPS?|ANALYTICS|FONTS|PLACES)|(?:^|_)MAPS?_|MAPBOX|MAPTILER|POSTHOG|SENTRY_DSN|DSN$|SEGMENT|WRITE_?KEY|"
    r"ALGOLIA_(?:SEARCH|API_KEY$)|SEARCH_(?:ONLY_)?(?:API_)?KEY|MEILISEARCH_SEARCH|PUSHER|ABLY|AMPLITUDE|MIXPANEL|INTERCOM|CRISP|HOTJAR|"
    r"RECAPTCHA(?!.*SECRET)|TURNSTILE(?!.*SECRET)|HCAPTCHA(?!.*SECRET)|VAPID_PUBLIC|VAPID_KEY|LOGROCKET|LAUNCHDARKLY|"
    r"STATSIG|FLAGSMITH|GROWTHBOOK|SPLIT_IO|REVENUECAT|BUGSNAG|ROLLBAR_CLIENT|NEW_RELIC_(?:LICENSE|BROWSER)|"
    r"DATADOG_CLIENT|DD_CLIENT|TINYMCE|WEB3|INFURA|ALCHEMY|WALLET_?CONNECT|GTM|MEASUREMENT|ANALYTICS|STORYBLOK|"
    r"SANITY_(?!.*(?:WRITE|SECRET|TOKEN))|CONTENTFUL_(?:DELIVERY|SPACE|PREVIEW)|DATOCMS|MUX_ENV|STREAM_KEY|CSRF|XSRF|"
    r"SUPABASE_KEY$|SUPABASE_PUBLIC|STYTCH_PUBLIC|ONESIGNAL_APP|VERSION|BUILD"
)
"""Keys that their services made for browsers."""
_NEVER_PUBLIC = re.compile(
    r"SECRET|PASSWORD|PASSWD|PRIVATE_?KEY|SERVICE_ROLE|SERVICE_ACCOUNT|SERVICE_KEY|ADMIN_(?:API_)?(?:KEY|TOKEN)|"
    r"ENCRYPTION_KEY|SIGNING_KEY|MASTER_KEY|CREDENTIALS|"
    r"(?:OPENAI|ANTHROPIC|CLAUDE|GEMINI|MISTRAL|GROQ|COHERE|REPLICATE|SENDGRID|RESEND|MAILGUN|POSTMARK|TWILIO|PLAID|"
    r"HUGGINGFACE|DEEPSEEK|PERPLEXITY|ELEVENLABS|BREVO|MAILCHIMP|HUBSPOT|AIRTABLE|NOTION|GITHUB|AWS)_(?:\w+_)?(?:KEY|TOKEN)|"
    r"(?:^|_)SMTP_PASS$|(?:^|_)DB_PASS$"
)
_GENERIC_KEY = re.compile(r"(?:^|_)(?:API_?KEY|ACCESS_?KEY|AUTH_?KEY|TOKEN|APIKEY|JWT|SK|PASS|PWD|SALT|PEPPER|KEY)$")
_CONNECTION = re.compile(
    r"(?:DATABASE|(?:^|_)DB|MONGO(?:DB)?|POSTGRES(?:QL)?|MYSQL|REDIS|AMQP|RABBITMQ|CELERY_BROKER|BROKER|SMTP|EMAIL|CLOUDINARY|"
    r"JAWSDB|CLEARDB|ELASTICSEARCH|DIRECT)_?(?:PRIVATE_|POOL_|DIRECT_)?(?:URL|URI|DSN)$|CONNECTION_STRING$|WEBHOOK_URL$"
)
_ENDINGS = (
    "URL URI PATH LENGTH ENABLED DISABLED TTL EXPIRY EXPIRES EXPIRATION EXPIRE EXP MINUTES SECONDS HOURS DAYS "
    "MS NAME NAMES HEADER ID IDS ENDPOINT ROUTE COUNT LIMIT MIN MAX AGE LIFETIME ALGORITHM ALG FILE TIMEOUT "
    "PREFIX ISSUER AUDIENCE HOST PORT REGION VERSION TYPE MODE REQUIRED COST ROUNDS HINT LABEL TEXT "
    "PLACEHOLDER EMAIL USER USERNAME LINK PAGE POLICY STRENGTH PUBLIC CLASS BACKEND PROVIDER DIR STORE MANAGER "
    "ARN COOKIE DOMAIN REDIRECT IN ROTATION"
)
_NO_SECRET_ENDINGS = frozenset(_ENDINGS.split())

_PLACEHOLDER = re.compile(
    r"(?i)change[-_ ]?me|change[-_ ]?this|replace|your[-_ ]|^your|<[^>]*>|x{3,}|\.{3}|placeholder|todo|fixme|"
    r"dummy|^example|example[-_]|[-_]example|\bexample\.(?:com|org|net)\b|"
    r"^fake|^sample|insert|^foo|^bar$|^baz$|^none$|^null$|^undefined$|^secret$|^password$|^pass$|^test$|^dev$|^user$|"
    r"^admin$|^root$|^postgres$|^key$|^token$|^value$|^string$|^true$|^false$|^\*+$|^-+$|user:pass|username:password|"
    r"goes[-_ ]here|some[-_ ]secret|^sk_test_$|^pk_test_$|^(?:0+|1234\w*|abc\w{0,6})$"
)
_DEVELOPMENT = re.compile(
    r"(?i)\blocalhost\b|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host\.docker\.internal|^sqlite|\.sqlite3?\b|\bmail(?:hog|pit|catcher)\b"
    r"|\.local(?::|/|$)|\.test(?::|/|$)|ngrok|^console(?:mail)?:|backends\.console|backends\.dummy|locmem"
)


def is_provided(name: str) -> bool:
    """Whether system, language, framework or platform provide it, so that it is never missing.

    A platform's prefix does not make a credential its gift: GITHUB_CLIENT_SECRET and VERCEL_TOKEN are the portal's own.
    """
    if name in _PROVIDED:
        return True
    return name.startswith(_PROVIDED_PREFIXES) and not (is_secret(name) or _OWN_ID.search(name))


def is_public(name: str) -> bool:
    """Whether a front-end build copies it to every visitor."""
    return name.startswith(PUBLIC_PREFIXES)


def is_dispensable(name: str) -> bool:
    """Whether a portal usually works without it: error tracking, analytics, switches."""
    return bool(_OPTIONAL.search(name))


def is_vital(name: str) -> bool:
    """Whether something that matters fails without it, as far as a name tells: a key, an address, a public setting."""
    return is_secret(name) or is_public(name) or bool(_VITAL.search(name))


def is_stock_laravel(name: str) -> bool:
    """Whether a fresh Laravel application's own configuration reads it."""
    return bool(_LARAVEL_STOCK.match(name))


def is_read_by_libraries(name: str) -> bool:
    """Whether something else than the portal's own code may read it."""
    return bool(_LIBRARY.match(name))


def is_publishable(name: str) -> bool:
    """Whether it is a key that its service made for browsers."""
    return bool(_PUBLISHABLE.search(name)) and not re.search(r"SECRET|PRIVATE|SERVICE_ROLE|PASSWORD", name)


def is_secret(name: str) -> bool:
    """Whether the value gives access to something, by the name alone."""
    if _CONNECTION.search(name):
        return True
    if name.rpartition("_")[2] in _NO_SECRET_ENDINGS or is_publishable(name):
        return False
    return bool(_NEVER_PUBLIC.search(name) or _GENERIC_KEY.search(name))


def is_never_public(name: str) -> bool:
    """Whether no service would want it in a browser; narrower than `is_secret`."""
    bare = next((name.removeprefix(p) for p in PUBLIC_PREFIXES if name.startswith(p)), name)
    if _CONNECTION.search(bare) and not bare.endswith(("DSN", "EMAIL_URL")):
        return True
    return is_secret(bare) and bool(_NEVER_PUBLIC.search(bare))


def is_placeholder(value: str) -> bool:
    """Whether a value only shows what belongs there, or refers to another variable."""
    return not value.strip() or bool(_PLACEHOLDER.search(value)) or value.startswith(("${", "$", "{{", "%", "<"))


def is_development(value: str) -> bool:
    """Whether a value only makes sense on a developer's machine."""
    return bool(_DEVELOPMENT.search(value))


def is_publishable_value(value: str) -> bool:
    """Whether the value's own beginning says that it is made for browsers."""
    return value.startswith(("pk_", "pk.", "phc_", "sb_publishable_", "public-token-", "appl_", "goog_", "AIza"))
