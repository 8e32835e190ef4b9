// Fills the dashboard.
async function load() {
  const answer = await fetch("/api/dashboard");
  const dashboard = await answer.json();
  document.getElementById("open").textContent = dashboard.open;
  const rows = dashboard.items.map((invoice) => {
    const row = document.createElement("tr");
    for (const field of ["number", "status", "issued_on", "total", "euros"]) {
      row.insertCell().textContent = invoice[field];
    }
    return row;
  });
  document.getElementById("invoices").replaceChildren(...rows);
}
load();
