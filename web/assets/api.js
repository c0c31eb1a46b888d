/** The REST calls of the page. Paths and bodies are those of the OpenAPI document at /docs. */

import { call } from "./http.js";
import { Session, SignedOut } from "./session.js";

export class Api {
  /** @type {Session} */
  session;

  /** @param {Storage} storage */
  constructor(storage) {
    this.session = new Session({ storage, refresh: (refreshToken) => this.#refresh(refreshToken) });
  }

  /** `key`: a repetition under the same one, after a lost answer, signs in instead of saying that the address is taken. */
  async register({ fullName, email, password, key }) {
    const device = { name: deviceName() };
    this.session.begin(await call("POST", "/api/auth/register", { fullName, email, password, device }, { key }));
  }

  async login({ email, password }) {
    const device = { name: deviceName() };
    this.session.begin(await call("POST", "/api/auth/login", { email, password, device }));
  }

  /** Sends a code to an e-mail address or a telephone. */
  async sendCode(address) {
    await named("address", call("POST", "/api/auth/send-code", reached(address)));
  }

  /** Signs in with the code that was sent there; the account is made where there is none. */
  async signInWithCode(address, code) {
    const device = { name: deviceName() };
    this.session.begin(await call("POST", "/api/auth/verify-code", { ...reached(address), code, device }));
  }

  /** Ends the session here at once, and on the server if it can be reached. */
  async logout() {
    const token = await this.session.token().catch(() => undefined);
    this.session.end();
    try {
      if (token) await call("POST", "/api/auth/logout", {}, { token });
    } catch (error) {
      console.warn("plenum: the server did not hear the sign-out", error);
    }
  }

  /** A page of conversations, newest first. */
  conversations({ limit = 50, cursor } = {}) {
    const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
    return this.authorised("GET", `/api/messages/conversations?${query}`);
  }

  /** All members of a conversation with how far each has come: {user: {id, fullName}, role, delivered, read}. */
  async readers(id) {
    const readers = [];
    let cursor;
    do {
      const query = new URLSearchParams({ limit: 100, ...(cursor && { cursor }) });
      const page = await this.authorised("GET", `/api/conversations/${id}/readers?${query}`);
      readers.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return readers;
  }

  /** How many members of a conversation are online: {members, online, items}. */
  presence(id) {
    return this.authorised("GET", `/api/conversations/${id}/presence?limit=1`);
  }

  /** The account behind an e-mail address; undefined when there is none. */
  async lookup(email) {
    try {
      return await this.authorised("GET", `/api/users/lookup?${new URLSearchParams({ email })}`);
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }

  /** The conversation with one person: the same one, however often it is asked for. */
  createDirect(userId) {
    return this.authorised("POST", "/api/conversations", { kind: "direct", userId });
  }

  /** A group; the same `clientRef` gives the same group. */
  createGroup({ title, members, clientRef }) {
    return this.authorised("POST", "/api/conversations", { kind: "group", title, members, clientRef });
  }

  /** One conversation; undefined when one is no member (any more). */
  async conversation(id) {
    try {
      return await this.authorised("GET", `/api/conversations/${id}`);
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }

  /** Another title for a group. */
  rename(id, title) {
    return this.authorised("PUT", `/api/conversations/${id}`, { title });
  }

  addMember(id, userId) {
    return this.authorised("POST", `/api/conversations/${id}/members`, { userId });
  }

  /** Somebody goes: another person is removed, oneself leaves. */
  removeMember(id, userId) {
    return this.authorised("DELETE", `/api/conversations/${id}/members/${userId}`);
  }

  async #refresh(refreshToken) {
    try {
      return await call("POST", "/api/auth/refresh", { refreshToken });
    } catch (error) {
      if (error.status === 400 || error.status === 401 || error.status === 403) throw new SignedOut();
      throw error;
    }
  }

  /** Any call in the name of whoever is signed in. `more`: see `call`. */
  async authorised(method, path, body, more) {
    try {
      return await call(method, path, body, { ...more, token: await this.session.token() });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    return call(method, path, body, { ...more, token: await this.session.token({ renew: true }) });
  }

  /** The same, or in nobody's name when nobody is signed in. */
  ask(method, path, body, more) {
    return this.session.user ? this.authorised(method, path, body, more) : call(method, path, body, more);
  }
}

/** What the list of signed-in devices shows for this one. */
function deviceName() {
  const agent = navigator.userAgent;
  const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`)) ?? "Browser";
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
  const names = { Edg: "Edge", OPR: "Opera" };
  return `${names[browser] ?? browser}${system ? ` on ${system}` : ""}`;
}

/** What somebody typed, as the member that it is. */
function reached(address) {
  return address.includes("@") ? { email: address } : { phone: address };
}

/** What the server says about one member, said about another. */
async function named(field, asked) {
  try {
    return await asked;
  } catch (error) {
    const message = error.fields?.email ?? error.fields?.phone ?? error.fields?.to;
    if (message) error.fields = { [field]: message };
    throw error;
  }
}
