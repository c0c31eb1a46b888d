/**
 * What a page knows of a conference: its state, its questions and how they stand. Loaded by REST, kept up to date by the
 * socket; both tell the same, so whatever comes twice changes nothing.
 *
 * Events: `change` {} for anything about the conference or its audience, `question` {id} for one question, `board` {items}, `reactions` {counts},
 * `over` {reason} when the token is not good any more, `state` {phase} of the connection.
 */

import { Connection } from "../connection.js";
import { Emitter } from "../emitter.js";
import { call } from "../http.js";

/** Between two tries to load. */
const AGAIN_MS = 2_000;

export class Hall extends Emitter {
  /** As REST shows it. */
  conference;
  /** @type {Map<string, object>} by id, as REST shows them, with times in milliseconds */
  questions = new Map();
  connection;
  #id;
  #token;
  #client;
  #watches;
  #spreadMs;
  #stopped = false;
  #timer;

  /**
   * @param {object} options
   * @param {string} options.id
   * @param {(how: {renew: boolean}) => Promise<string>} options.token as `Connection` wants it
   * @param {string} options.client for the operator's statistics
   * @param {(question: object) => string[]} options.watches further topics of a question that is live
   * @param {number} options.spreadMs within this time after a close the page asks for what only it may see: a hall must not
   *   ask all at once
   */
  constructor({ id, token, client, watches = () => [], spreadMs = 0 }) {
    super();
    this.#id = id;
    this.#token = token;
    this.#client = client;
    this.#watches = watches;
    this.#spreadMs = spreadMs;
    this.connection = this.#connect();
  }

  get id() {
    return this.#id;
  }

  /** Live ones first, the newest on top; then closed ones, the newest on top. */
  get asked() {
    const rank = ({ status }) => (status === "ACTIVE" ? 0 : 1);
    const asked = [...this.questions.values()].filter(({ status }) => status !== "DRAFT");
    return asked.sort((a, b) => rank(a) - rank(b) || (b.liveAt ?? 0) - (a.liveAt ?? 0));
  }

  /** All of them as the host has put them. */
  get ordered() {
    return [...this.questions.values()].sort((a, b) => a.order - b.order);
  }

  /** Calls REST in the name of whoever looks at the page. */
  async ask(method, path, body, options = {}) {
    const url = `/api/conference/${this.#id}${path}`;
    try {
      return await call(method, url, body, { ...options, token: await this.#token({ renew: false }) });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    return call(method, url, body, { ...options, token: await this.#token({ renew: true }) });
  }

  /** Loads everything and goes on by itself until `stop`. */
  async start() {
    try {
      await this.reload();
    } catch (error) {
      if (this.#stopped) return;
      const isFinal = error.final || [401, 403, 404].includes(error.status);
      if (isFinal) return this.emit("over", { reason: error.message });
      this.emit("state", { phase: "waiting" });
      this.#timer = setTimeout(() => this.start(), AGAIN_MS);
      return;
    }
    if (this.#stopped) return;
    this.connection.follow(this.conference.topic, this.conference.head);
    this.connection.start();
  }

  /** Everything anew. Events after `head` come by the socket, so what happens meanwhile is not lost. */
  async reload() {
    this.conference = await this.ask("GET", "");
    const { items } = await this.ask("GET", "/questions");
    const gone = new Set(this.questions.keys());
    for (const item of items) {
      gone.delete(item.id);
      this.#merge(item.id, { ...item, liveAt: at(item.liveAt), closesAt: at(item.closesAt) });
    }
    for (const id of gone) this.questions.delete(id);
    this.emit("change", {});
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.connection.stop();
  }

  /** Something that only this device knows, such as its own ballot. */
  note(id, known) {
    this.#merge(id, known);
  }

  #connect() {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const client = { name: this.#client, version: "1" };
    const connection = new Connection({ url: url.href, token: this.#token, client });
    connection.on("state", (state) => {
      this.emit("state", state);
      if (state.phase === "ended") this.emit("over", { reason: state.reason });
    });
    connection.on("event", ({ event, at: when }) => event.conference && this.#happened(event.conference, when));
    connection.on("signal", ({ signal }) => this.#heard(signal));
    // The log is shorter than what was seen, or a part of it is gone: what REST says stands.
    for (const name of ["reset", "gap"]) connection.on(name, () => this.reload().catch(() => {}));
    window.addEventListener("online", () => connection.wake());
    window.addEventListener("offline", () => connection.interrupt());
    window.addEventListener("pageshow", () => connection.wake());
    document.addEventListener("visibilitychange", () => document.hidden || connection.wake());
    return connection;
  }

  #happened(event, when) {
    const [[name, detail]] = Object.entries(event);
    if (name === "questionLive") this.#live(detail, when);
    else if (name === "questionClosed") this.#closed(detail);
    else if (name === "resultsShown") this.#shown(detail);
    else if (name === "questionFrozen") this.questions.has(detail.question) && this.#merge(detail.question, { frozen: detail.frozen });
    // What is not so any more is left out of the event.
    else if (name === "changed") this.#said({ agenda: [], speakers: [], teams: [], ...detail.info });
    else if (name === "started") this.#said({ status: "ACTIVE" });
    else if (name === "anonymised") this.#said({ anonymised: true, expiresAt: null });
    else if (name === "deleted") this.emit("over", { reason: "" });
    else if (name === "ended") this.#said({ status: "ENDED", audience: detail.audience });
  }

  #said(known) {
    Object.assign(this.conference, known);
    this.emit("change", {});
  }

  #live({ question, definition, closesAt }, when) {
    // Known already, perhaps as closed: REST had it before the event came.
    if (["ACTIVE", "CLOSED"].includes(this.questions.get(question)?.status)) return;
    const order = this.questions.get(question)?.order ?? this.questions.size + 1;
    this.#merge(question, { ...definition, order, status: "ACTIVE", liveAt: when, closesAt });
    this.emit("change", {});
  }

  #closed({ question, totalResponses, results }) {
    if (!this.questions.has(question)) return;
    const watched = this.#watches(this.questions.get(question));
    this.#merge(question, { status: "CLOSED", totalResponses });
    if (results) this.#results(results);
    for (const topic of watched) this.connection.unfollow(topic);
    if (watched.length > 0) setTimeout(() => this.refresh(question), Math.random() * this.#spreadMs);
    this.emit("change", {});
  }

  /** One question as this reader may see it. */
  async refresh(question) {
    const found = await this.ask("GET", `/questions/${question}`).catch(() => undefined);
    if (found) this.#merge(question, { ...found, liveAt: at(found.liveAt), closesAt: at(found.closesAt) });
  }

  #shown({ question, shown, results }) {
    const known = this.questions.get(question);
    if (!known) return;
    this.#merge(question, { shown });
    if (results) this.#results(results);
    else if (!shown && known.results && !this.#watches(known).some((topic) => topic.startsWith("pollHost:"))) {
      // Hiding stands in the question's own log, so it is newer than any tally seen before.
      const { kind, totalResponses, revision, closed } = known.results;
      this.#merge(question, {
        results: { question, kind, totalResponses, closed, hidden: true, revision: revision + 1 },
      });
    }
    this.emit("change", {});
  }

  #heard(signal) {
    if (signal.results) this.#results(signal.results);
    else if (signal.audience) this.#said({ audience: signal.audience });
    else if (signal.reactions) this.emit("reactions", signal.reactions);
    else if (signal.board) this.emit("board", signal.board);
  }

  #results(results) {
    const known = this.questions.get(results.question);
    if (!known) return;
    const before = known.results;
    const isOlder = before && results.revision < before.revision;
    // Of two about the same moment the one that says more: it came on a topic that not everybody may follow.
    const saysLess = before && results.revision === before.revision && results.hidden && !before.hidden;
    if (!isOlder && !saysLess) this.#merge(results.question, { results });
  }

  #merge(id, known) {
    const before = this.questions.get(id);
    const question = { results: null, myAnswer: null, options: [], ...before, ...known, id };
    if (before?.results && known.results && known.results.revision < before.results.revision)
      question.results = before.results;
    this.questions.set(id, question);
    if (question.status === "ACTIVE") for (const topic of this.#watches(question)) this.connection.follow(topic);
    this.emit("question", { id });
  }
}

function at(text) {
  return text ? Date.parse(text) : null;
}
