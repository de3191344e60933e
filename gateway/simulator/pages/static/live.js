// What the page gains from scripts: it follows what happens, knows four keys, and puts pictures where the cursor is.
// Without it every link and form works the same.
"use strict";

const mark = document.getElementById("live");
const text = document.getElementById("answer-text");
const address = document.querySelector("main").dataset.address; // the page may be the answer to a form
const served = new Map(); // what the server last sent of each part: a reader may have opened or stretched it since

const parts = (root) => root.querySelectorAll("[data-live]");
const pieces = (part) => Array.from(part.children).filter((piece) => piece.id);

for (const part of parts(document)) for (const piece of pieces(part)) served.set(piece.id, piece.outerHTML);

// --- Live: the server says that something changed, and the page takes over what is different.

const PAUSE_MS = 150; // a thousand mails at once are a few looks, not a thousand
let asking = false;
let again = false;

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    do {
      again = false;
      const response = await fetch(address);
      if (response.ok) take(new DOMParser().parseFromString(await response.text(), "text/html"));
      await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    } while (again);
  } catch { live(false); } finally { asking = false; }
}

function take(fresh) {
  document.title = fresh.title;
  for (const part of parts(fresh)) {
    const here = document.getElementById(part.id);
    if (here) merge(here, part);
  }
}

// Pieces that are the same stay where they are, so that focus, open details and frames are left alone.
function merge(here, fresh) {
  const wanted = pieces(fresh).map((piece) => {
    const old = document.getElementById(piece.id);
    if (old && served.get(piece.id) === piece.outerHTML) return old;
    served.set(piece.id, piece.outerHTML);
    const made = document.adoptNode(piece);
    if (old) { swap(old, made); } else if (here.matches(".rows, .talk")) { made.classList.add("new"); }
    return made;
  });
  for (const piece of Array.from(here.children)) if (!wanted.includes(piece)) piece.remove();
  let at = here.firstElementChild;
  for (const piece of wanted) {
    if (piece === at) at = at.nextElementSibling;
    else here.insertBefore(piece, at);
  }
}

function swap(old, made) {
  const focused = old.contains(document.activeElement) ? Array.from(old.querySelectorAll("a, button, summary, input")) : [];
  const place = focused.indexOf(document.activeElement);
  old.replaceWith(made);
  if (place >= 0) made.querySelectorAll("a, button, summary, input")[place]?.focus();
}

function live(yes) {
  if (!mark || mark.dataset.state === String(yes)) return;
  mark.dataset.state = String(yes);
  mark.textContent = yes ? "live" : "not live";
  mark.classList.toggle("good", yes);
}

let source;

function listen() {
  source?.close(); // a browser grants a server few connections: pages that nobody looks at leave theirs
  if (document.hidden) return;
  source = new EventSource("/live");
  source.onopen = () => { live(true); refresh(); };
  source.onmessage = refresh;
  source.onerror = () => live(false);
}

if (mark) {
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => source?.close());
  listen();
}

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
