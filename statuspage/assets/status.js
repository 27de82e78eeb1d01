/* Says how old the page is when the publisher has gone silent, and reads it anew when there is news. */
"use strict";
(() => {
  const line = document.getElementById("age");
  if (!line) return;
  const number = document.documentElement.dataset.number;
  const busy = () => [...document.querySelectorAll("input")].some((box) => box.value !== box.defaultValue || box === document.activeElement);
  const look = async () => {
    let stamp;
    try {
      const answer = await fetch("published.json", { cache: "no-store" });
      if (!answer.ok) return;
      stamp = await answer.json();
    } catch {
      return;
    }
    const minutes = Math.round((Date.now() - Date.parse(stamp.written_at)) / 60000);
    if (minutes >= 5) {
      line.hidden = false;
      line.querySelector("span").textContent = `This page was written ${minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} ago. What it says may be out of date.`;
    } else {
      line.hidden = true;
    }
    if (String(stamp.number) !== number && !busy()) location.reload();
  };
  look();
  setInterval(look, 30000);
})();
