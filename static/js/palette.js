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

  // What people type at 03:00 for what stands on the page under another name.
  const WORDS = [
    [/acknowledge/i, "ack"], [/^page |^pages/i, "call wake who on-call"], [/hand over|hand to/i, "role chair give reassign alone help"],
    [/^take |take it$/i, "role chair volunteer"], [/take command|name somebody/i, "ic commander"], [/^chairs$/i, "role who"],
    [/put an update off/i, "snooze later"], [/add note/i, "cause action root"], [/i am alone/i, "alone help"],
    [/mitigate first|what was done/i, "mitigation rollback undo fix"], [/what customers read|publish|public/i, "publish status customers comms"],
    [/escalate/i, "more next"], [/set scope/i, "users affected impact"], [/change severity/i, "sev raise lower"], [/add task/i, "todo"],
    [/download/i, "export"], [/let in/i, "people member"], [/resolved/i, "end done"],
  ];
  const wordsOf = (name) => WORDS.filter(([of]) => of.test(name)).map(([, words]) => words).join(" ");

  // What this page offers: the next step, the verbs, its parts, then the places.
  function offers() {
    const rows = [];
    for (const button of document.querySelectorAll(".inc-next .btn.primary"))
      rows.push({ name: label(button), kind: dialog.dataset.next, go: () => (button.tagName === "A" ? button.click() : button.focus()) });
    const update = document.getElementById("update");
    if (update) rows.push({ name: dialog.dataset.update, kind: dialog.dataset.verb, go: () => update.querySelector("textarea").focus() });
    for (const fold of document.querySelectorAll("main details[id^='fold-'], main details:has(> summary.btn)")) {
      const summary = fold.querySelector("summary");
      rows.push({ name: label(summary), kind: dialog.dataset.verb, go: () => {
        fold.open = true;
        fold.scrollIntoView({ block: "center" });
        (fold.querySelector("input:not([type=hidden]), textarea, select, button") ?? summary).focus();
      } });
    }
    for (const button of document.querySelectorAll("main [data-palette]"))
      if (seenOnPage(button)) rows.push({ name: button.dataset.palette || label(button), kind: dialog.dataset.verb, go: () => button.focus() });
    for (const button of document.querySelectorAll("main section .btn[type=submit], main .act .btn[type=submit]"))
      if (!button.closest("details:not([open])") && !button.closest(".rows") && seenOnPage(button))
        rows.push({ name: label(button), kind: dialog.dataset.verb, go: () => button.focus() });
    for (const link of document.querySelectorAll("main a[href]"))
      if (/runbook/i.test(link.textContent)) rows.push({ name: label(link), kind: dialog.dataset.place, go: () => link.click() });
    for (const head of document.querySelectorAll("main section > header > h2"))
      rows.push({ name: label(head), kind: dialog.dataset.part, go: () => { head.tabIndex = -1; head.scrollIntoView({ block: "start" }); head.focus(); } });
    for (const link of document.querySelectorAll(".rail a[href]"))
      if (!link.classList.contains("logo")) rows.push({ name: label(link), kind: dialog.dataset.place, go: () => link.click() });
    return rows.filter((row, index) => row.name && rows.findIndex((one) => one.name === row.name && one.kind === row.kind) === index);
  }

  // Made of the beginnings of words in their order, as people shorten; letters that merely occur are no answer.
  const shortens = (words, asked) => !asked || words.some((word, index) => {
    for (let length = Math.min(word.length, asked.length); length > 0; length--)
      if (word.startsWith(asked.slice(0, length)) && shortens(words.slice(index + 1), asked.slice(length))) return true;
    return false;
  });

  // Starts of words go first, then another word for it, then a short form: "chsev" finds "Change severity".
  function score(name, asked) {
    const text = name.toLowerCase(), also = ` ${wordsOf(name)}`;
    if (!asked) return 1;
    if (text.startsWith(asked)) return 6;
    if (text.includes(` ${asked}`)) return 5;
    if (also.includes(` ${asked}`)) return 4;
    if (asked.length > 1 && shortens(text.split(/[^\p{L}\p{N}]+/u), asked)) return 3;
    return text.includes(asked) ? 2 : 0;
  }

  function show() {
    const asked = field.value.trim().toLowerCase();
    found = offers().map((row) => ({ ...row, score: score(row.name, asked) })).filter((row) => row.score)
      .sort((a, b) => b.score - a.score).slice(0, 60);
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
