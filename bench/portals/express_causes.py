"""Ten causes in the Express portal."""

from portals.causes import Cause, Edit

_SERVER = "server.js"
_NEWEST = "  const newest = await query(`${BILLS} LIMIT $2`, [client, PER_PAGE]);\n"
_SHOWN = "  show(response, pages.dashboard(open, newest));\n"

CAUSES = (
    Cause(
        "buyers-in-a-loop",
        "the dashboard asks for each bill's buyer",
        "performance.queries",
        ("buyers", "GET /"),
        (
            Edit(
                _SERVER,
                _NEWEST,
                _NEWEST + "  for (const bill of newest) {\n"
                '    const [buyer] = await query("SELECT y.* FROM buyers y JOIN bills b ON b.buyer_id = y.id '
                'WHERE b.id = $1", [bill.id]);\n'
                "    bill.buyer = buyer.name;\n"
                "  }\n",
            ),
        ),
    ),
    Cause(
        "documents-without-index",
        "documents of a client are looked for among all",
        "performance.indexes",
        ("documents", "client_id", "CREATE INDEX CONCURRENTLY"),
        sql=("DROP INDEX documents_of_client",),
    ),
    Cause(
        "api-without-pages",
        "the API gives all bills",
        "performance.pagination",
        ("GET /api/bills", "2,000"),
        (
            Edit(
                _SERVER,
                "    [request.account.client_id, PER_ANSWER + 1, (number - 1) * PER_ANSWER]);",
                "    [request.account.client_id, 1_000_000, 0]);",
            ),
            Edit(_SERVER, "  const next = found.length > PER_ANSWER ? `/api/bills?page=${number + 1}` : null;\n", ""),
            Edit(
                _SERVER,
                "  response.json({ items: found.slice(0, PER_ANSWER), next });",
                "  response.json({ items: found });",
            ),
        ),
        also=("performance.payload", "performance.growth"),
    ),
    Cause(
        "nothing-compressed",
        "answers are sent as they are",
        "performance.payload",
        ("compress", "/api/bills"),
        (Edit(_SERVER, "app.use(compression());\n", ""),),
    ),
    Cause(
        "logo-of-six-megabytes",
        "the logo is twenty times as wide as it is shown",
        "performance.payload",
        ("logo.png",),
        pictures=(("static/logo.png", 2400, 800),),
        also=("performance.first_view",),
    ),
    Cause(
        "key-made-at-first-use",
        "the first visitor of the dashboard waits for a key that is derived then",
        "performance.cold",
        ("log in", "GET /"),
        (
            Edit(
                _SERVER,
                _SHOWN,
                '  key ??= crypto.pbkdf2Sync(process.env.SECRET_KEY, "documents", 6_000_000, 32, "sha512");\n' + _SHOWN,
            ),
            Edit(_SERVER, "const app = express();\n", "let key;\nconst app = express();\n"),
        ),
    ),
    Cause(
        "bills-cached-for-all",
        "a client's bills may be kept by any cache",
        "performance.caching",
        ("GET /api/bills", "public"),
        (
            Edit(
                _SERVER,
                "  response.json({ items: found.slice(0, PER_ANSWER), next });",
                '  response.set("Cache-Control", "public, max-age=300");\n'
                "  response.json({ items: found.slice(0, PER_ANSWER), next });",
            ),
        ),
    ),
    Cause(
        "a-connection-each",
        "every answer ends its connection",
        "performance.round_trips",
        ("connection",),
        (
            Edit(
                _SERVER,
                "app.use(compression());\n",
                "app.use(compression());\n"
                'app.use((request, response, next) => { response.set("Connection", "close"); next(); });\n',
            ),
        ),
    ),
    Cause(
        "search-in-all-terms",
        "the list counts for each bill where it is named, in the texts of all",
        "performance.slow_query",
        ("bills", "GET /bills", "like"),
        (
            Edit(
                _SERVER,
                "  show(response, pages.list(found.slice(0, PER_PAGE)",
                "  const named = await query(`SELECT b.id, count(x.id) AS times FROM bills b LEFT JOIN bills x\n"
                "    ON x.terms LIKE '%' || b.number || '%' WHERE b.id = ANY($1) GROUP BY b.id`,\n"
                "    [found.map((bill) => bill.id)]);\n"
                "  for (const { id, times } of named) found.find((bill) => bill.id === id).named = times;\n"
                "  show(response, pages.list(found.slice(0, PER_PAGE)",
            ),
        ),
    ),
    Cause(
        "charts-before-anything",
        "a script in the head draws charts for two seconds before the page is seen",
        "performance.first_view",
        ("dashboard",),
        (
            Edit(
                _SERVER,
                _SHOWN,
                '  show(response, pages.dashboard(open, newest), `<script src="${assets}/charts.js"></script>\\n`);\n',
            ),
            Edit(
                "static/charts.js",
                "",
                "// Charts of everything.\nconst began = performance.now();\nlet points = 0;\n"
                "while (performance.now() - began < 2000) points += Math.sqrt(points + 1);\n",
            ),
        ),
    ),
)
