/** What the connection is doing, in words that are true. */

import { element } from "./dom.js";
import { count } from "./format.js";

/** @returns {{text: string, kind: "good" | "busy" | "bad"}} */
export function wordsFor(state, now = Date.now()) {
  switch (state.phase) {
    case "live":
      return { kind: "good", text: "Up to date" };
    case "catchingUp":
      if (state.remaining > 1) return { kind: "busy", text: `Catching up… ${count(state.remaining, "event")} to go` };
      return { kind: "busy", text: "Catching up…" };
    case "waiting": {
      const seconds = Math.ceil((state.retryAt - now) / 1000);
      if (seconds <= 0) return { kind: "bad", text: "Offline – trying again…" };
      return { kind: "bad", text: `Offline – trying again in ${seconds} s` };
    }
    case "ended":
      return { kind: "bad", text: `Disconnected: ${state.reason || "the server closed the connection"}` };
    default:
      return { kind: "busy", text: "Connecting…" };
  }
}

/**
 * A line with the state. Counts down by itself; screen readers hear only that the state changed, not every second.
 * @param {import("../connection.js").Connection} connection
 */
export function statusView(connection) {
  const text = element("span", { class: "status-text" });
  const now = element("button", { class: "link", type: "button", onclick: () => connection.wake() }, "Try now");
  const again = element("button", { class: "link", type: "button", onclick: () => connection.start() }, "Connect again");
  const spoken = element("span", { class: "sr", role: "status" });
  const view = element("div", { class: "status" }, element("span", { class: "status-dot" }), text, now, again, spoken);
  let timer = null;
  let spokenPhase = "";

  const show = () => {
    clearTimeout(timer);
    const { state } = connection;
    const words = wordsFor(state);
    view.dataset.kind = words.kind;
    view.dataset.phase = state.phase;
    text.textContent = words.text;
    now.hidden = state.phase !== "waiting";
    again.hidden = state.phase !== "ended";
    speak(state.phase);
    if (state.phase === "waiting") timer = setTimeout(show, 1000 - ((Date.now() - state.retryAt + 1e6) % 1000));
  };
  const speak = (phase) => {
    // Coming and going of short states is not worth a sentence.
    const sentence = { live: "Up to date", waiting: "Offline, trying again", ended: "Disconnected" }[phase];
    if (!sentence || sentence === spokenPhase) return;
    if (spokenPhase || phase !== "live") spoken.textContent = sentence;
    spokenPhase = sentence;
  };
  connection.on("state", show);
  show();
  return view;
}
