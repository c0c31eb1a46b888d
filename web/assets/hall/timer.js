/** The time that is left for a question, by the server's clock. */

import { serverNow } from "../http.js";
import { element } from "../views/dom.js";
import { t } from "./words.js";

const TICK_MS = 250;
/** Said aloud once, by screen readers. */
const WARN_AT_S = 10;

/** `{view, show(question), stop()}`; `ended` is called when the time is up. */
export function timerView(ended = () => {}) {
  const text = element("span", { "aria-hidden": "true" });
  const spoken = element("span", { class: "sr", role: "status" });
  const fill = element("span", { class: "fill" });
  const view = element("p", { class: "timer" }, text, spoken, element("span", { class: "track" }, fill));
  let question;
  let ticking;
  let isTold = false;
  const draw = () => {
    const left = question.closesAt - serverNow();
    const seconds = Math.max(0, Math.ceil(left / 1000));
    const isOver = left <= 0 || question.status !== "ACTIVE";
    text.textContent = isOver ? t("timeUp") : t("timeLeft", { seconds });
    if (seconds === WARN_AT_S && !isOver) spoken.textContent = t("timeLeft", { seconds });
    fill.style.setProperty("--share", String(Math.max(0, Math.min(1, left / (question.durationMs || left || 1)))));
    view.classList.toggle("is-urgent", seconds <= 5);
    if (!isOver) return;
    stop();
    if (isTold) return;
    isTold = true;
    ended();
  };
  const stop = () => {
    clearInterval(ticking);
    ticking = undefined;
  };
  const show = (next) => {
    question = next;
    view.hidden = !question.closesAt || question.status !== "ACTIVE";
    if (view.hidden) return stop();
    if (!isTold) ticking ??= setInterval(draw, TICK_MS);
    draw();
  };
  return { view, show, stop };
}
