// The pages as HTML.
const escaped = (value) => String(value).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(assets, main, head = "") {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Harbour client portal</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets}/portal.css">
${head}</head>
<body>
<header><img src="${assets}/logo.png" width="120" height="40" alt="Harbour">
<nav><a href="/">Dashboard</a> <a href="/bills">Bills</a> <a href="/files">Files</a></nav></header>
<main>${main}</main>
</body>
</html>`;
}

function table(bills) {
  const rows = bills.map((bill) => `<tr><td>${escaped(bill.number)}</td><td>${escaped(bill.buyer)}</td>` +
    `<td>${bill.issued_on}</td><td>${bill.amount}</td><td>${bill.status}</td></tr>`);
  return `<table><thead><tr><th>Number</th><th>Buyer</th><th>Date</th><th>Amount</th><th>Status</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>`;
}

const hidden = (token) => `<input type="hidden" name="token" value="${token}">`;

function login(token, error = "") {
  return `<h1>Log in</h1><p role="alert">${error}</p>
<form method="post" action="/login">${hidden(token)}
<p><label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username"></p>
<p><label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password"></p>
<button>Log in</button></form>`;
}

function dashboard(open, bills) {
  return `<h1>Dashboard</h1><p>Open: ${open.count} bills, ${open.total || 0} EUR</p>
${table(bills)}<p><a href="/bills">All bills</a></p>`;
}

function list(bills, next) {
  const more = next ? `<p><a rel="next" href="/bills?page=${next}">Older</a></p>` : "";
  return `<h1>Bills</h1>${table(bills)}${more}`;
}

function files(token, documents) {
  const rows = documents.map((sent) => `<li>${escaped(sent.name)} (${sent.size} bytes)</li>`);
  return `<h1>Files</h1><form method="post" action="/files" enctype="multipart/form-data">${hidden(token)}
<input type="file" name="file"><button>Send</button></form><ul>${rows.join("\n")}</ul>`;
}

module.exports = { page, login, dashboard, list, files };
