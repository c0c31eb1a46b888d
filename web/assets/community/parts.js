/** Parts of the pages beside the chat. */

import { button } from "../hall/parts.js";
import { clear, complete, explain } from "../views/auth.js";
import { element, Rows } from "../views/dom.js";

/** A moment in the person's own words and time zone. */
export function moment(text, style = { dateStyle: "medium", timeStyle: "short" }) {
  return element("time", { datetime: text }, new Date(text).toLocaleString([], style));
}

/** A part of a page with its heading. */
export function panel(id, title, ...children) {
  return element("section", { class: "panel", "aria-labelledby": id }, element("h2", { id }, title), ...children);
}

/** A place for what went wrong, and the way to try something: `run` answers whether it worked. */
export function trouble() {
  const view = element("p", { class: "problem", role: "alert" });
  const run = async (act) => {
    view.textContent = "";
    try {
      await act();
      return true;
    } catch (error) {
      view.textContent = error.message;
      return false;
    }
  };
  return { view, run };
}

/** A button of a row: `of` says to screen readers which row it is. */
export function rowButton(text, of, onclick, kind = "link") {
  const made = button(text, onclick, kind);
  made.setAttribute("aria-label", `${text}: ${of}`);
  return made;
}

/** Term and description, perhaps with something to do about it. */
export function fact(term, description, ...actions) {
  return element("div", {}, element("dt", {}, term), element("dd", {}, element("span", { dir: "auto" }, description), ...actions));
}

/** A field with a value: also one of several lines. */
export function filled(made, value) {
  made.querySelector("input, textarea, select").value = value ?? "";
  return made;
}

/**
 * A form inside of a page. `save` gets the form and rejects with what is wrong; what it answers is said as done.
 */
export function pageForm({ fields, action, save }) {
  const problem = element("p", { class: "problem", role: "alert" });
  const done = element("p", { class: "done", role: "status" });
  const press = element("button", { class: "primary", type: "submit" }, action);
  const onsubmit = async (event) => {
    event.preventDefault();
    clear(form, problem);
    done.textContent = "";
    if (!complete(form)) return;
    press.disabled = true;
    try {
      done.textContent = (await save(form)) ?? "Saved.";
    } catch (error) {
      explain(form, problem, error);
    } finally {
      press.disabled = false;
    }
  };
  const form = element("form", { novalidate: true, onsubmit }, ...fields, problem, done, element("div", {}, press));
  return form;
}

/**
 * A list that is read page by page.
 * @param {object} options
 * @param {string} options.label what screen readers call it
 * @param {string} options.none what is said when there is nothing
 * @param {(cursor?: string) => Promise<{items: object[], nextCursor?: string}>} options.read
 * @param {(item: object) => Element} options.row
 * @param {(item: object) => string} [options.key]
 */
export function pagedList({ label, none, read, row, key = ({ id }) => id, tag = "ul" }) {
  const list = element(tag, { class: "things", "aria-label": label });
  const rows = new Rows(list, { isReplaced: true });
  const hint = element("p", { class: "hint", role: "status" }, "Loading…");
  const more = button("Show more", () => next());
  const { view: problem, run } = trouble();
  let items = [];
  let cursor;
  let turn = 0;
  const draw = () => {
    rows.show(items.map((item) => ({ key: key(item), look: item, make: () => row(item) })));
    list.hidden = items.length === 0;
    hint.textContent = items.length ? "" : none;
    hint.hidden = items.length > 0;
    more.hidden = !cursor;
  };
  /** What was asked for before and comes later is passed over. */
  const fetched = async (from) => {
    const mine = ++turn;
    more.disabled = true;
    await run(async () => {
      const page = await read(from);
      if (mine !== turn) return;
      const known = new Set(page.items.map(key));
      items = from ? [...items.filter((item) => !known.has(key(item))), ...page.items] : page.items;
      cursor = page.nextCursor ?? undefined;
      draw();
    });
    if (hint.textContent === "Loading…" && mine === turn) hint.textContent = "";
    more.disabled = false;
  };
  const next = () => fetched(cursor);
  more.hidden = true;
  list.hidden = true;
  const view = element("div", { class: "listing" }, problem, hint, list, more);
  /** Shows one item as it is now, when it is in the list. */
  const replace = (item) => {
    items = items.map((one) => (key(one) === key(item) ? item : one));
    draw();
  };
  return { view, reload: () => fetched(), replace, items: () => items };
}

/** A search that answers while one types, a moment behind. */
export function searchField(id, label, onsearch) {
  let timer;
  const oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(onsearch, SETTLE_MS);
  };
  const input = element("input", { id, type: "search", autocomplete: "off", maxlength: 200, oninput });
  return { view: element("div", { class: "field" }, element("label", { for: id }, label), input), input };
}

const SETTLE_MS = 250;

/** A moment for an input of day and time, in the time zone of the browser. */
export function localTime(text) {
  const at = new Date(text);
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What such an input says, as the server reads it. */
export function toMoment(text) {
  return text ? new Date(text).toISOString() : undefined;
}

/** A query of those members that are set. */
export function query(members) {
  const set = Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(set).toString();
}
