// Passwords, sessions in the database, and the token of forms.
const crypto = require("node:crypto");
const { promisify } = require("node:util");
const { query } = require("./db");

const scrypt = promisify(crypto.scrypt);
const SECRET = process.env.SECRET_KEY;

function cookies(request) {
  const pairs = (request.headers.cookie || "").split(";").map((pair) => pair.trim().split("="));
  return Object.fromEntries(pairs.filter((pair) => pair.length === 2));
}

function tokenFor(nonce) {
  return crypto.createHmac("sha256", SECRET).update(nonce).digest("hex");
}

async function hashed(password, salt) {
  const key = await scrypt(password, salt, 32, { N: 8192 });
  return `${salt}$${key.toString("hex")}`;
}

async function matches(password, kept) {
  const found = await hashed(password, kept.split("$")[0]);
  return crypto.timingSafeEqual(Buffer.from(found), Buffer.from(kept));
}

function visitor(request, response, next) {
  request.nonce = cookies(request).nonce;
  if (!request.nonce) {
    request.nonce = crypto.randomBytes(16).toString("hex");
    response.append("Set-Cookie", `nonce=${request.nonce}; Path=/; HttpOnly; SameSite=Lax`);
  }
  request.token = tokenFor(request.nonce);
  next();
}

function ours(request, response, next) {
  if (request.body?.token === request.token) return next();
  return response.status(403).send("the form is too old");
}

async function begin(response, accountId) {
  const key = crypto.randomBytes(24).toString("hex");
  await query("INSERT INTO sessions (key, account_id) VALUES ($1, $2)", [key, accountId]);
  response.append("Set-Cookie", `sid=${key}; Path=/; HttpOnly; SameSite=Lax`);
}

async function signedIn(request, response, next) {
  const key = cookies(request).sid || "";
  const found = await query(
    "SELECT a.id, a.client_id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.key = $1", [key]);
  if (!found.length) {
    return request.path.startsWith("/api/") ? response.sendStatus(401) : response.redirect("/login");
  }
  request.account = found[0];
  response.set("Cache-Control", "private, no-store");
  return next();
}

module.exports = { visitor, ours, begin, signedIn, matches, hashed };
