// The client portal.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const compression = require("compression");
const express = require("express");
const multer = require("multer");
const { query } = require("./db");
const pages = require("./pages");
const { visitor, ours, begin, signedIn, matches } = require("./sessions");

const PER_PAGE = 25;
const PER_ANSWER = 100;
const BILLS = `SELECT b.id, b.number, b.status, b.amount, b.terms, to_char(b.issued_on, 'YYYY-MM-DD') AS issued_on, y.name AS buyer
  FROM bills b JOIN buyers y ON y.id = b.buyer_id WHERE b.client_id = $1 ORDER BY b.issued_on DESC, b.id DESC`;

const folder = path.join(__dirname, "static");
const digest = crypto.createHash("sha256");
for (const name of fs.readdirSync(folder).sort()) digest.update(fs.readFileSync(path.join(folder, name)));
const assets = `/static/${digest.digest("hex").slice(0, 12)}`;

const app = express();
app.disable("x-powered-by");
app.use(compression());
app.use(assets, express.static(folder, { immutable: true, maxAge: "365d" }));
app.get("/healthz", (request, response) => response.send("ok"));
app.use(visitor);
app.use(express.urlencoded({ extended: false }));

const show = (response, main, head) => response.send(pages.page(assets, main, head));

app.get("/login", (request, response) => {
  response.set("Cache-Control", "private, no-store");
  show(response, pages.login(request.token));
});

app.post("/login", ours, async (request, response) => {
  const [account] = await query("SELECT id, password FROM accounts WHERE email = $1", [request.body.email]);
  if (!account || !(await matches(request.body.password, account.password))) {
    return show(response.status(422), pages.login(request.token, "E-mail or password is wrong."));
  }
  await begin(response, account.id);
  return response.redirect(303, "/");
});

app.get("/", signedIn, async (request, response) => {
  const client = request.account.client_id;
  const [open] = await query(
    "SELECT count(*) AS count, sum(amount) AS total FROM bills WHERE client_id = $1 AND status = 'sent'", [client]);
  const newest = await query(`${BILLS} LIMIT $2`, [client, PER_PAGE]);
  show(response, pages.dashboard(open, newest));
});

app.get("/bills", signedIn, async (request, response) => {
  const number = Math.max(1, Number(request.query.page) || 1);
  const found = await query(`${BILLS} LIMIT $2 OFFSET $3`,
    [request.account.client_id, PER_PAGE + 1, (number - 1) * PER_PAGE]);
  show(response, pages.list(found.slice(0, PER_PAGE), found.length > PER_PAGE ? number + 1 : 0));
});

app.get("/files", signedIn, async (request, response) => {
  const sent = await query(
    "SELECT name, size FROM documents WHERE client_id = $1 ORDER BY sent_at DESC LIMIT $2", [request.account.client_id, PER_PAGE]);
  show(response, pages.files(request.token, sent));
});

const upload = multer({ storage: multer.memoryStorage() });
app.post("/files", signedIn, upload.single("file"), ours, async (request, response) => {
  const sent = request.file;
  await query("INSERT INTO documents (client_id, name, size) VALUES ($1, $2, $3)",
    [request.account.client_id, sent.originalname.slice(0, 200), sent.size]);
  response.redirect(303, "/files");
});

app.get("/api/bills", signedIn, async (request, response) => {
  const number = Math.max(1, Number(request.query.page) || 1);
  const found = await query(`${BILLS} LIMIT $2 OFFSET $3`,
    [request.account.client_id, PER_ANSWER + 1, (number - 1) * PER_ANSWER]);
  const next = found.length > PER_ANSWER ? `/api/bills?page=${number + 1}` : null;
  response.json({ items: found.slice(0, PER_ANSWER), next });
});

const server = app.listen(Number(process.env.PORT), "127.0.0.1");
server.keepAliveTimeout = 60_000;
