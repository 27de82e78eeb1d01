/* The service worker: shows what is pushed, and says Acknowledge by the page's own one-tap link. It caches
   nothing, for an old page is worse than none while something burns. All words come with the message. */
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Whatever address the message names, only our own origin is ever asked.
const ours = (address) => { const to = new URL(address, self.location.origin); return self.location.origin + to.pathname + to.search; };

self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data.json(); } catch { /* A push without words still has to be shown. */ }
  const actions = [];
  if (said.acknowledge) actions.push({ action: "acknowledge", title: said.labels.acknowledge });
  if (said.url) actions.push({ action: "open", title: said.labels.open });
  event.waitUntil(self.registration.showNotification(said.title || "Tocsin", {
    body: said.body || "", tag: said.tag || "tocsin", renotify: Boolean(said.loud), requireInteraction: Boolean(said.loud),
    icon: "/static/img/icon-192.png", badge: "/static/img/icon-192.png", data: said, actions,
  }));
});

async function acknowledge(said) {
  let text = said.labels.failed;
  try {
    const answer = await fetch(ours(said.acknowledge), { method: "POST", credentials: "omit", redirect: "error" });
    if (answer.ok && answer.headers.get("Tocsin-Answer") === "acknowledged") text = said.labels.done;
    else if (answer.ok || answer.status === 409 || answer.status === 410) text = said.labels.over;
  } catch { /* No network: the sentence says what to do. */ }
  const actions = text === said.labels.failed ? [{ action: "acknowledge", title: said.labels.acknowledge }] : [];
  await self.registration.showNotification(said.title, {
    body: text, tag: said.tag, icon: "/static/img/icon-192.png", badge: "/static/img/icon-192.png", data: said, actions,
  });
}

async function show(address) {
  const to = ours(address);
  for (const tab of await self.clients.matchAll({ type: "window" }))
    if (tab.url === to) return tab.focus();
  return self.clients.openWindow(to);
}

self.addEventListener("notificationclick", (event) => {
  const said = event.notification.data || {};
  event.notification.close();
  // Without action buttons (some phones show none) a tap opens the one-tap page, which has a button of its own.
  if (event.action === "acknowledge") event.waitUntil(acknowledge(said));
  else event.waitUntil(show((event.action !== "open" && said.acknowledge) || said.url || "/"));
});
