import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, Lost, Refused } from "../../../../web/assets/connection.js";
import { FakeClock, Network, settled } from "./fake-line.mjs";

const TOPIC = "conversation:0190a000-0000-7000-8000-000000000001";

async function setUp({ since = 0, token } = {}) {
  const network = new Network();
  const clock = new FakeClock();
  network.peer.tokens.set("good", "ada");
  const connection = new Connection({
    url: "ws://test/ws",
    token: token ?? (async () => "good"),
    WebSocket: network.WebSocket,
    clock,
    random: () => 0,
  });
  const offsets = [];
  const phases = [];
  connection.on("event", ({ offset }) => offsets.push(offset));
  connection.on("state", ({ phase }) => phases.at(-1) !== phase && phases.push(phase));
  if (since !== undefined) connection.follow(TOPIC, since);
  connection.start();
  await settled();
  const write = (count) => {
    for (let i = 0; i < count; i += 1) network.peer.append(TOPIC, { message: { content: { text: `t${i}` } } });
  };
  return { network, clock, connection, offsets, phases, write, peer: network.peer };
}

test("it asks for the JSON sub-protocol, identifies first and is then live", async () => {
  const { network, connection, phases } = await setUp();
  assert.deepEqual(network.last.protocols, ["plenum.v1.json"]);
  assert.deepEqual(Object.keys(network.last.sent[0]), ["identify"]);
  assert.deepEqual(phases, ["connecting", "catchingUp", "live"]);
  connection.stop();
  assert.equal(connection.state.phase, "idle");
});

test("events come once and in order, from the position that was given", async () => {
  const { offsets, write } = await setUp();
  write(3);
  assert.deepEqual(offsets, [1, 2, 3]);
});

test("after a broken line it waits as advised, resumes, and hands over what it missed exactly once", async () => {
  const { network, clock, connection, offsets, phases, write } = await setUp();
  write(2);
  network.last.fall();
  write(3);
  assert.equal(connection.state.phase, "waiting");
  assert.equal(connection.state.retryAt, clock.now() + 1_000);
  await clock.advance(999);
  assert.equal(network.sockets.length, 1);
  await clock.advance(1);
  assert.deepEqual(network.last.sent[1], { subscribe: { topic: TOPIC, since: 2 } });
  write(1);
  assert.deepEqual(offsets, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(phases, ["connecting", "catchingUp", "live", "waiting", "connecting", "catchingUp", "live"]);
});

test("it says how much is missing while it catches up", async () => {
  const { network, clock, connection, write } = await setUp();
  network.last.fall();
  write(3);
  const remaining = [];
  connection.on("state", (state) => state.phase === "catchingUp" && remaining.push(state.remaining));
  await clock.advance(1_000);
  assert.deepEqual(remaining, [0, 3, 2, 1]);
});

test("the delay doubles up to the longest, and starts anew after success", async () => {
  const { network, clock, connection } = await setUp();
  network.isUp = false;
  network.last.fall();
  const delays = [];
  for (let i = 0; i < 5; i += 1) {
    delays.push(connection.state.retryAt - clock.now());
    await clock.advance(delays.at(-1));
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 8_000]);
  network.isUp = true;
  await clock.advance(8_000);
  assert.equal(connection.state.phase, "live");
  network.last.fall();
  assert.equal(connection.state.retryAt - clock.now(), 1_000);
});

test("wake tries at once", async () => {
  const { network, connection } = await setUp();
  network.last.fall();
  connection.wake();
  await settled();
  assert.equal(connection.state.phase, "live");
});

test("a line that says nothing for the heart-beat time-out is dead", async () => {
  const { network, clock, connection, offsets, peer, write } = await setUp();
  for (let i = 0; i < 5; i += 1) {
    await clock.advance(1_000);
    peer.beat();
  }
  assert.equal(network.sockets.length, 1);
  network.isSilent = true;
  write(2);
  await clock.advance(3_000);
  assert.equal(connection.state.phase, "waiting");
  network.isSilent = false;
  await clock.advance(1_000);
  assert.deepEqual(offsets, [1, 2]);
});

test("a repeated event is not handed over again", async () => {
  const { network, offsets, peer, write } = await setUp();
  write(2);
  for (const event of peer.log(TOPIC)) network.last.onmessage({ data: JSON.stringify({ event }) });
  assert.deepEqual(offsets, [1, 2]);
});

test("a hole in the offsets is asked for again, once, and nothing is skipped", async () => {
  const { network, offsets, peer, write } = await setUp();
  write(1);
  network.isSilent = true;
  write(1);
  network.isSilent = false;
  peer.intercept = (_, command) => "subscribe" in command;
  write(2);
  assert.equal(network.sent("subscribe").length, 2);
  assert.deepEqual(offsets, [1]);
  assert.deepEqual(network.sent("subscribe")[1], { topic: TOPIC, since: 1 });
});

test("tops that stay above our position make it ask again", async () => {
  const { network, offsets, peer, write } = await setUp();
  network.isSilent = true;
  write(2);
  network.isSilent = false;
  peer.beat();
  assert.deepEqual(offsets, []);
  peer.beat();
  assert.deepEqual(offsets, [1, 2]);
});

test("a gap is reported and events continue after it", async () => {
  const { network, clock, connection, offsets, peer, write } = await setUp();
  const gaps = [];
  connection.on("gap", ({ from, to }) => gaps.push([from, to]));
  write(1);
  network.last.fall();
  write(4);
  peer.subscribe = (from, { topic, since }, answer, _refuse, then) => {
    from.topics.add(topic);
    answer({ subscribed: { topic, head: 5, since } });
    then.push(() => from.line.send({ gap: { topic, from: 2, to: 4, reason: "retention" } }));
    then.push(() => from.line.send({ event: peer.log(topic)[4] }));
    then.push(() => from.line.send({ caughtUp: { topic, position: 5 } }));
  };
  await clock.advance(1_000);
  assert.deepEqual(gaps, [[2, 4]]);
  assert.deepEqual(offsets, [1, 5]);
  assert.equal(connection.state.phase, "live");
});

test("goodbye says when to come back", async () => {
  const { network, clock, connection } = await setUp();
  network.last.onmessage({
    data: JSON.stringify({ goodbye: { code: 4000, reason: "draining", retryAfterMs: 7_500, positions: {} } }),
  });
  network.last.fall(4000, "draining");
  assert.equal(connection.state.retryAt - clock.now(), 7_500);
  await clock.advance(7_500);
  assert.equal(connection.state.phase, "live");
});

test("close codes from 4500 on are final", async () => {
  const { network, clock, connection } = await setUp();
  network.last.fall(4502, "session ended");
  assert.deepEqual(connection.state, { phase: "ended", code: 4502, reason: "session ended", signedOut: true });
  await clock.advance(3_600_000);
  assert.equal(network.sockets.length, 1);
});

test("a refused token is renewed once, and a second refusal is final", async () => {
  const asked = [];
  const tokens = ["old", "good", "old", "old"];
  const { network, connection } = await setUp({ token: async (how) => (asked.push(how.renew), tokens.shift()) });
  assert.deepEqual(asked, [false, true]);
  assert.equal(connection.state.phase, "live");
  network.last.fall();
  connection.wake();
  await settled();
  assert.deepEqual(asked, [false, true, false, true]);
  assert.equal(connection.state.phase, "ended");
  assert.equal(connection.state.signedOut, true);
});

test("a token that cannot be had now is tried again, a session that is over ends it", async () => {
  const errors = [new Error("no network"), Object.assign(new Error("over"), { final: true })];
  const { clock, connection } = await setUp({ token: async () => Promise.reject(errors.shift()) });
  assert.equal(connection.state.phase, "waiting");
  await clock.advance(1_000);
  assert.deepEqual(connection.state, { phase: "ended", code: 0, reason: "over", signedOut: true });
});

test("it changes the token before it expires, on the same connection", async () => {
  const { network, clock, connection, offsets, peer, write } = await setUp();
  peer.identify = (from, _, answer) => {
    from.user = "ada";
    answer({ identified: { user: "ada", session: "s", expiresAt: clock.now() + 300_000 } });
  };
  network.last.fall();
  await clock.advance(1_000);
  const identifies = () => network.last.sent.filter((command) => "identify" in command).length;
  const seconds = async (count) => {
    for (let i = 0; i < count; i += 1) {
      peer.beat();
      await clock.advance(1_000);
    }
  };
  await seconds(269);
  assert.equal(identifies(), 1);
  await seconds(1);
  assert.equal(identifies(), 2);
  await seconds(270);
  assert.equal(identifies(), 3);
  write(1);
  assert.deepEqual(offsets, [1]);
  assert.equal(network.sockets.length, 2);
  assert.equal(connection.state.phase, "live");
});

test("commands stay below the limits that hello states", async () => {
  const { network, clock, connection, peer } = await setUp();
  const held = [];
  peer.intercept = (from, command) => "ping" in command && held.push(from) > 0;
  const answers = Array.from({ length: 20 }, () => connection.request({ ping: {} }).catch((error) => error));
  await clock.advance(5_000);
  assert.equal(network.sent("ping").length, 8, "8 in flight");
  network.last.fall();
  assert.ok((await Promise.all(answers)).every((error) => error instanceof Lost));
});

test("commands stay below the rate that hello states", async () => {
  const { network, clock, connection, peer } = await setUp();
  await clock.advance(1_000);
  const answers = Array.from({ length: 120 }, () => connection.request({ ping: {} }));
  await settled();
  assert.equal(network.sent("ping").length, 50);
  peer.beat();
  await clock.advance(1_000);
  assert.equal(network.sent("ping").length, 100);
  peer.beat();
  await clock.advance(1_000);
  await Promise.all(answers);
});

test("a refusal is an error with its code", async () => {
  const { connection, peer } = await setUp();
  peer.ping = (_from, _inside, _answer, refuse) => refuse("forbidden", "you may not");
  const error = await connection.request({ ping: {} }).catch((reason) => reason);
  assert.ok(error instanceof Refused);
  assert.equal(error.code, "forbidden");
  assert.equal(error.retryable, false);
});

test("a topic that is refused is reported and does not keep it from being live", async () => {
  const { network, connection, peer, clock } = await setUp();
  peer.subscribe = (_from, _inside, _answer, refuse) => refuse("notFound", "no such conversation");
  const refused = [];
  connection.on("refused", ({ topic, error }) => refused.push([topic, error.code]));
  network.last.fall();
  await clock.advance(1_000);
  assert.deepEqual(refused, [[TOPIC, "notFound"]]);
  assert.equal(connection.state.phase, "live");
});

test("a server that lost events makes the client forget them too", async () => {
  const { network, clock, connection, offsets, peer, write } = await setUp();
  write(3);
  const resets = [];
  connection.on("reset", ({ position }) => resets.push(position));
  network.last.fall();
  peer.log(TOPIC).length = 1;
  await clock.advance(1_000);
  write(1);
  assert.deepEqual(resets, [1]);
  assert.deepEqual(offsets, [1, 2, 3, 2]);
});
