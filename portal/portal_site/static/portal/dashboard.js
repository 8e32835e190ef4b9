// Keeps an open dashboard fresh, once a minute while somebody looks.

const tiles = document.querySelector("[data-numbers]");

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(tiles.dataset.numbers, { headers: { Accept: "application/json" } });
  if (response.status === 401) window.location.reload(); // logged out elsewhere: the login page says so
  if (!response.ok) return;
  const numbers = await response.json();
  for (const place of tiles.querySelectorAll("[data-number]")) {
    const value = numbers[place.dataset.number];
    if (Array.isArray(value)) place.textContent = value.join(" + ") || "nothing to pay";
    else if (value !== undefined) place.textContent = value.toLocaleString("en");
  }
}

setInterval(() => refresh().catch(() => {}), 60_000);
document.addEventListener("visibilitychange", () => refresh().catch(() => {}));
