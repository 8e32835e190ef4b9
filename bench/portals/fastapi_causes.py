"""Ten causes in the FastAPI portal."""

from portals.causes import Cause, Edit

_APP, _SCRIPT = "app.py", "static/dashboard.js"
_FOUND = "    found = session.scalars(newest.options(selectinload(Invoice.lines)).limit(PER_PAGE)).all()\n"
_COUNT = (
    '    count = session.scalar(select(func.count()).where(Invoice.tenant_id == tenant, Invoice.status == "sent"))\n'
)
_EUROS = '        "euros": f"{euros:.2f}",\n'
_WITH_MEMO = Edit(
    _APP,
    _EUROS,
    _EUROS + '        "id": invoice.id,\n        "tenant_id": invoice.tenant_id,\n        "memo": invoice.memo,\n'
    '        "lines": [{"id": x.id, "text": x.text, "amount": float(x.amount)} for x in invoice.lines],\n',
)
_LOADED_MEMO = Edit("models.py", "memo: Mapped[str] = mapped_column(deferred=True)", "memo: Mapped[str]")

CAUSES = (
    Cause(
        "lines-one-by-one",
        "the dashboard's numbers ask for each invoice's lines",
        "performance.queries",
        ("invoice_lines", "GET /api/dashboard"),
        (Edit(_APP, _FOUND, "    found = session.scalars(newest.limit(PER_PAGE)).all()\n"),),
    ),
    Cause(
        "lines-without-index",
        "the lines' foreign key has no index",
        "performance.indexes",
        ("invoice_lines", "invoice_id", "CREATE INDEX CONCURRENTLY"),
        sql=("DROP INDEX ix_invoice_lines_invoice_id",),
    ),
    Cause(
        "everything-at-once",
        "the dashboard loads all invoices with all they have",
        "performance.payload",
        ("GET /api/dashboard", "MB"),
        (Edit(_APP, _FOUND, _FOUND.replace(".limit(PER_PAGE)", "")), _WITH_MEMO, _LOADED_MEMO),
        also=("performance.pagination", "performance.growth", "performance.p95", "performance.first_view"),
    ),
    Cause(
        "fields-nobody-sees",
        "invoices carry memo and lines, which no page shows",
        "performance.payload",
        ("GET /api/dashboard", "memo"),
        (_WITH_MEMO, _LOADED_MEMO),
    ),
    Cause(
        "rate-by-rate",
        "the dashboard asks for exchange rates one after another",
        "performance.serial_calls",
        ("GET /api/dashboard", "127.0.0.1", "8 times"),
        (
            Edit(
                "rates.py",
                '    kept.update(fetch(",".join(CURRENCIES)))',
                "    for currency in CURRENCIES:\n        kept.update(fetch(currency))",
            ),
            Edit(_APP, _COUNT, _COUNT + "    rates.load()\n"),
        ),
        also=("performance.inline_work", "performance.p95"),
    ),
    Cause(
        "rates-without-timeout",
        "whoever asks for rates waits for ever",
        "performance.timeouts",
        ("rates.py", "urlopen"),
        (Edit("rates.py", ", timeout=3)", ")"),),
    ),
    Cause(
        "widget-in-the-head",
        "somebody's script stops every page",
        "performance.third_party",
        ("widget.localhost",),
        (
            Edit(
                _APP,
                'templates.env.globals["static"] =',
                'templates.env.globals["widget"] = os.environ["WIDGET_URL"]\ntemplates.env.globals["static"] =',
            ),
            Edit(_APP, "import hashlib\n", "import hashlib\nimport os\n"),
            Edit("templates/base.html", "<title>", '<script src="{{ widget }}"></script>\n<title>'),
        ),
        also=("performance.first_view",),
    ),
    Cause(
        "three-fetches-in-a-row",
        "the dashboard asks who it is, which company, and then for the numbers",
        "performance.round_trips",
        ("/api/dashboard", "/api/me"),
        (
            Edit(
                _SCRIPT,
                '  const answer = await fetch("/api/dashboard");\n',
                '  const me = await (await fetch("/api/me")).json();\n'
                "  const company = await (await fetch(`/api/companies/${me.company}`)).json();\n"
                "  const answer = await fetch(`/api/dashboard?company=${company.id}`);\n",
            ),
            Edit(
                _APP,
                '@app.get("/api/invoices")\n',
                '@app.get("/api/me")\n'
                "def me(tenant: Tenant, session: Database) -> dict[str, object]:\n"
                '    """Whose session it is."""\n'
                '    return {"company": tenant}\n\n\n'
                '@app.get("/api/companies/{number}")\n'
                "def company(number: int, tenant: Tenant, session: Database) -> dict[str, object]:\n"
                '    """Their company."""\n'
                '    return {"id": tenant}\n\n\n'
                '@app.get("/api/invoices")\n',
            ),
        ),
        also=("performance.first_view",),
    ),
    Cause(
        "sums-of-everything",
        "the dashboard loads all invoices of the account once for each state that it counts",
        "performance.growth",
        ("/api/dashboard",),
        (
            Edit(
                _APP,
                _FOUND + _COUNT,
                "    everything = session.scalars(newest.options(selectinload(Invoice.lines))).all()\n"
                "    again = newest.options(selectinload(Invoice.lines)).execution_options(populate_existing=True)\n"
                "    counts = {state: sum(one.status == state for one in session.scalars(again).all())\n"
                '              for state in ("draft", "sent", "paid", "overdue")}\n'
                '    found, count = everything[:PER_PAGE], counts["sent"]\n',
            ),
        ),
        also=("performance.queries",),  # the lines are fetched again for each state, in chunks
    ),
    Cause(
        "login-hashed-for-seconds",
        "the login's hash takes three seconds",
        "performance.p95",
        ("log in",),
        (
            Edit(
                "security.py",
                "    return hmac.compare_digest(hashed(password, salt), kept)",
                '    hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 12_000_000)\n'
                "    return hmac.compare_digest(hashed(password, salt), kept)",
            ),
        ),
    ),
)
