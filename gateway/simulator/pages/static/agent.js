// What the page gains from a script beside being live: four keys, and pictures put where the cursor is.
// Without it every link and form works the same.
"use strict";

const text = document.getElementById("answer-text");

// --- Keys: "/" to search, "r" to answer, "j" and "k" down and up the list.

function step(by) {
  const rows = Array.from(document.querySelectorAll(".rows a"));
  const at = rows.indexOf(document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute("aria-current"));
  rows[Math.min(Math.max(from + by, 0), rows.length - 1)]?.focus();
}

const keys = {
  "/": () => document.querySelector("[type=search]").focus(),
  r: () => text?.focus(),
  j: () => step(1),
  k: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

// --- Pictures: a button puts one where the cursor is; uploaded pictures get such a button as well.

function insert(name) {
  text.setRangeText(`[picture ${name}]`, text.selectionStart, text.selectionEnd, "end");
  text.focus();
}

function button(name) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.insert = name;
  made.textContent = `Insert ${name}`;
  return made;
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-insert]");
  if (pressed) insert(pressed.dataset.insert);
});

for (const pressed of document.querySelectorAll("[data-insert][hidden]")) pressed.hidden = false;

document.getElementById("answer-files")?.addEventListener("change", (event) => {
  const pictures = Array.from(event.target.files).filter((file) => file.type.startsWith("image/"));
  document.getElementById("answer-pictures").replaceChildren(...pictures.map((file) => button(file.name)));
});
