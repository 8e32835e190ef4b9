// Turns the pages of the invoice list through the JSON API, without loading the frame again.

const list = document.querySelector("[data-invoices]");
let shown = window.location.search;
const tones = { draft: "quiet", sent: "wait", paid: "good", void: "quiet" };

list.addEventListener("click", (event) => {
  const link = event.target.closest(".pages a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  turn(link.href, true).catch(() => window.location.assign(link.href));
});

window.addEventListener("popstate", () => {
  // A jump within the page comes here too.
  if (window.location.search !== shown) turn(window.location.href, false).catch(() => window.location.reload());
});

async function turn(href, remember) {
  const { search } = new URL(href);
  const response = await fetch(list.dataset.invoices + search, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const answer = await response.json();
  list.querySelector("[data-rows]").replaceChildren(...answer.invoices.map(row));
  drawPages(answer, search);
  shown = search;
  if (remember) window.history.pushState(null, "", href);
  window.scrollTo(0, 0);
}

function row(invoice) {
  const due = new Date(`${invoice.due_on}T00:00:00Z`).toLocaleDateString("en-GB", {
    day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
  });
  const withCompany = "withCompany" in list.dataset;
  const small = make("span", { className: "small" }, ...(withCompany ? [invoice.company, make("br")] : []), `due ${due}`);
  const tone = invoice.overdue ? "bad" : tones[invoice.state];
  return make("tr", {},
    make("th", { scope: "row" }, make("a", { className: "keep", href: invoice.url }, invoice.label), " ", small),
    ...(withCompany ? [make("td", { className: "wide" }, invoice.company)] : []),
    make("td", { className: "wide" }, make("time", { dateTime: invoice.due_on }, due)),
    make("td", {}, make("span", { className: `badge badge-${tone}` }, invoice.state_label)),
    make("td", { className: "amount" }, invoice.total));
}

function drawPages(answer, search) {
  const to = (page) => {
    const query = new URLSearchParams(search);
    query.set("page", page);
    return `?${query}`;
  };
  const previous = answer.page > 1 ? make("a", { rel: "prev", href: to(answer.page - 1) }, "Previous") : make("span");
  const next = answer.page < answer.pages ? make("a", { rel: "next", href: to(answer.page + 1) }, "Next") : make("span");
  const at = make("span", { className: "pages-at", role: "status" }, `Page ${answer.page} of ${answer.pages}`);
  list.querySelector(".pages").replaceChildren(previous, at, next);
  (next.href ? next : previous).focus({ preventScroll: true });
}

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
