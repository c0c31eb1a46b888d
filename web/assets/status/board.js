/** What the page knows of the status board: the list from REST, and each check as the socket tells it. */

import { Connection } from "../connection.js";
import { Emitter } from "../emitter.js";

export const TOPIC = "status:all";
const PAGE = 100;
/** Domains that are read without being asked for. */
const MOST = 2_000;
/** Admins change several things in a row: the list is read once behind them. */
const SETTLE_MS = 300;

/**
 * Events: `change` {} when there is something else to show; `checked` {domain, blocked} for each change that a check brought;
 * `problem` {message}.
 */
export class Board extends Emitter {
  /** @type {Map<string, object>} domains as REST gives them */
  domains = new Map();
  /** Whether there are more than are shown. */
  isCut = false;
  isLoaded = false;
  #api;
  #loading;
  #again = false;
  #timer;

  constructor(api) {
    super();
    this.#api = api;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.connection = new Connection({
      url: `${scheme}//${location.host}/ws`,
      token: (how) => api.session.token(how),
      client: { name: "plenum-status", version: "1" },
    });
    // Subscribed first, read then: nothing falls in between.
    this.connection.on("state", ({ phase }) => phase === "live" && this.load());
    this.connection.on("signal", ({ signal }) => this.#heard(signal));
    this.connection.follow(TOPIC);
    this.connection.start();
  }

  stop() {
    clearTimeout(this.#timer);
    this.connection.stop();
  }

  /** Reads the whole list; asked for meanwhile, reads it once more. */
  load() {
    this.#again = Boolean(this.#loading);
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
      if (this.#again) this.load();
    });
    return this.#loading;
  }

  async #read() {
    try {
      const found = new Map();
      let cursor;
      do {
        const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
        const page = await this.#api.authorised("GET", `/api/domains?${query}`);
        for (const domain of page.items) found.set(domain.id, newer(this.domains.get(domain.id), domain));
        cursor = page.nextCursor;
      } while (cursor && found.size < MOST);
      this.isCut = Boolean(cursor);
      this.isLoaded = true;
      this.domains = found;
      this.emit("change", {});
    } catch (error) {
      this.emit("problem", { message: error.message });
    }
  }

  #heard({ domainChecked, statusListChanged }) {
    if (statusListChanged) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.load(), SETTLE_MS);
    }
    const known = domainChecked && this.domains.get(domainChecked.id);
    if (!known || domainChecked.at < Date.parse(known.nawala.lastChecked ?? 0)) return;
    const status = domainChecked.blocked ? "ada" : "tidak ada";
    const lastChecked = new Date(domainChecked.at).toISOString();
    const isChange = known.nawala.status !== status;
    const since = isChange ? lastChecked : known.since;
    const nawala = { status, blockedId: domainChecked.scan, lastChecked };
    this.domains.set(known.id, { ...known, domain: domainChecked.domain, since, nawala });
    this.emit("change", {});
    if (isChange) this.emit("checked", { domain: domainChecked.domain, blocked: domainChecked.blocked });
  }
}

/** A check that was told while the list was on its way is not taken back by it. */
function newer(known, read) {
  const at = (domain) => Date.parse(domain.nawala.lastChecked ?? 0);
  return known && at(known) > at(read) ? { ...read, nawala: known.nawala, since: known.since } : read;
}
