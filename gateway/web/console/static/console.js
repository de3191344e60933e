// What the pages gain from a script beside being live: times in one's own zone, searches that complete, four keys.
// Without it every link and form works the same, and times are UTC.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const told = `zone=${encodeURIComponent(zone)}`;
if (zone && !document.cookie.split("; ").includes(told)) {
  document.cookie = `${told}; path=/; max-age=31536000; samesite=lax`;
  if (zone !== "UTC" && document.cookie.includes(told)) location.replace(location.href); // not where cookies are refused
}

// --- The search completes itself.

const search = document.getElementById("search");
const completions = document.getElementById("completions");
let typed = 0;

search.addEventListener("input", async () => {
  const turn = ++typed;
  const response = await fetch(`${search.dataset.complete}?q=${encodeURIComponent(search.value)}`).catch(() => null);
  if (!response?.ok || turn !== typed) return;
  completions.replaceChildren(...(await response.json()).map((text) => {
    const option = document.createElement("option");
    option.value = text;
    return option;
  }));
});

// --- Keys: "/" to search, "j" and "k" down and up the list, "g" to the overview.

function step(by) {
  const rows = Array.from(document.querySelectorAll("#rows a"));
  const at = rows.indexOf(document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute("aria-current"));
  rows[Math.min(Math.max(from + by, 0), rows.length - 1)]?.focus();
}

const keys = {
  "/": () => search.focus(),
  j: () => step(1),
  k: () => step(-1),
  g: () => location.assign("/"),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
