/* Files, dropped or chosen, sent one after the other. */

import { $, element } from "./page.js";

const uploads = []; // those that wait, after the one that is being sent

export function isSending() {
  return uploads.length > 0;
}

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

/** Has a form take files. */
export function prepare(form) {
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
