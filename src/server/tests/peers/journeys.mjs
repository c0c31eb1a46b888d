/** What every client goes through: steps in order, each a name and what must happen. A step may rely on the ones before. */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { Line } from "../browser/server.mjs";

/** Everything one client's journey holds on to. */
export class Journey {
  constructor(world, driver, client, speaker) {
    Object.assign(this, { world, driver, client, speaker, words: client.vocabulary });
  }

  async prepare() {
    this.person = await this.world.person("traveller");
    this.conversation = await this.world.group(`journey of ${this.client.name}`, [this.person, this.speaker.person]);
    this.line = await Line.to(this.world.server.port);
  }

  open(name, token, url = this.line.address) {
    return this.driver.open(name, { url, auth: { token }, transports: this.client.transports });
  }

  /**
   * Connected, from `from` on, and where it began with polling over on WebSocket: npm's client hears nothing of a line that breaks
   * while it goes over, until a ping is due.
   */
  async settled(from = 0) {
    const connected = await this.socket.connected(from);
    if (this.client.transports.length > 1) {
      const { transport } = await this.socket.until("the upgrade", ({ is }) => is === "upgrade", from);
      assert.equal(transport, "websocket");
    }
    return connected;
  }

  /** Joins with a callback; answers the acknowledgement. */
  async join(since) {
    const [answer] = await this.socket.ask(...this.words.join(this.conversation, since));
    assert.equal(answer.ok, true, JSON.stringify(answer));
    return answer;
  }

  /** Waits for a message with this text. */
  async hears(text, from = 0) {
    const said = await this.socket.event(this.words.message, ({ content }) => content === text, from);
    return said.args[0];
  }

  /** Offsets of the messages heard from `from` on. */
  offsets(from) {
    return this.socket.all(this.words.message, from).map(({ offset }) => offset);
  }

  async finish() {
    await this.line?.close();
  }
}

async function connects(journey) {
  const { person } = journey;
  journey.socket = journey.open("main", person.token);
  await journey.settled();
  const { args } = await journey.socket.event("authenticated");
  assert.equal(args[0].user.id, person.id, "authenticated names another person");
}

async function isRefused(journey) {
  const socket = journey.open("stranger", "not.a.token");
  const { data } = await socket.until("connect_error", ({ is }) => is === "connect_error");
  assert.equal(data?.data?.code, "unauthenticated", `connect_error with ${JSON.stringify(data)}`);
  assert.ok(!socket.heard.some(({ is }) => is === "connect"), "connected with a wrong token");
  socket.close();
}

async function isAcknowledged(journey) {
  const { socket, words, conversation } = journey;
  await journey.join();
  const send = words.send(conversation, "first", randomUUID());
  const [answer] = await socket.ask(...send);
  assert.equal(answer.ok, true, JSON.stringify(answer));
  const message = await journey.hears("first");
  assert.equal(message.offset, answer.offset, "acknowledged at another offset than delivered");
  const [again] = await socket.ask(...send);
  assert.deepEqual([again.ok, again.offset, again.duplicate], [true, answer.offset, true], "a repeated clientRef");
}

async function hearsRefusals(journey) {
  const { socket, words } = journey;
  const nowhere = words.send(randomUUID(), "to nobody", randomUUID());
  const [answer] = await socket.ask(...nowhere);
  assert.equal(answer.ok, false, JSON.stringify(answer));
  assert.equal(typeof answer.error.code, "string");
  assert.ok(answer.error.message);
  const from = socket.heard.length;
  socket.emit(...nowhere);
  const { args } = await socket.event("error", () => true, from);
  assert.deepEqual([args[0].code, args[0].event], [answer.error.code, nowhere[0]], JSON.stringify(args));
}

async function bearsBytes(journey) {
  const $binary = randomBytes(3_000).toString("base64");
  const { socket, client } = journey;
  if (client.onlyTopBytes) return "the client sends such an event as an acknowledgement";
  const argument = { inside: [{ $binary }], text: "ü" };
  assert.deepEqual(await socket.ask("echo", argument, { $binary }), [argument, { $binary }]);
  const [answer] = await socket.ask(...journey.words.send(journey.conversation, "after bytes", randomUUID()));
  assert.equal(answer.ok, true, JSON.stringify(answer));
}

async function joinsAndLeaves(journey) {
  const { socket, speaker, words, conversation } = journey;
  const from = socket.heard.length;
  await speaker.send(conversation, "joined");
  const message = await journey.hears("joined", from);
  assert.equal(message.senderId, speaker.person.id);
  const [left] = await socket.ask(...words.leave(conversation));
  assert.equal(left.ok, true, JSON.stringify(left));
  await speaker.send(conversation, "left");
  await journey.join();
  await speaker.send(conversation, "back");
  await journey.hears("back", from);
  assert.ok(!socket.all(words.message, from).some(({ content }) => content === "left"), "heard a room it had left");
  assert.equal(socket.all(words.foreign).length, 0, `heard ${words.foreign} too`);
}

/** As a front end of a status board does: it has connected, and listens. */
async function watches(journey) {
  const { socket, world } = journey;
  if (!world.board) return "the double has no status board";
  for (const [status, words] of [["blocked", "ada"], ["accessible", "tidak ada"]]) {
    const from = socket.heard.length;
    const { nawala } = await world.report(status);
    const { args } = await socket.event("domain:nawala-updated", () => true, from);
    assert.equal(nawala.status, words);
    assert.deepEqual(args[0], { domainId: world.board.id, domain: "example.org", nawala });
  }
}

/** Each thing that is no packet ends the connection, and nothing more: the client comes back by itself. */
async function isNoPacket(journey) {
  const { socket, client } = journey;
  if (!client.noPackets) return "the library offers no way past itself";
  for (const data of client.noPackets) {
    const from = socket.heard.length;
    socket.write(data);
    const { reason } = await socket.until("disconnect", ({ is }) => is === "disconnect", from);
    assert.match(reason, /^transport (close|error)$/, JSON.stringify(data));
    await journey.settled(from);
    assert.deepEqual(await socket.ask("echo", "there"), ["there"]);
  }
}

/** The line breaks; whatever `meanwhile` does, the client comes back by itself. Answers where that began. */
async function breaks(journey, meanwhile) {
  const { socket, line } = journey;
  const from = socket.heard.length;
  line.cut();
  if (!journey.client.silentBreaks) await socket.until("disconnect", ({ is }) => is === "disconnect", from);
  const said = await meanwhile();
  line.mend();
  const { recovered } = await journey.settled(from);
  return { from, said, recovered };
}

/** What was said meanwhile must come once and in order: by itself, or by joining with the last offset heard. */
async function catchesUp(journey, { from, said, recovered }, last) {
  const { speaker, conversation, client } = journey;
  if (client.recovers) assert.equal(recovered, true, "the connection state was not recovered");
  else await journey.join(last);
  const after = `now ${randomUUID()}`;
  const end = await speaker.send(conversation, after);
  await journey.hears(after, from);
  assert.deepEqual(journey.offsets(from), [...said, end], "offsets after coming back");
}

async function says(journey, count) {
  const offsets = [];
  for (let n = 0; n < count; n++) offsets.push(await journey.speaker.send(journey.conversation, `missed ${n}`));
  return offsets;
}

const last = (journey) => journey.offsets(0).at(-1);

async function comesBack(journey) {
  const before = last(journey);
  await catchesUp(journey, await breaks(journey, () => says(journey, 2)), before);
}

async function survivesACrash(journey) {
  const before = last(journey);
  const broken = await breaks(journey, async () => {
    const first = await says(journey, 2);
    journey.speaker.close();
    await journey.world.crash();
    await journey.speaker.open();
    return [...first, ...(await says(journey, 2))];
  });
  await catchesUp(journey, broken, before);
}

async function isSignedOut(journey) {
  const { socket, world, person } = journey;
  const from = socket.heard.length;
  await world.logout(person);
  const { args } = await socket.event("session_ended", () => true, from);
  assert.equal(typeof args[0].reason, "string", JSON.stringify(args));
}

export const STEPS = [
  ["connects with its token and learns who it is", connects],
  ["a wrong token is a connect_error with a code", isRefused],
  ["an emit is acknowledged when it is done, once for a clientRef", isAcknowledged],
  ["a refusal comes to the callback, without one as an error event", hearsRefusals],
  ["bytes go both ways", bearsBytes],
  ["joins a room, leaves it, joins again", joinsAndLeaves],
  ["hears of a check of the status board without asking", watches],
  ["what is no packet ends the connection, and the client comes back", isNoPacket],
  ["comes back by itself and gets what it missed", comesBack],
  ["gets what it missed after the server was killed", survivesACrash],
  ["a session that is ended elsewhere says so", isSignedOut],
];
