// Makes the tables and fills them; the heavy part is done by PostgreSQL itself.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { pool, query } = require("./db");
const { hashed } = require("./sessions");

async function main() {
  const password = await hashed(process.env.PORTAL_PASSWORD, crypto.randomBytes(12).toString("hex"));
  const statements = fs.readFileSync(path.join(__dirname, "schema.sql"), "utf-8").split(";");
  for (const statement of statements) await query(statement.replaceAll(":password", `'${password}'`));
  await pool.end();
}

main();
