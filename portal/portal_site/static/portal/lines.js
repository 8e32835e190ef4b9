// One more line for an invoice, from the form's own template.

const lines = document.querySelector("[data-lines]");
const total = lines.querySelector("[name$='-TOTAL_FORMS']");
const most = Number(lines.querySelector("[name$='-MAX_NUM_FORMS']").value);
const add = lines.querySelector("[data-add-line]");

add.hidden = false;
add.addEventListener("click", () => {
  const number = Number(total.value);
  if (number >= most) return;
  const line = lines.querySelector("template").content.cloneNode(true);
  line.querySelector("legend").textContent = `Line ${number + 1}`;
  for (const element of line.querySelectorAll("[name], [id], [for]")) {
    for (const attribute of ["name", "id", "for", "aria-describedby"]) {
      const value = element.getAttribute(attribute);
      if (value) element.setAttribute(attribute, value.replace("__prefix__", number));
    }
  }
  add.before(line);
  total.value = number + 1;
  lines.querySelector(`[name$='-${number}-description']`).focus();
  add.hidden = number + 1 >= most;
});
