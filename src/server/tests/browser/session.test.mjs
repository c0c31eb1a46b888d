import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../../../web/assets/session.js";
import { FakeStorage } from "./fake-line.mjs";

const KEY = "plenum.session";
const USER = { id: "me", fullName: "Me", email: "me@example.com" };

/** Time that passes when somebody waits for it. What is due is done in the order of its time. */
class Time {
  now = 0;
  #due = [];

  pause = (ms) => new Promise((done) => this.at(this.now + ms, done));

  at(when, run) {
    this.#due.push({ when, run });
  }

  async until(promise) {
    let over = false;
    promise.then(
      () => (over = true),
      () => (over = true),
    );
    for (let turn = 0; turn < 1000 && !over; turn += 1) {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      if (over) break;
      this.#due.sort((a, b) => a.when - b.when);
      const next = this.#due.shift();
      if (next) [this.now] = [Math.max(this.now, next.when), next.run()];
    }
    return promise;
  }
}

/** The locks of one browser, as all its tabs see them. */
class Locks {
  #queue = Promise.resolve();
  #holders = 0;

  request(_name, options, run = options) {
    if (options.ifAvailable && this.#holders > 0) return Promise.resolve(run(null));
    this.#holders += 1;
    const answer = this.#queue.then(() => run({}));
    this.#queue = answer.then(
      () => (this.#holders -= 1),
      () => (this.#holders -= 1),
    );
    return answer;
  }
}

/** Two tabs in two processes: what one writes the other sees `lag` later. */
function tabs({ lag, refresh, locks = new Locks() }) {
  const time = new Time();
  const storages = [new FakeStorage(), new FakeStorage()];
  const asked = [];
  const serve = (token) => {
    asked.push(token);
    return time.pause(5).then(() => refresh?.(token, asked.length) ?? answer(asked.length));
  };
  const sessions = storages.map((own, i) => {
    const other = storages[1 - i];
    const storage = {
      getItem: (key) => own.getItem(key),
      setItem(key, value) {
        own.setItem(key, value);
        time.at(time.now + lag, () => other.setItem(key, value));
      },
      removeItem: (key) => storages.forEach((each) => each.removeItem(key)),
    };
    return new Session({ storage, refresh: serve, locks, pause: time.pause });
  });
  const old = { user: USER, accessToken: "access 0", refreshToken: "refresh 0", expiresAt: Date.now() - 1 };
  for (const storage of storages) storage.setItem(KEY, JSON.stringify(old));
  return { time, sessions, asked };
}

function answer(n) {
  return { accessToken: `access ${n}`, refreshToken: `refresh ${n}`, expiresIn: 900 };
}

test("two tabs renew once, even if the second sees late what the first has written", async () => {
  for (const lag of [0, 1, 50, 400]) {
    const { time, sessions, asked } = tabs({ lag });
    const tokens = await time.until(Promise.all(sessions.map((session) => session.token())));
    assert.deepEqual(tokens, ["access 1", "access 1"], `${lag} ms`);
    assert.deepEqual(asked, ["refresh 0"], `${lag} ms`);
  }
});

test("a tab that asks while the news of a renewal is on its way does not renew again", async () => {
  const { time, sessions, asked } = tabs({ lag: 60 });
  await time.until(sessions[0].token());
  assert.equal(await time.until(sessions[1].token()), "access 1");
  assert.deepEqual(asked, ["refresh 0"]);
});

test("a tab whose predecessor failed renews itself after a while", async () => {
  const fail = (_, n) => (n === 1 ? Promise.reject(new TypeError("Failed to fetch")) : undefined);
  const { time, sessions, asked } = tabs({ lag: 0, refresh: fail });
  const both = Promise.allSettled(sessions.map((session) => session.token()));
  const [first, second] = await time.until(both);
  assert.equal(first.reason.message, "Failed to fetch");
  assert.equal(second.value, "access 2");
  assert.deepEqual(asked, ["refresh 0", "refresh 0"]);
  assert.ok(time.now >= 1000);
});

test("where there are no locks a token is renewed all the same", async () => {
  const { time, sessions } = tabs({ lag: 0, locks: null });
  assert.equal(await time.until(sessions[0].token()), "access 1");
});
