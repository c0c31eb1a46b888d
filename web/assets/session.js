/**
 * Who is signed in, in all tabs of this browser together.
 *
 * The session lies in localStorage, because the refresh token must survive a reload and be shared by tabs: it is used
 * once and replaced, and using an old one ends the session everywhere. So two tabs must not refresh at the same time: a
 * tab refreshes under a lock (`navigator.locks`), and looks first whether another has just done it. What one tab writes,
 * a tab in another process sees a little later, and nothing orders that with the lock: so a tab keeps the lock a moment
 * after it wrote, and a tab that had to wait for the lock waits for the storage too. That somebody signed in or out in
 * another tab is heard from the storage itself: a message beside it could come before the change is visible.
 *
 * What lies in localStorage can be read by any script that runs in this origin. The content security policy lets only the
 * server's own files run and connect only to the server itself, and text from people never becomes markup.
 */

import { Emitter } from "./emitter.js";

const KEY = "plenum.session";
/** An access token with less than this left is replaced before it is used. */
const LEFT_MS = 60_000;
const LOCK = "plenum.refresh";
/** How long a tab keeps the lock after a refresh: who asks for it meanwhile knows that there is something new to see. */
const LINGER_MS = 100;
/** How long a tab that had to wait for the lock looks for what the other has written before it refreshes itself. */
const LOOK_MS = 1000;

/** The session is over: sign in again. */
export class SignedOut extends Error {
  constructor(message = "You have been signed out.") {
    super(message);
    this.name = "SignedOut";
    this.final = true;
  }
}

/**
 * Events: `in` {} when a session begins, here or in another tab; `out` {reason?} when it ends.
 */
export class Session extends Emitter {
  #storage;
  #refresh;
  #locks;
  #pause;

  /**
   * @param {object} options
   * @param {Storage} options.storage
   * @param {(refreshToken: string) => Promise<object>} options.refresh asks the server for a new pair; rejects with
   *   `SignedOut` when the token is not good any more
   * @param {LockManager} [options.locks] only pages from https or from this machine have them. Without, the server's
   *   grace for a refresh that comes twice within seconds must do
   * @param {(ms: number) => Promise<void>} [options.pause]
   */
  constructor({ storage, refresh, locks = globalThis.navigator?.locks, pause = sleep }) {
    super();
    this.#storage = storage;
    this.#refresh = refresh;
    this.#locks = locks;
    this.#pause = pause;
    globalThis.addEventListener?.("storage", (event) => this.#stored(event));
  }

  /** The account, or undefined when nobody is signed in. */
  get user() {
    return this.#read()?.user;
  }

  /** Keeps what register or login answered. */
  begin(answer) {
    this.#write(answer);
    this.emit("in", {});
  }

  /** Forgets the session; `reason` is for people, absent when they wanted it. */
  end(reason) {
    this.#storage.removeItem(KEY);
    this.emit("out", { reason });
  }

  /** Another tab changed the storage. A refresh changes it too, but neither begins nor ends a session. */
  #stored({ key, oldValue, newValue }) {
    if (key !== KEY) return;
    if (newValue === null) this.emit("out", {});
    else if (oldValue === null) this.emit("in", {});
  }

  /**
   * An access token that is good for a while. `renew`: the one we had was refused.
   * Rejects with `SignedOut`, or with what fetch rejects with when the server cannot be reached.
   */
  async token({ renew = false } = {}) {
    const before = this.#read();
    if (!before) throw new SignedOut();
    if (!renew && isFresh(before)) return before.accessToken;
    return this.#alone((waited) => this.#renew(before, waited));
  }

  async #renew(before, waited) {
    if (waited) await this.#changed(before);
    const now = this.#read();
    if (!now) throw new SignedOut();
    // While we waited for the lock another tab did it.
    if (now.accessToken !== before.accessToken && isFresh(now)) return now.accessToken;
    try {
      const answer = await this.#refresh(now.refreshToken);
      this.#write({ user: now.user, ...answer });
      return answer.accessToken;
    } catch (error) {
      const after = this.#read();
      // Another tab was quicker all the same: its session is not ours to end.
      if (error.final && after && after.refreshToken !== now.refreshToken) return after.accessToken;
      if (error.final) this.end(error.message);
      throw error;
    }
  }

  /** Until the session that lies there is another one, but not for ever: the tab before us may have failed. */
  async #changed(before) {
    const step = 10;
    for (let left = LOOK_MS; left > 0 && this.#read()?.accessToken === before.accessToken; left -= step)
      await this.#pause(step);
  }

  /** Runs it while no other tab does; it is told whether another one did just now. */
  #alone(run) {
    if (!this.#locks) return run(false);
    return new Promise((resolve, reject) => {
      const hold = async (waited) => {
        await run(waited).then(resolve, reject);
        await this.#pause(LINGER_MS);
        return true;
      };
      this.#locks
        .request(LOCK, { ifAvailable: true }, (lock) => lock !== null && hold(false))
        .then((held) => held || this.#locks.request(LOCK, () => hold(true)))
        .catch(reject);
    });
  }

  #read() {
    try {
      return JSON.parse(this.#storage.getItem(KEY)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  #write({ user, accessToken, refreshToken, expiresIn }) {
    // By this machine's clock from now: it need not agree with the server's.
    const expiresAt = Date.now() + expiresIn * 1000;
    const { id, fullName, name, email } = user;
    // Whoever came by a code has said no name yet.
    const session = { user: { id, fullName: fullName ?? name, email }, accessToken, refreshToken, expiresAt };
    this.#storage.setItem(KEY, JSON.stringify(session));
  }
}

function isFresh(session) {
  return session.expiresAt - Date.now() > LEFT_MS;
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
