// The keys of the queue, on top of links and forms that do the same.
(() => {
  "use strict";
  const row = () => document.activeElement?.closest("[data-row]");
  const box = () => row()?.querySelector("[data-choose]");
  const keys = document.getElementById("keys");

  const acts = {
    t: () => row()?.querySelector("form[data-take], form[action$='/give-back']")?.requestSubmit(),
    z: () => {
      const snooze = row()?.querySelector("details.snooze");
      if (!snooze) return;
      snooze.open = true;
      snooze.querySelector("button").focus();
    },
    x: () => box()?.click(),
    a: () => { if (document.querySelector("[data-choose]:checked")) document.getElementById("bulk")?.requestSubmit(); },
    "/": () => document.getElementById("q")?.focus(),
    "?": () => keys?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys?.open) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.querySelectorAll("[data-keys]").forEach((link) => {
    link.addEventListener("click", (event) => { event.preventDefault(); keys?.showModal(); });
  });

  // After something was done to a row, the next key is meant for the same one.
  const LAST = "jubilee-row";
  document.addEventListener("submit", (event) => {
    const done = event.target.closest("[data-row]");
    if (done) sessionStorage.setItem(LAST, done.dataset.row);
  });
  const last = sessionStorage.getItem(LAST);
  sessionStorage.removeItem(LAST);
  if (last) document.querySelector(`[data-row="${CSS.escape(last)}"] [data-walk]`)?.focus();

  // How many are chosen stands on the button.
  const bulk = document.getElementById("bulk");
  const say = () => {
    const count = document.querySelectorAll("[data-choose]:checked").length;
    bulk.querySelector("button").textContent = count ? `Approve the chosen (${count})` : "Approve the chosen";
    bulk.classList.toggle("ready", count > 0);
  };
  if (bulk) document.addEventListener("change", say);
})();
