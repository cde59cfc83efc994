/* What makes the pages live. They are whole without it; with it numbers move, parts renew themselves, files can be dropped.
 *
 * What the templates and this agree on:
 *   <body data-stream data-version>  where the stream is, and whose page this is. Set here: data-connection (live, polling,
 *                                    lost, signed-out) and data-mill (running, paused, blocked, stopped).
 *   data-live="rates.lines"          that value of Stats, written as data-format says.
 *   data-node, data-output, data-route="SOURCE→TARGET" around data-field="came": the same, by name.
 *   data-part and an id              becomes as it is in the page when that is fetched again, once something has changed.
 *   <form data-upload>               takes dropped files.
 *   type="search"                    gets the focus by `/`.
 */

import { $, all, become, element, isInUse } from "./page.js";
import { isSending, prepare } from "./uploads.js";
import { setClock, words } from "./words.js";

const RENEW_MS = 2000; // parts, at most so often; less and less while changes do not end, for every time costs a page
const LONGEST_RENEW_MS = 10_000;
const UNASKED_MS = 30_000; // parts, if nothing changes: what happened is longer ago
const POLL_MS = 2000;
const FIRST_WAIT_MS = 500; // to connect again; doubles up to the longest
const LONGEST_WAIT_MS = 10_000;
const CHORD_MS = 1500; // between `g` and the letter after it

const body = document.body;

function say(node, value) {
  const text = value === null || value === undefined ? "–" : (words[node.dataset.format] ?? String)(value);
  if (node.textContent !== text) node.textContent = text;
}

function tick() {
  if (isStale && !isBusy()) location.reload();
  if (performance.now() > renewedAt + UNASKED_MS && /live|polling/.test(body.dataset.connection)) renewSoon();
  for (const time of all("time[data-format=ago]")) say(time, Date.parse(time.dateTime) / 1000);
}

/* What goes on, shown. */

let latest = null; // Stats not shown yet, as the page was hidden
let last = null; // the Stats shown last

function stateOf(node) {
  if (node.stalled_since !== null) return "stalled";
  if (node.dead_rate > 0) return "errors";
  return node.rate > 0 ? "ok" : "idle";
}

function millOf(mill) {
  if (!mill.is_running) return "stopped";
  if (mill.paused) return "paused";
  return mill.blocked ? "blocked" : "running";
}

function fill(kind, name, values) {
  for (const place of all(`[data-${kind}="${CSS.escape(name)}"]`)) {
    const fields = all("[data-field]", place);
    for (const field of fields) say(field, values[field.dataset.field]);
    // The way of a line is drawn without figures: it is not about now.
    if (kind === "node" && fields.length > 0) place.dataset.state = stateOf(values);
  }
}

/** Tells whether more has changed than what moves by itself; then parts are renewed. */
function differs(stats) {
  const facts = ({ mill, files, totals, version }) => JSON.stringify([mill, files, totals, version]);
  return last !== null && facts(stats) !== facts(last);
}

function show(stats) {
  if (document.hidden) {
    latest = stats;
    return;
  }
  latest = null;
  setClock(stats.at);
  body.dataset.mill = millOf(stats.mill);
  for (const node of all("[data-live]")) {
    say(node, node.dataset.live.split(".").reduce((value, key) => value?.[key], stats));
  }
  for (const node of stats.nodes) fill("node", node.name, node);
  for (const output of stats.outputs) fill("output", output.name, output);
  for (const route of stats.routes) fill("route", `${route.source}→${route.target}`, route);
  if (differs(stats)) renewSoon();
  // The graph on the page is that of another version.
  if (last !== null && stats.version !== last.version && $("[data-node] [data-field]")) isStale = true;
  last = stats;
}

/* The page, loaded again as soon as nobody is in the middle of something; a secret is shown only once. */

let isStale = false;

function isBusy() {
  const typed = all("input:not([type=hidden]), textarea").some((input) => input.value !== input.defaultValue);
  return typed || $("dialog[open], .secret") !== null || isSending();
}

/* Parts of the page, renewed. */

let renewedAt = performance.now();
let gap = RENEW_MS;
let renewal = 0;

function renewSoon() {
  if (renewal || document.hidden) return;
  const left = renewedAt + gap - performance.now();
  gap = left > 0 ? Math.min(2 * gap, LONGEST_RENEW_MS) : RENEW_MS;
  renewal = setTimeout(renew, left);
}

function renew() {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.setRequestHeader("Accept", "text/html");
  request.responseType = "document";
  request.timeout = LONGEST_RENEW_MS;
  request.onload = () => {
    const fresh = request.response;
    if (!fresh) return;
    if (new URL(request.responseURL).pathname === "/sign-in") tell("connected", "signed-out");
    for (const part of all("[data-part]")) {
      const next = fresh.getElementById(part.id);
      if (next && !isInUse(part)) become(part, next);
    }
    tick();
  };
  request.onloadend = () => {
    renewedAt = performance.now();
    renewal = 0;
  };
  request.send();
}

/* The connection: one tab streams and tells the others, as browsers allow six connections to a host. */

const channel = new BroadcastChannel("linemill");
let isLeading = false;
let isQueued = false; // to lead
let wait = FIRST_WAIT_MS;
let hurry = null; // ends the wait before the next try
let leave = null; // ends the stream

function connected(state) {
  if (state === "live" && body.dataset.connection !== "live") renewSoon();
  body.dataset.connection = state;
  const notice = $("#signed-out");
  if (state !== "signed-out") notice?.remove();
  else {
    leave?.(state);
    if (notice) return;
    const link = element("a", { href: `/sign-in?back=${encodeURIComponent(location.pathname + location.search)}` }, "Sign in");
    $("main").prepend(element("p", { id: "signed-out", className: "banner bad", role: "alert" }, "✕ You are signed out. ", link));
  }
}

function served(by) {
  if (by !== body.dataset.version) isStale = true;
}

const heard = { connected, served, show: (text) => show(JSON.parse(text)) };

/** Does in all tabs what was heard in this one. */
function tell(what, value) {
  heard[what](value);
  channel.postMessage([what, value]);
}

function pause(ms) {
  return new Promise((done) => {
    hurry = done;
    setTimeout(done, ms * (0.75 + Math.random() / 2));
  });
}

/** Asks once, also to learn why there is no stream. Gives the state of the connection. */
async function ask() {
  try {
    const answer = await fetch(body.dataset.stream, { headers: { Accept: "application/json" } });
    if (answer.status === 401) return "signed-out";
    if (!answer.ok) return "lost";
    tell("show", await answer.text());
    return "polling";
  } catch {
    return "lost";
  }
}

/** Streams until that ends. Gives the state of the connection. */
function listen() {
  return new Promise((ended) => {
    const source = new EventSource(body.dataset.stream);
    leave = (state) => {
      source.close();
      leave = null;
      ended(state);
    };
    source.addEventListener("hello", ({ data }) => {
      wait = FIRST_WAIT_MS;
      tell("connected", "live");
      tell("served", JSON.parse(data).version);
    });
    source.addEventListener("stats", ({ data }) => tell("show", data));
    // It is closed if there was an answer, but no stream; otherwise the browser would try again, without end or measure.
    source.onerror = () => leave?.(source.readyState === EventSource.CLOSED ? ask() : "lost");
  });
}

async function lead() {
  isLeading = true;
  for (;;) {
    const state = await listen();
    if (body.dataset.connection !== state) tell("connected", state);
    if (state === "signed-out") break; // another tab, where somebody has signed in again, may lead
    await pause(wait);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
  isLeading = isQueued = false;
}

async function poll() {
  while (body.dataset.connection !== "signed-out") {
    if (!document.hidden) connected(await ask());
    await pause(POLL_MS);
  }
}

function queue() {
  isQueued = true;
  navigator.locks.request("linemill stream", lead);
}

function hear({ data: [what, value] }) {
  if (what !== "joined") heard[what](value);
  else if (isLeading) {
    tell("connected", body.dataset.connection);
    const known = latest ?? last;
    if (known) tell("show", JSON.stringify(known));
  }
  if (what === "connected" && value === "live" && !isQueued) queue();
}

function connect() {
  // Only a secure context has locks: https, or this machine.
  if (!navigator.locks) return poll();
  channel.onmessage = hear;
  channel.postMessage(["joined"]);
  return queue();
}

/* Keys. */

const places = { s: "stats", f: "files", e: "errors", t: "trace", p: "pipeline", v: "events" };
let chordUntil = 0;

function showKeys() {
  const rows = Object.entries(places).map(([key, place]) => [`g ${key}`, `go to ${place}`]);
  const table = [["/", "search"], ["?", "this list"], ...rows];
  const list = element("dl", {}, ...table.flatMap(([key, does]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)]));
  const close = element("button", {}, "Close");
  const dialog = element("dialog", { id: "keys", ariaLabel: "Keys" }, element("h2", {}, "Keys"), list, element("form", { method: "dialog" }, close));
  dialog.onclose = () => dialog.remove();
  body.append(dialog);
  dialog.showModal();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, select, textarea, dialog, [contenteditable]")) return;
  const isChord = performance.now() < chordUntil;
  chordUntil = 0;
  if (isChord && Object.hasOwn(places, event.key)) location.href = `/${places[event.key]}`;
  else if (event.key === "g") chordUntil = performance.now() + CHORD_MS;
  else if (event.key === "?") showKeys();
  else if (event.key === "/") {
    event.preventDefault();
    const search = $("input[type=search]");
    if (search) search.focus();
    else location.href = "/files";
  }
}

/* Begin. */

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (latest) show(latest);
  hurry?.();
});
addEventListener("online", () => hurry?.());
document.addEventListener("keydown", press);
for (const form of all("form[data-upload]")) prepare(form);
tick();
setInterval(tick, 1000);
if (body.dataset.stream) connect();
