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
 *
 * No text is ever read as markup: the policy has no way to allow it.
 */

const RENEW_MS = 2000; // parts, at most so often; less and less while changes do not end, for every time costs a page
const LONGEST_RENEW_MS = 10_000;
const UNASKED_MS = 30_000; // parts, if nothing changes: what happened is longer ago
const POLL_MS = 2000;
const FIRST_WAIT_MS = 500; // to connect again; doubles up to the longest
const LONGEST_WAIT_MS = 10_000;
const CHORD_MS = 1500; // between `g` and the letter after it

const body = document.body;
const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside);
  return made;
}

/* Numbers in words: the table of pages/formats.py. */

let ahead = 0; // seconds by which this machine's clock is ahead of the server's

function fixed(number, places) {
  return number.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function threeDigits(number) {
  const unit = ["", "k", "M", "G"].find((_, at) => number / 1000 ** at < 999.5) ?? "T";
  number /= 1000 ** " kMGT".indexOf(unit || " ");
  return fixed(number, number < 9.995 ? 2 : number < 99.95 ? 1 : 0) + unit;
}

function size(number) {
  if (number < 0) return "–";
  if (number < 999.5) return `${fixed(number, 0)} B`;
  const unit = ["k", "M", "G"].find((_, at) => number / 1000 ** (at + 1) < 999.5) ?? "T";
  number /= 1000 ** (1 + "kMGT".indexOf(unit));
  return `${fixed(number, number < 9.95 || unit === "T" ? 1 : 0)} ${unit}B`;
}

function seconds(number) {
  if (number < 0.9995) return `${fixed(number * 1000, 0)} ms`;
  if (number < 59.95) return `${fixed(number, number < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(number);
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function ago(at) {
  const now = Date.now() / 1000 - ahead;
  const away = Math.round(Math.abs(now - at));
  if (away < 2) return "now";
  const [, unit, length] = [[60, "s", 1], [3600, "min", 60], [172_800, "h", 3600]].find(([limit]) => away < limit) ?? [0, "d", 86_400];
  const text = `${Math.floor(away / length)} ${unit}`;
  return at <= now ? `${text} ago` : `in ${text}`;
}

const count = (number) => fixed(number, 0);
const compact = (number) => (number < 999.5 ? fixed(number, 0) : threeDigits(number));
const rate = (number) => (number >= 0.005 ? `${threeDigits(number)}/s` : "0/s");

export const words = {
  count,
  compact,
  some: (number) => (number ? compact(number) : ""),
  dead: (number) => (number ? `✕ ${compact(number)} dead` : ""),
  rate,
  flow: (number) => (number >= 0.005 ? rate(number) : ""),
  bytes: size,
  seconds,
  ago,
  clock: (at) => new Date(at * 1000).toISOString().slice(0, 19).replace("T", " "),
};

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
  ahead = Date.now() / 1000 - stats.at;
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
  return typed || $("dialog[open], .secret") !== null || uploads.length > 0;
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

/** Tells whether somebody types in it, or selects what stands there. */
function isInUse(part) {
  const selection = getSelection();
  const selects = selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
  return selects || (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));
}

const keyOf = (node) => node.id || node.dataset?.key || "";

/** Removes a node, and gives the one after it. */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** Makes a node like another one, in place: what is the same stays, with its focus and scroll, and open if it is. */
function become(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.matches("form[data-upload]")) return;
  for (const name of old.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  const wanted = new Set([...fresh.children].map(keyOf));
  const known = new Map();
  for (const child of [...old.children].filter(keyOf)) {
    if (wanted.has(keyOf(child))) known.set(keyOf(child), child);
    else child.remove();
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const same = key ? known.get(key) : at;
    // Moving it would cost it the focus: rather, what stands before it goes.
    while (key && same && at && at !== same && !keyOf(at)) at = removed(at);
    if (!same || same.nodeName !== child.nodeName || keyOf(same) !== key) old.insertBefore(document.adoptNode(child), at);
    else {
      if (same === at) at = at.nextSibling;
      else old.insertBefore(same, at);
      become(same, child);
    }
  }
  while (at) at = removed(at);
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

/* Files, dropped or chosen, sent one after the other. */

const uploads = []; // those that wait, after the one that is being sent

function offer(form, files) {
  const list = $(".uploads", form) ?? form.appendChild(element("ul", { className: "uploads" }));
  for (const file of files) {
    const progress = element("progress", { max: 1, value: 0, ariaLabel: `Sent of ${file.name}` });
    const outcome = element("span", { role: "status" });
    const button = element("button", { type: "button" }, "Cancel");
    const item = element("li", {}, element("bdi", {}, file.name), " ", progress, " ", outcome, " ", button);
    const upload = { form, file, progress, outcome, item, request: new XMLHttpRequest() };
    button.onclick = () => cancel(upload);
    list.append(item);
    if (uploads.push(upload) === 1) send(upload);
  }
}

function cancel(upload) {
  if (upload === uploads[0]) upload.request.abort();
  else {
    uploads.splice(uploads.indexOf(upload), 1);
    end(upload, "cancelled");
  }
}

function send(upload) {
  const { form, file, progress, outcome, request } = upload;
  const sent = (...said) => {
    end(upload, ...said);
    uploads.shift();
    if (uploads.length > 0) send(uploads[0]);
  };
  request.upload.onprogress = ({ loaded, total }) => {
    progress.value = loaded / total;
    if (loaded === total) outcome.textContent = "being checked";
  };
  const broken = () => sent("✕ the connection broke off and nothing was kept: send it again");
  request.onload = () => {
    const [taken] = request.response?.files ?? [];
    const trouble = request.response?.error;
    if (taken) sent("✓ taken as ", element("a", { href: taken.href }, taken.name));
    else if (trouble) sent(`✕ ${[trouble.what, trouble.hint].filter(Boolean).join("; ")}`);
    else broken(); // a server that ends has no words left
  };
  request.onabort = () => sent("cancelled");
  request.onerror = broken;
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  const data = new FormData();
  data.append("file", file);
  request.send(data);
}

function end({ item, outcome }, ...said) {
  outcome.replaceChildren(...said);
  $("progress", item).remove();
  $("button", item).remove();
}

function prepare(form) {
  const input = $("input[type=file]", form);
  const drag = (isOver) => (event) => {
    event.preventDefault();
    form.toggleAttribute("data-over", isOver);
  };
  form.addEventListener("dragover", drag(true));
  form.addEventListener("dragleave", drag(false));
  form.addEventListener("drop", (event) => {
    drag(false)(event);
    // A folder can be dropped, but not read.
    const entries = [...event.dataTransfer.items].filter((one) => one.webkitGetAsEntry()?.isFile !== false);
    offer(form, entries.map((one) => one.getAsFile()).filter(Boolean));
  });
  const take = (event) => {
    event.preventDefault();
    offer(form, [...input.files]);
    input.value = "";
  };
  input.addEventListener("change", take);
  form.addEventListener("submit", take);
  // A file that misses the form would be opened in place of the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
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
