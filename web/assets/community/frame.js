/** What the pages beside the chat have in common: who is signed in, the bar, the part of the address behind `#`, news by the socket. */

import { Api } from "../api.js";
import { Connection } from "../connection.js";
import { Emitter } from "../emitter.js";
import { authView } from "../views/auth.js";
import { element } from "../views/dom.js";
import { pageBar } from "../views/places.js";
import { statusView } from "../views/status.js";

/**
 * One page. Each of its views has an address behind `#`.
 *
 * Events: `signal` {signal} what the server tells this person; `live` {} the connection is (again) up to date, so that what was
 * missed can be read.
 */
export class Frame extends Emitter {
  api = new Api(localStorage);
  /** The own profile, once it is known: {id, role, …}. */
  me;
  #options;
  #connection;
  #main = element("main", { id: "main", tabindex: "-1" });
  #place = document.getElementById("app");
  #shown;
  #user;
  #ending;

  /**
   * @param {object} options
   * @param {string} options.path the page's own address
   * @param {string} options.title
   * @param {boolean} [options.isOpen] whether people without an account may look
   * @param {[RegExp, (frame: Frame, ...parts: string[]) => {view: Element, title?: string, stop?: () => void}][]} options.views
   */
  constructor(options) {
    super();
    this.#options = options;
    this.api.session.on("in", () => this.#begin());
    this.api.session.on("out", ({ reason }) => this.#begin(reason));
    window.addEventListener("hashchange", () => this.#user !== null && this.show());
    document.querySelector(".skip").addEventListener("click", (event) => {
      // The address belongs to the view.
      event.preventDefault();
      document.getElementById("main")?.focus();
    });
    this.#begin();
  }

  /** Whether somebody is signed in. */
  get isSignedIn() {
    return Boolean(this.api.session.user);
  }

  get isAdmin() {
    return this.me?.role === "admin";
  }

  /** A call of REST, in the name of whoever is here. */
  ask(method, path, body, more) {
    return this.api.ask(method, path, body, more);
  }

  /** What is said when the session ends next, whoever hears of it first; nothing: the usual. */
  expectEnd(reason) {
    this.#ending = reason;
  }

  /** Shows the view of another address. */
  go(address) {
    if (location.hash === address) this.show();
    else location.hash = address;
  }

  /** Asks for an account; the view is shown again with it. */
  signIn(notice) {
    this.#clean();
    this.#user = null;
    this.#place.replaceChildren(authView(this.api, notice));
  }

  /** Shows what the address names. */
  show() {
    const views = this.#options.views;
    const found = views.map(([pattern, make]) => [pattern.exec(location.hash), make]).find(([match]) => match);
    const [match, make] = found ?? [[], views[0][1]];
    this.#shown?.stop?.();
    this.#shown = make(this, ...match.slice(1));
    this.#main.replaceChildren(this.#shown.view);
    this.title(this.#shown.title ?? this.#options.title);
    this.#main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  title(text) {
    document.title = `${text} · Plenum`;
  }

  #begin(notice) {
    const { user } = this.api.session;
    // Told by another tab what is known here; somebody who is about to sign in must not lose what they typed.
    if (this.#user === null && !user) return;
    if (this.#user && this.#user === user?.id) return;
    this.#clean();
    if (!user && (!this.#options.isOpen || notice)) return this.signIn(notice);
    this.#user = user?.id;
    if (user) this.#connect(user);
    this.#draw();
    this.show();
    if (user) this.#meet();
  }

  #draw() {
    const status = this.#connection && statusView(this.#connection);
    const more = this.isAdmin ? { "/admin": "Admin" } : undefined;
    const bar = pageBar(this.#options.path, { api: this.api, status, signIn: () => this.signIn(), more });
    // The view stays where it is, and with it the focus.
    if (this.#main.isConnected) this.#main.previousElementSibling.replaceWith(bar);
    else this.#place.replaceChildren(element("div", { class: "page" }, bar, this.#main));
  }

  #connect(user) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const connection = new Connection({
      url: url.href,
      token: (how) => this.api.session.token(how),
      client: { name: "plenum-pages", version: "1" },
    });
    connection.on("signal", ({ signal }) => this.emit("signal", { signal }));
    let wasLive = false;
    connection.on("state", ({ phase, signedOut, reason }) => {
      if (phase === "live" && wasLive) this.emit("live", {});
      wasLive ||= phase === "live";
      if (phase === "ended" && signedOut) {
        this.api.session.end(this.#ending ?? (reason ? `You have been signed out: ${reason}.` : "You have been signed out."));
      }
    });
    connection.follow(`user:${user.id}`);
    connection.start();
    this.#connection = connection;
  }

  /** Roles are not part of the session: they change while it lasts. */
  async #meet() {
    const { id } = this.api.session.user;
    try {
      const me = await this.ask("GET", "/api/auth/me");
      if (this.#user !== id) return;
      this.me = me;
      if (this.isAdmin) this.#draw();
      this.emit("me", {});
    } catch (error) {
      console.warn("plenum: the own profile could not be read", error);
    }
  }

  /** Takes away what the next one who sits here must not see. */
  #clean() {
    this.#shown?.stop?.();
    this.#shown = undefined;
    this.#connection?.stop();
    this.#connection = undefined;
    this.me = undefined;
    this.#user = undefined;
    this.#main.replaceChildren();
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.close();
      dialog.remove();
    }
  }
}
