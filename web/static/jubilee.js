// Small comforts on top of pages that work without them: nothing here is needed to do the job.
(() => {
  "use strict";

  // The minute in which a decision can be undone, counted down.
  const countdown = (bar) => {
    const ends = Date.now() + Number(bar.dataset.seconds) * 1000;
    const place = bar.querySelector("[data-left]");
    const step = () => {
      const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
      place.textContent = `(${left} s)`;
      if (left > 0) return window.setTimeout(step, 500);
      bar.querySelectorAll("form").forEach((form) => form.remove());
      bar.classList.add("over");
    };
    step();
  };

  // Leaving a page with words that were not saved asks first.
  const guard = (form) => {
    let changed = false;
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", (event) => { if (!event.submitter?.formTarget) changed = false; });
    window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  };

  // A text box as tall as what is written in it.
  const grow = (box) => {
    const fit = () => { box.rows = Math.max(Number(box.dataset.rows), box.value.split("\n").length + 2); };
    box.addEventListener("input", fit);
  };

  // A remark shows the words it is about. Its places count letters, a text box counts halves of rare ones.
  const halves = (text, letters) => Array.from(text).slice(0, letters).join("").length;
  document.addEventListener("click", (event) => {
    const quote = event.target.closest("[data-find]");
    const box = quote && document.getElementById(quote.dataset.find);
    if (!box) return;
    box.focus();
    box.setSelectionRange(halves(box.value, Number(quote.dataset.start)), halves(box.value, Number(quote.dataset.end)));
  });

  // j and k walk through a list, Ctrl+Enter approves and goes on.
  const walk = (step) => {
    const links = [...document.querySelectorAll("[data-walk]")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at + step))].focus();
  };
  const led = new URLSearchParams(location.search).has("done");
  const READ_FOR = 3000;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      // Who was led here by the last approval has read nothing yet: a second press of the same keys approves nothing.
      if (event.repeat || (led && performance.now() < READ_FOR)) { event.preventDefault(); return; }
      const button = document.querySelector("[data-go-on]");
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "j") walk(1);
    if (event.key === "k") walk(-1);
  });

  document.querySelectorAll("[data-seconds]").forEach(countdown);
  document.querySelectorAll("form[data-guard]").forEach(guard);
  document.querySelectorAll("textarea[data-rows]").forEach(grow);
})();
