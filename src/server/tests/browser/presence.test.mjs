/** Whom the page follows, and what it says of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../../../web/assets/emitter.js";
import { Presence } from "../../../../web/assets/presence.js";
import { Store } from "../../../../web/assets/store.js";

const ADA = { id: "ada", fullName: "Ada" };

class FakeConnection extends Emitter {
  topics = new Set();
  follow(topic) {
    this.topics.add(topic);
  }
  unfollow(topic) {
    this.topics.delete(topic);
  }
}

function world(people) {
  const store = new Store(ADA, { getItem: () => null, setItem: () => {} });
  const connection = new FakeConnection();
  const presence = new Presence({ connection, store });
  for (const [n, name] of people.entries()) {
    const item = { kind: "direct", participants: [ADA, { id: name, fullName: name }], participantCount: 2, head: 0 };
    store.take({ id: `c-${name}`, ...item }, 1_000 - n);
  }
  return { store, connection, presence };
}

test("the other person of each direct conversation is followed, the newest first, within the share of topics", () => {
  const { connection, presence } = world(["bob", "eve", "joe"]);
  connection.emit("hello", { limits: { topics: 10 } });
  presence.refresh();
  assert.deepEqual([...connection.topics], ["presence:bob", "presence:eve"]);
  presence.refresh("c-joe");
  assert.deepEqual([...connection.topics].sort(), ["presence:bob", "presence:joe"]);
});

test("what is told of somebody stands until the next, and is forgotten with the topic", () => {
  const { store, connection, presence } = world(["bob"]);
  presence.refresh();
  const told = (signal) => store.signal({ topic: "presence:bob", signal: { presence: { user: "bob", ...signal } } });
  const conversation = store.get("c-bob");
  assert.equal(store.presenceIn(conversation), undefined);
  told({ online: true, since: 5 });
  assert.equal(store.presenceIn(conversation).online, true);
  told({ online: false, lastSeen: 9 });
  assert.deepEqual(store.presenceIn(conversation), { user: "bob", online: false, lastSeen: 9 });
  connection.emit("refused", { topic: "presence:bob" });
  assert.equal(store.presenceIn(conversation), undefined);
});

test("a change of somebody's presence changes the list", () => {
  const { store } = world(["bob"]);
  let changes = 0;
  store.on("list", () => (changes += 1));
  store.signal({ topic: "presence:bob", signal: { presence: { user: "bob", online: true, since: 5 } } });
  assert.equal(changes, 1);
});

test("without a connection nothing is known of anybody, and the next one tells anew", () => {
  const { store, connection, presence } = world(["bob"]);
  presence.refresh();
  connection.emit("state", { phase: "live" });
  const told = () => store.signal({ topic: "presence:bob", signal: { presence: { user: "bob", online: true, since: 5 } } });
  told();
  store.take({ id: "g", kind: "group", title: "G", participants: [ADA], participantCount: 3, head: 0 }, 1);
  store.online("g", 2);
  for (const phase of ["catchingUp", "live"]) connection.emit("state", { phase });
  assert.equal(store.presenceIn(store.get("c-bob")).online, true);
  assert.equal(store.get("g").online, 2);
  let changes = 0;
  store.on("list", () => (changes += 1));
  for (const phase of ["waiting", "connecting"]) connection.emit("state", { phase });
  assert.equal(store.presenceIn(store.get("c-bob")), undefined);
  assert.equal(store.get("g").online, undefined);
  assert.equal(changes, 1);
  told();
  assert.equal(store.presenceIn(store.get("c-bob")).online, true);
});
