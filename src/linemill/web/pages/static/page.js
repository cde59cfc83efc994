/* Nodes of the page: found, made, and made like others. No text is ever read as markup: the policy has no way to allow it. */

export const $ = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

export function element(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside);
  return made;
}

/** Tells whether somebody types in it, or selects what stands there. */
export function isInUse(part) {
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
export function become(old, fresh) {
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
