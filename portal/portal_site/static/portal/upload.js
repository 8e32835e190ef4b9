// Says before the upload that a file is too large, and that an upload is under way.

const form = document.querySelector("[data-upload]");
const file = form.querySelector("input[type='file']");
const tooLarge = form.querySelector("[data-too-large]");

file.addEventListener("change", () => {
  tooLarge.hidden = !(file.files[0]?.size > Number(form.dataset.upload));
});

form.addEventListener("submit", (event) => {
  if (tooLarge.hidden) form.querySelector("[data-progress]").textContent = "Uploading…";
  else {
    event.preventDefault();
    event.stopPropagation();
    file.focus();
  }
});
