import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../../../../web/assets/connection.js";
import { Outbox } from "../../../../web/assets/outbox.js";
import { FakeClock, FakeStorage, Network, settled } from "./fake-line.mjs";

const TOPIC = "conversation:0190a000-0000-7000-8000-000000000001";

/** A page, as far as sending goes: what app.js wires together. */
function page({ network, clock, storage }) {
  const connection = new Connection({
    url: "ws://test/ws",
    token: async () => "good",
    WebSocket: network.WebSocket,
    clock,
    random: () => 0,
  });
  const outbox = new Outbox({ connection, storage, user: "ada", newRef: () => `ref-${(refs += 1)}`, clock });
  connection.on("event", ({ event }) => outbox.seen(event.conversation.message.clientRef));
  connection.follow(TOPIC, 0);
  connection.start();
  return { connection, outbox };
}
let refs = 0;

async function setUp() {
  const world = { network: new Network(), clock: new FakeClock(), storage: new FakeStorage() };
  world.network.peer.tokens.set("good", "ada");
  const made = page(world);
  await settled();
  const texts = () => world.network.peer.log(TOPIC).map(({ event }) => event.conversation.message.content.text);
  return { ...world, ...made, texts, peer: world.network.peer };
}

const states = (outbox) => outbox.entries(TOPIC).map(({ text, state }) => `${text} ${state}`);

test("a message is sent, acknowledged, and gone from the outbox when its event is seen", async () => {
  const { outbox, storage, texts, network } = await setUp();
  const { setItem } = storage;
  storage.setItem = (key, value) => {
    assert.equal(network.sent("send").length, 0, "stored before it is sent");
    setItem(key, value);
  };
  outbox.add(TOPIC, "one");
  await settled();
  assert.deepEqual(texts(), ["one"]);
  assert.deepEqual(states(outbox), []);
  assert.equal(storage.length, 0);
  assert.equal(network.sent("send").length, 1);
});

test("an acknowledged message stays visible until its event comes", async () => {
  const { outbox, peer } = await setUp();
  peer.publish = () => {};
  outbox.add(TOPIC, "one");
  await settled();
  assert.deepEqual(states(outbox), ["one sent"]);
});

test("what is written without a connection goes out, in order, when it is back", async () => {
  const { outbox, network, clock, texts } = await setUp();
  network.last.fall();
  for (const text of ["one", "two", "three"]) outbox.add(TOPIC, text);
  assert.deepEqual(states(outbox), ["one waiting", "two waiting", "three waiting"]);
  await clock.advance(1_000);
  assert.deepEqual(texts(), ["one", "two", "three"]);
  assert.deepEqual(states(outbox), []);
});

test("a message whose answer was lost is sent again under its ref and counts once", async () => {
  const { outbox, connection, network, clock, texts, storage } = await setUp();
  connection.unfollow(TOPIC);
  // The command arrives, its answer does not.
  network.peer.connections.forEach(({ line }) => (line.send = () => {}));
  outbox.add(TOPIC, "one");
  await settled();
  assert.deepEqual(texts(), ["one"]);
  assert.deepEqual(states(outbox), ["one sending"]);
  assert.equal(storage.length, 1);
  network.last.fall();
  await clock.advance(1_000);
  const sent = network.sent("send");
  assert.equal(sent.length, 2);
  assert.equal(sent[0].clientRef, sent[1].clientRef);
  assert.deepEqual(texts(), ["one"]);
  assert.deepEqual(states(outbox), ["one sent"]);
  assert.equal(storage.length, 0);
});

test("a message whose event comes with the resume is not sent again", async () => {
  const { outbox, network, clock, texts } = await setUp();
  network.peer.connections.forEach(({ line }) => (line.send = () => {}));
  outbox.add(TOPIC, "one");
  await settled();
  network.last.fall();
  await clock.advance(1_000);
  assert.equal(network.sent("send").length, 1);
  assert.deepEqual(texts(), ["one"]);
  assert.deepEqual(states(outbox), []);
});

test("a message survives a reload of the page, under its ref, and counts once", async () => {
  const world = await setUp();
  world.network.peer.connections.forEach(({ line }) => (line.send = () => {}));
  world.outbox.add(TOPIC, "one");
  world.outbox.add(TOPIC, "two");
  await settled();
  world.connection.stop();
  const again = page(world);
  assert.deepEqual(states(again.outbox), ["one waiting", "two waiting"]);
  await settled();
  assert.deepEqual(world.texts(), ["one", "two"]);
  assert.deepEqual(states(again.outbox), []);
  assert.equal(world.storage.length, 0);
});

test("the order holds when the first of several is told to wait", async () => {
  const { outbox, clock, peer, texts } = await setUp();
  let busy = 2;
  const { send } = peer;
  peer.send = (...all) => (busy-- > 0 ? all[3]("busy", "too much to do") : send.apply(peer, all));
  for (const text of ["one", "two"]) outbox.add(TOPIC, text);
  await settled();
  assert.deepEqual(states(outbox), ["one waiting", "two waiting"]);
  for (let i = 0; i < 4; i += 1) {
    peer.beat();
    await clock.advance(1_000);
  }
  assert.deepEqual(texts(), ["one", "two"]);
});

test("a message that is refused for good fails, lets the next one pass, and can be tried again under its ref", async () => {
  const { outbox, network, peer, texts, storage } = await setUp();
  const { send } = peer;
  peer.send = (from, inside, answer, refuse, then) =>
    inside.content.text === "one"
      ? refuse("forbidden", "not a member")
      : send.call(peer, from, inside, answer, refuse, then);
  const entry = outbox.add(TOPIC, "one");
  outbox.add(TOPIC, "two");
  await settled();
  assert.deepEqual(states(outbox), ["one failed"]);
  assert.equal(outbox.entries(TOPIC)[0].error, "not a member");
  assert.deepEqual(texts(), ["two"]);
  assert.equal(JSON.parse(storage.getItem(storage.key(0))).state, "failed");
  peer.send = send;
  outbox.retry(entry.clientRef);
  await settled();
  assert.deepEqual(texts(), ["two", "one"]);
  assert.equal(
    new Set(
      network
        .sent("send")
        .filter(({ content }) => content.text === "one")
        .map(({ clientRef }) => clientRef),
    ).size,
    1,
  );
});

test("a failed message can be given up", async () => {
  const { outbox, peer, storage } = await setUp();
  peer.send = (_from, _inside, _answer, refuse) => refuse("tooLarge", "too long");
  const entry = outbox.add(TOPIC, "one");
  await settled();
  outbox.discard(entry.clientRef);
  assert.deepEqual(states(outbox), []);
  assert.equal(storage.length, 0);
});

test("another tab's message is shown, and goes when the other tab got it through", async () => {
  const { outbox } = await setUp();
  const entry = { clientRef: "theirs", topic: TOPIC, text: "from there", at: 1, state: "waiting" };
  outbox.stored({ key: "plenum.outbox.ada.theirs", newValue: JSON.stringify(entry) });
  assert.deepEqual(states(outbox), ["from there waiting"]);
  outbox.stored({ key: "plenum.outbox.ada.theirs", newValue: null });
  assert.deepEqual(states(outbox), []);
});

test("what lies damaged in the storage is passed over", async () => {
  const { outbox, storage, network, clock } = await setUp();
  assert.deepEqual(states(outbox), []);
  for (const [key, value] of [
    ["x", "{"],
    ["y", "null"],
    ["z", '{"clientRef":1}'],
    ["", '"text"'],
  ]) {
    storage.setItem(`plenum.outbox.ada.${key}`, value);
  }
  assert.deepEqual(states(page({ storage, network, clock }).outbox), []);
});

test("more than the outbox holds is not taken", async () => {
  const { outbox, network } = await setUp();
  network.last.fall();
  for (let i = 0; i < 500; i += 1) assert.ok(outbox.add(TOPIC, `${i}`));
  assert.equal(outbox.add(TOPIC, "one more"), undefined);
});
