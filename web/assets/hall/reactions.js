/** Reactions of the audience: buttons to react with, and what everybody else shows, floating up for a moment. */

import { element } from "../views/dom.js";
import { t } from "./words.js";

/** At most so many float at the same time: the rest of a large hall's applause looks no different. */
const FLOATING = 40;
/** Of one kind, out of one signal. */
const AT_ONCE = 8;

/** What floats. For eyes alone: how a hall feels is no text, and would drown what is said. */
export function floatView(hall) {
  const view = element("div", { class: "floats", "aria-hidden": "true" });
  const float = (emoji) => {
    if (view.children.length >= FLOATING) return;
    const one = element("span", {}, emoji);
    one.style.setProperty("--at", Math.random().toFixed(3));
    one.style.setProperty("--late", `${Math.round(Math.random() * 500)}ms`);
    one.addEventListener("animationend", () => one.remove());
    view.append(one);
  };
  hall.on("reactions", ({ counts }) => {
    if (document.hidden) return;
    for (const { emoji, count } of counts) for (let i = 0; i < Math.min(count, AT_ONCE); i += 1) float(emoji);
  });
  return view;
}

/** The buttons. */
export function reactionsView(hall) {
  const view = element("div", { class: "reactions", role: "group", "aria-label": t("react") });
  const react = (emoji) => {
    // Not repeated: a reaction that comes late is none.
    hall.connection.request({ reactLive: { conference: hall.id, emoji } }).catch(() => {});
  };
  const button = (emoji) => element("button", { type: "button", onclick: () => react(emoji) }, emoji);
  const show = ({ reactions = [], status }, phase) => {
    view.hidden = status !== "ACTIVE" || phase !== "live";
    if (view.children.length === 0) view.append(...reactions.map(button));
  };
  return { view, show };
}
