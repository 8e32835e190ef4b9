// The pool of connections.
const { Pool } = require("pg");

const pool = new Pool({
  host: process.env.DB_HOST,
  database: process.env.DB_NAME,
  user: process.env.DB_USER,
  max: 10,
});

async function query(text, values) {
  return (await pool.query(text, values)).rows;
}

module.exports = { pool, query };
