/** Votes on their way, with a server in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ballots } from "../../../../web/assets/hall/ballots.js";
import { Emitter } from "../../../../web/assets/emitter.js";
import { Lost, Refused } from "../../../../web/assets/requests.js";
import { FakeStorage, settled } from "./fake-line.mjs";

/** A connection whose answers the test gives. */
class Peer extends Emitter {
  asked = [];

  request(command) {
    return new Promise((done, failed) => this.asked.push({ command, done, failed }));
  }
}

const pick = (option) => ({ choice: [option] });

function world(storage = new FakeStorage()) {
  const connection = new Peer();
  return { storage, connection, ballots: new Ballots({ connection, storage, participant: "p" }) };
}

test("a vote that was not acknowledged is sent again with the same number, also after a reload", async () => {
  const { storage, connection, ballots } = world();
  ballots.cast("q", pick(2), 700);
  connection.asked[0].failed(new Lost());
  await settled();
  assert.equal(ballots.get("q").state, "waiting");
  const again = world(storage);
  again.connection.emit("identified", {});
  const vote = { question: "q", answer: pick(2), sequence: 1, pressedAfterMs: 700 };
  assert.deepEqual(again.connection.asked[0].command, { vote });
  again.connection.asked[0].done({ receipt: "r" });
  await settled();
  assert.deepEqual([again.ballots.get("q").state, again.ballots.get("q").receipt], ["cast", "r"]);
  again.connection.emit("identified", {});
  assert.equal(again.connection.asked.length, 1, "nothing is left to send");
});

test("what is changed while a vote is under way goes next, with a higher number", async () => {
  const { connection, ballots } = world();
  ballots.cast("q", pick(1));
  ballots.cast("q", pick(2));
  ballots.cast("q", pick(3));
  assert.equal(connection.asked.length, 1, "one at a time");
  connection.asked[0].done({});
  await settled();
  assert.deepEqual(connection.asked[1].command, { vote: { question: "q", answer: pick(3), sequence: 3 } });
  assert.equal(ballots.get("q").state, "waiting");
  connection.asked[1].done({});
  await settled();
  assert.equal(ballots.get("q").state, "cast");
});

test("taking a vote back counts on", async () => {
  const { connection, ballots } = world();
  ballots.cast("q", pick(1));
  connection.asked[0].done({});
  await settled();
  ballots.cast("q", null);
  assert.deepEqual(connection.asked[1].command, { withdraw: { question: "q", sequence: 2 } });
});

test("a refusal is kept with its reason and not sent again", async () => {
  const { connection, ballots } = world();
  for (const [code, field, reason] of [
    ["gone", undefined, "tooLate"],
    ["conflict", "sequence", "changedElsewhere"],
    ["invalid", "answer", "no"],
  ]) {
    const question = `q ${code}`;
    ballots.cast(question, pick(1));
    connection.asked.at(-1).failed(new Refused({ code, field, message: "no" }));
    await settled();
    assert.deepEqual([ballots.get(question).state, ballots.get(question).reason], ["refused", reason]);
  }
  const before = connection.asked.length;
  connection.emit("identified", {});
  assert.equal(connection.asked.length, before);
});

test("a full storage loses nothing but the reload", async () => {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new Error("full");
  };
  const { connection, ballots } = world(storage);
  ballots.cast("q", pick(1));
  connection.asked[0].done({});
  await settled();
  assert.equal(ballots.get("q").state, "cast");
});

test("what somebody else put into the storage is passed over", () => {
  const storage = new FakeStorage();
  storage.setItem("plenum.ballot.p.a", "{");
  storage.setItem("plenum.ballot.p.b", '{"question":1}');
  const { ballots } = world(storage);
  assert.equal(ballots.get("a"), undefined);
});
