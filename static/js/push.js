/* Switches push on and off for this browser, on the page "How I am reached". */
"use strict";
(() => {
  const box = document.getElementById("push");
  if (!box || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const [on, off] = box.querySelectorAll("button"), say = box.querySelector("[role=status]");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const send = (address, words) => fetch(address, {
    method: "POST", body: new URLSearchParams(words), headers: { "X-CSRFToken": box.dataset.csrf },
  });

  async function look() {
    const found = await (await worker()).pushManager.getSubscription();
    on.hidden = Boolean(found);
    off.hidden = !found;
    return found;
  }
  const worker = async () => { await navigator.serviceWorker.register("/sw.js"); return navigator.serviceWorker.ready; };

  on.addEventListener("click", async () => {
    if (await Notification.requestPermission() !== "granted") { say.textContent = box.dataset.denied; return; }
    try {
      const made = await (await worker()).pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key) });
      const answer = await send(box.dataset.on, { endpoint: made.endpoint, p256dh: text(made.getKey("p256dh")), auth: text(made.getKey("auth")) });
      if (answer.ok) { window.location.reload(); return; }
      await made.unsubscribe();
      say.textContent = (await answer.text()).slice(0, 200);
    } catch { say.textContent = box.dataset.failed; }
    look();
  });
  off.addEventListener("click", async () => {
    const found = await look();
    if (found) { await send(box.dataset.off, { endpoint: found.endpoint }); await found.unsubscribe(); }
    window.location.reload();
  });
  box.hidden = false;
  look().catch(() => { say.textContent = box.dataset.failed; });
})();
