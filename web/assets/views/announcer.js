/**
 * Tells screen readers what happens, politely: at most one sentence every two seconds. When more happens it is counted
 * together, so that a busy conversation does not talk over everything else.
 */
export class Announcer {
  #region;
  #waiting = [];
  #timer = null;

  /** @param {Element} region an element with `aria-live="polite"` */
  constructor(region) {
    this.#region = region;
  }

  say(text) {
    this.#waiting.push(text);
    this.#timer ??= setTimeout(() => this.#speak(), 150);
  }

  /** Leaves nothing of what was said, nor of what was about to be. */
  silence() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#region.textContent = "";
  }

  #speak() {
    const [first, ...more] = this.#waiting;
    this.#waiting = [];
    this.#timer = null;
    if (first === undefined) return;
    this.#region.textContent = more.length === 0 ? first : `${more.length + 1} new messages`;
    this.#timer = setTimeout(() => this.#speak(), 2_000);
  }
}
