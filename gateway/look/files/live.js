// A page that follows what happens: the server says that something changed, and what is different is taken over.
// <main data-stream="..." data-address="..."> says where it is told, and where the page is had from anew.
"use strict";

const mark = document.getElementById("live");
const { address, stream } = document.querySelector("main").dataset; // the page may be the answer to a form
const served = new Map(); // what the server last sent of each part: a reader may have opened or stretched it since

const parts = (root) => root.querySelectorAll("[data-live]");
const pieces = (part) => Array.from(part.children).filter((piece) => piece.id);

for (const part of parts(document)) for (const piece of pieces(part)) served.set(piece.id, piece.outerHTML);

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
  source = new EventSource(stream);
  source.onopen = () => { live(true); refresh(); };
  source.onmessage = refresh;
  source.onerror = () => live(false);
}

if (mark && stream) {
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => source?.close());
  listen();
}
