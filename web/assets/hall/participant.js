/** Who one is in a conference: kept on the device, so that a reload or a day later one is the same. */

import { call } from "../http.js";
import { newRef } from "../refs.js";

const DEVICE = "plenum.device";

const prefix = (code) => `plenum.participant.${code}`;

/** What this browser calls itself; random, and told to nobody but this server. */
function deviceName() {
  const made = newRef();
  try {
    const known = localStorage.getItem(DEVICE);
    if (!known) localStorage.setItem(DEVICE, made);
    return known ?? made;
  } catch {
    return made;
  }
}

export class Participant {
  conference;
  id;
  #token;
  #storage;

  constructor({ conference, id, token, storage = localStorage }) {
    this.conference = conference;
    this.id = id;
    this.#token = token;
    this.#storage = storage;
  }

  /** Whom this device knows in the conference with this code. */
  static stored({ publicCode }, storage = localStorage) {
    try {
      const { conference, id, token } = JSON.parse(storage.getItem(prefix(publicCode)));
      return new Participant({ conference, id, token, storage });
    } catch {
      return undefined;
    }
  }

  /** Joins as somebody new, or with an account's `token` as that account. */
  static async join(conference, { name, passcode, team, invitation, token }) {
    const body = { ...(name && { name: name.trim() }), ...(passcode && { passcode }), ...(team && { team }) };
    // Kept, so that an invitation whose answer was lost lets this device in all the same.
    if (invitation) Object.assign(body, { invitation, device: deviceName() });
    const joined = await call("POST", `/api/conference/${conference.id}/join`, body, { token });
    const { id, identity, publicCode, title } = joined.conference;
    const kept = { id, identity, publicCode, title, weight: joined.weight };
    const participant = new Participant({ conference: kept, id: joined.participant, token: joined.token });
    participant.#keep();
    return participant;
  }

  /** As `Connection` wants it: `renew` asks for a new one with the old one. */
  async token({ renew }) {
    if (!renew) return this.#token;
    try {
      const joined = await call("POST", `/api/conference/${this.conference.id}/join`, {}, { token: this.#token });
      // An expired token makes somebody new, who has voted for nothing yet.
      if (joined.participant !== this.id) throw Object.assign(new Error("somebody else"), { status: 401 });
      this.#token = joined.token;
      this.#keep();
    } catch (error) {
      if (error.status >= 400 && error.status < 500 && error.status !== 429) error.final = true;
      throw error;
    }
    return this.#token;
  }

  forget() {
    try {
      this.#storage.removeItem(prefix(this.conference.publicCode));
    } catch {
      // Then it was not kept either.
    }
  }

  #keep() {
    try {
      const { conference, id } = this;
      this.#storage.setItem(prefix(conference.publicCode), JSON.stringify({ conference, id, token: this.#token }));
    } catch {
      // A full or forbidden storage: everything works, but not over a reload.
    }
  }
}
