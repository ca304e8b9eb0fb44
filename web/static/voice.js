// The page of a template: the preview shows the text that one writes at, and follows its controls. Built on writing.js.
(() => {
  "use strict";
  const which = document.getElementById("show");
  const pane = document.querySelector("[data-live]");
  if (!which || !pane) return;

  const sheets = [...document.querySelectorAll("[data-text]")];
  const mark = () => {
    sheets.forEach((sheet) => sheet.classList.toggle("is-shown", sheet.dataset.text === which.value));
    const channel = which.value.split(".")[1];
    const mail = document.querySelector(".tabs a[aria-current]")?.dataset.view || "desktop";
    pane.dataset.view = channel === "email" ? mail : channel;
  };
  // The tab that is chosen asks for the preview anew, with whatever stands in the form.
  const renew = () => { document.querySelector(".tabs a[aria-current]")?.click(); mark(); };
  const choose = (text) => {
    if (which.value === text) return;
    which.value = text;
    which.dispatchEvent(new Event("change", { bubbles: true }));
  };

  // Who only reads sets the controls and presses “Look”: a page that goes elsewhere by itself would lose their place.
  const writes = which.form?.id === "editor";
  document.addEventListener("focusin", (event) => {
    if (!writes) return;
    const sheet = event.target.closest?.("[data-text]");
    if (sheet && event.target.matches("textarea, input")) choose(sheet.dataset.text);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-shows]");
    if (!button) return;
    event.preventDefault();
    choose(button.dataset.shows);
    renew();
  });
  document.querySelectorAll("[data-look]").forEach((control) => control.addEventListener("change", () => { if (writes) renew(); }));
  mark();
  if (writes && !document.querySelector("iframe[name=preview][src]")) renew();
})();
