// Tells open pages what others do meanwhile. Without it, or without the events, pages are as right, only later.
(() => {
  "use strict";
  const queue = () => document.querySelector("[data-live-queue]");
  const taken = () => document.querySelector("[data-live-message]");
  const RENEW = 5 * 60 * 1000;

  // The queue: counts are asked for again, rows say who is at them, and what was decided steps back.
  let first = true;
  let rows = "";
  const clock = (since) => {
    const zone = queue()?.dataset.zone || "UTC";
    return new Date(since).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  };
  const ofQueue = (event) => {
    const told = JSON.parse(event.data);
    document.querySelectorAll("[data-row]").forEach((row) => {
      const holder = told.held[row.dataset.row];
      const line = row.querySelector("[data-held]");
      const decided = told.decided[row.dataset.row];
      row.classList.toggle("over", Boolean(decided));
      const who = holder && (holder.id === queue().dataset.visitor ? "You have taken this" : `${holder.by} is writing at this`);
      const words = decided || (holder ? `${who} since ${clock(holder.since)}.` : "");
      if (line && line.textContent !== words) {
        line.textContent = words;
        line.hidden = !words;
      }
    });
    const counts = `${told.to_read} ${told.questions}`;
    if (!first && counts !== rows) {
      window.htmx?.trigger(queue(), "live-queue");
      document.querySelectorAll("[data-stale]").forEach((line) => { line.hidden = false; });
    }
    first = false;
    rows = counts;
  };

  // One message: the banner is asked for again when it would say something else.
  const ofMessage = (event) => {
    const told = JSON.parse(event.data);
    const line = taken();
    const same = String(told.version) === line.dataset.version && told.state === line.dataset.state;
    if (!same || told.holder !== line.dataset.holder) window.htmx?.trigger(line, "live-message");
  };

  let source = null;
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || !window.EventSource || document.hidden) return;
    const line = taken();
    source = new EventSource(line ? `/live?message=${line.dataset.liveMessage}` : "/live");
    source.addEventListener("queue", ofQueue);
    source.addEventListener("message", (event) => { if (event.data) ofMessage(event); });
  };
  // A browser opens only a few connections to one place: pages that nobody looks at leave theirs to others.
  if (queue() || taken()) {
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    window.addEventListener("pagehide", close);
    open();
  }

  // Who opens the editor takes the draft, goes on holding it while writing, and gives it back unless they save.
  const editor = document.getElementById("editor");
  if (!taken() || !editor) return;
  let written = false;
  let leaving = false;
  editor.addEventListener("input", () => { written = true; });
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) leaving = true; });
  window.addEventListener("load", () => document.querySelector("[data-take-on-open]")?.requestSubmit());
  window.setInterval(() => {
    if (!written) return;
    written = false;
    document.querySelector("[data-renew], [data-take-on-open]")?.requestSubmit();
  }, RENEW);
  window.addEventListener("pagehide", () => {
    const form = document.querySelector("[data-give-back]");
    if (form && !leaving) navigator.sendBeacon(form.action, new FormData(form));
  });
})();
