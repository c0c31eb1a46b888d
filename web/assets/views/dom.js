/** Builds elements. Text becomes text nodes, never markup; there is no other way to put text in here. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * `element("button", { class: "x", type: "button", onclick: run, "aria-label": "Close" }, "Close")`.
 * Members that begin with `on` become listeners, booleans become present or absent, undefined is passed over.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** Text that only screen readers get. */
export function hiddenText(text) {
  return element("span", { class: "sr" }, text);
}

const PATHS = {
  back: ["M15 5l-7 7 7 7"],
  compose: ["M4 20h4L19 9l-4-4L4 16z", "M13.5 6.5l4 4"],
  send: ["M4 12l16-8-6 16-3-6z", "M11 14l9-10"],
  leave: ["M10 4H5v16h5", "M14 8l4 4-4 4", "M18 12H9"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  waiting: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M12 8v4l3 2"],
  sent: ["M5 13l4 4L19 7"],
  twice: ["M2 13l4 4L16 7", "M11 16l1 1L22 7"],
  read: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M7.5 12.5l3 3 6-7"],
  failed: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M12 8v5", "M12 16v.1"],
  about: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M12 11v5", "M12 8v.1"],
  people: ["M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6z", "M3 19c0-3 3-5 6-5s6 2 6 5", "M16 6a3 3 0 0 1 0 5", "M18 14c2 1 3 3 3 5"],
};

/** A line drawing of 24 by 24, hidden from screen readers: what it means is said in words beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** The mark of the product: many around one. */
export function logo() {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const arcs = ["M6 21a10 10 0 0 1 20 0", "M11 21a5 5 0 0 1 10 0"];
  for (const d of arcs) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  const dot = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx: "16", cy: "22", r: "2" })) dot.setAttribute(key, value);
  svg.append(dot);
  return svg;
}

/** A round badge with initials; the colour follows the id, so a person keeps it. */
export function avatar(id, name, isGroup = false) {
  const hue = [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 7);
  const words = name.trim().split(/\s+/u);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  const initials = ends.map((word) => [...word][0] ?? "").join("").toLocaleUpperCase();
  return element("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, isGroup ? icon("people") : initials);
}

/**
 * Makes the children of `parent` the given rows. A row keeps its node for as long as its key is there, and the node is
 * changed in place: whatever has the focus keeps it, and a press that began before a change ends on the same element.
 * So listeners of a row may depend on its key, but not on what else it shows; where they do, `isReplaced` makes the row anew.
 */
export class Rows {
  #parent;
  #change;
  #nodes = new Map();

  constructor(parent, { isReplaced = false } = {}) {
    this.#parent = parent;
    this.#change = isReplaced ? replaced : patched;
  }

  /** @param {{key: string, look: unknown, make: () => Element}[]} rows `look`: everything the node shows */
  show(rows) {
    const focused = document.activeElement;
    const next = new Map();
    for (const { key, look, make } of rows) {
      const signature = JSON.stringify(look);
      const known = this.#nodes.get(key);
      if (!known) next.set(key, { signature, node: make() });
      else if (known.signature === signature) next.set(key, known);
      else next.set(key, { signature, node: this.#change(known.node, make()) });
    }
    for (const [key, { node }] of this.#nodes) if (next.get(key)?.node !== node) node.remove();
    this.#nodes = next;
    this.#order();
    // A node that is moved loses the focus on the way.
    if (focused !== document.activeElement && this.#parent.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** Moves what is not in its place, and nothing else. */
  #order() {
    let before = this.#parent.firstChild;
    for (const { node } of this.#nodes.values()) {
      // The one that stands here goes further down: it is moved when its turn comes, instead of all that follow it.
      if (node !== before && before?.nextSibling === node) before = node;
      if (node === before) before = before.nextSibling;
      else this.#parent.insertBefore(node, before);
    }
  }
}

/** Puts `made` in the place of `node`; the button with the same name keeps the focus. */
function replaced(node, made) {
  const focused = node.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  node.replaceWith(made);
  if (focused) made.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return made;
}

/** Makes `node` show what `made` shows, and answers it; or `made` in its place where they are not of one kind. */
function patched(node, made) {
  if (node.nodeName !== made.nodeName) {
    node.replaceWith(made);
    return made;
  }
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== made.data) node.data = made.data;
    return node;
  }
  for (const { name } of [...node.attributes]) if (!made.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of made.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  const [old, wanted] = [[...node.childNodes], [...made.childNodes]];
  for (const [i, child] of wanted.entries()) {
    if (old[i]) patched(old[i], child);
    else node.append(child);
  }
  for (const child of old.slice(wanted.length)) child.remove();
  return node;
}
