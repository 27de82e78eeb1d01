/* The command palette (Ctrl-K): every verb and place of this page by name. Leads, never acts: a verb that
   changes something is still confirmed in its own form. Everything in it stands on the page as a link or a fold. */
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector("[data-none]");
  let found = [], at = 0;

  const label = (node) => [...node.childNodes].filter((one) => one.nodeName !== "KBD" && !one.classList?.contains("count"))
    .map((one) => one.textContent).join("").replace(/\s+/g, " ").trim();
  const seenOnPage = (node) => node.checkVisibility?.() ?? node.getClientRects().length > 0;

  // What this page offers: the next step, the folded verbs, then the places.
  function offers() {
    const rows = [];
    for (const button of document.querySelectorAll(".inc-next .btn.primary"))
      rows.push({ name: label(button), kind: dialog.dataset.next, go: () => (button.tagName === "A" ? button.click() : button.focus()) });
    const update = document.getElementById("update");
    if (update) rows.push({ name: dialog.dataset.update, kind: dialog.dataset.verb, go: () => update.querySelector("textarea").focus() });
    for (const fold of document.querySelectorAll(".folds > details")) {
      const summary = fold.querySelector("summary");
      rows.push({ name: label(summary), kind: dialog.dataset.verb, go: () => {
        fold.open = true;
        fold.scrollIntoView({ block: "center" });
        (fold.querySelector("input:not([type=hidden]), textarea, select, button") ?? summary).focus();
      } });
    }
    for (const button of document.querySelectorAll("main [data-palette]"))
      if (seenOnPage(button)) rows.push({ name: button.dataset.palette || label(button), kind: dialog.dataset.verb, go: () => button.focus() });
    for (const link of document.querySelectorAll(".rail a[href]"))
      if (!link.classList.contains("logo")) rows.push({ name: label(link), kind: dialog.dataset.place, go: () => link.click() });
    return rows.filter((row, index) => row.name && rows.findIndex((one) => one.name === row.name && one.kind === row.kind) === index);
  }

  // Letters in order, as people shorten: "cs" finds "Change severity". Starts of words go first.
  function score(name, asked) {
    const text = name.toLowerCase();
    if (!asked) return 1;
    if (text.includes(asked)) return text.startsWith(asked) ? 4 : text.includes(` ${asked}`) ? 3 : 2;
    let place = -1;
    for (const letter of asked) { place = text.indexOf(letter, place + 1); if (place < 0) return 0; }
    return 1;
  }

  function show() {
    const asked = field.value.trim().toLowerCase();
    found = offers().map((row) => ({ ...row, score: score(row.name, asked) })).filter((row) => row.score)
      .sort((a, b) => b.score - a.score).slice(0, 12);
    if (asked) found.push({ name: dialog.dataset.search.replace("…", `“${field.value.trim()}”`), kind: "",
      go: () => { location.href = `${dialog.dataset.searchUrl}?q=${encodeURIComponent(field.value.trim())}`; } });
    at = 0;
    list.replaceChildren(...found.map((row, index) => {
      const item = document.createElement("li"), kind = document.createElement("small");
      item.id = `palette-${index}`; item.setAttribute("role", "option");
      item.textContent = row.name; kind.textContent = row.kind; kind.className = "soft"; item.append(kind);
      item.addEventListener("click", () => choose(index));
      return item;
    }));
    none.hidden = found.length > 0;
    mark();
  }

  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (found.length) field.setAttribute("aria-activedescendant", `palette-${at}`); else field.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const row = found[index];
    if (!row) return;
    dialog.close();
    row.go();
  }

  field.addEventListener("input", show);
  dialog.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); choose(at); });
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    event.preventDefault();
    at = (at + step + found.length) % found.length;
    mark();
  });
  const begin = () => { field.value = ""; dialog.showModal(); show(); field.focus(); };
  document.querySelectorAll("[data-opens-palette]").forEach((button) => { button.hidden = false; button.addEventListener("click", begin); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey) return;
    if (document.body.dataset.shortcuts !== "on" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    begin();
  });
})();
