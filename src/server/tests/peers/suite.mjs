/**
 * What the published test suites of Engine.IO v4 and Socket.IO v5 ask of a server, case by case, of `socketio-conformance`. They ask it of
 * one that pings every 300 ms and waits 200 ms for an answer. A busy machine may take these from a client, so only the cases that are
 * about these times have such a server, and can only become slower by it; each of the others has one whose times it cannot miss (`SERVERS`).
 *
 * The published suites listen with one listener for each message that is waited for, so that a message which comes before anybody waits
 * for it is lost. Here all are kept, and what that asks of a server is a case of its own (`greetsByItself`).
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { WITHIN_MS } from "./driver.mjs";

const MAX_PAYLOAD = 1_000_000;
/** Time that nobody misses. */
const LONG = 60_000;
const GREETINGS = 40;
/** The servers of the cases, by their flags. */
export const SERVERS = {
  /** That of the published suites. */
  published: { pingInterval: 300, pingTimeout: 200, connectTimeout: 1_000 },
  /** Its pings come; there is time for the answers. */
  pinging: { pingInterval: 300, pingTimeout: LONG, connectTimeout: LONG },
  /** Nothing happens by itself. */
  patient: { pingInterval: LONG, pingTimeout: LONG, connectTimeout: LONG },
  /** Only CONNECT must come soon. */
  awaiting: { pingInterval: LONG, pingTimeout: LONG, connectTimeout: 1_000 },
};
const SEPARATOR = "\x1e";
const TEXT_AND_BYTES = ["4hello", "bAQIDBA=="].join(SEPARATOR);

/** One path of the server, over both transports. */
class Side {
  constructor({ url, flags }, path) {
    this.flags = flags;
    this.http = `${url}${path}`;
    this.ws = this.http.replace("http", "ws");
  }

  get(query, more = {}) {
    return fetch(`${this.http}?${query}`, more);
  }

  socket(query) {
    const socket = new WebSocket(`${this.ws}?${query}`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("error", () => {});
    socket.kept = [];
    socket.addEventListener("message", ({ data }) => socket.kept.push(data));
    return socket;
  }

  open() {
    return this.socket("EIO=4&transport=websocket");
  }

  /** A session that polls. */
  async session() {
    const answer = await this.get("EIO=4&transport=polling");
    return new Session(this, JSON.parse((await answer.text()).slice(1)).sid);
  }

  /** In the namespace `/`, greeted. */
  async connected() {
    const socket = this.open();
    await comes(socket);
    socket.send("40");
    while ((await comes(socket)) !== '42["auth",{}]');
    return socket;
  }
}

class Session {
  constructor(side, sid) {
    this.side = side;
    this.query = `EIO=4&transport=polling&sid=${sid}`;
    this.probeQuery = `EIO=4&transport=websocket&sid=${sid}`;
  }

  poll(more = "") {
    return this.side.get(this.query + more);
  }

  post(body) {
    return this.side.get(this.query, { method: "post", body });
  }

  async polls(expected) {
    const answer = await this.poll();
    assert.deepEqual([answer.status, await answer.text()], [200, expected]);
  }

  async posts(body) {
    const answer = await this.post(body);
    assert.deepEqual([answer.status, await answer.text()], [200, "ok"]);
  }

  async isGone() {
    assert.equal((await this.poll()).status, 400);
  }

  /** Over on a WebSocket. */
  async upgraded() {
    const socket = this.side.socket(this.probeQuery);
    await happens(socket, "open");
    socket.send("2probe");
    assert.equal(await comes(socket), "3probe");
    socket.send("5");
    return socket;
  }
}

/** The next event of a kind. */
function happens(socket, kind) {
  const event = new Promise((done) => socket.addEventListener(kind, done, { once: true }));
  const limit = AbortSignal.timeout(WITHIN_MS);
  const late = new Promise((_, failed) => limit.addEventListener("abort", () => failed(new Error(`no ${kind} within ${WITHIN_MS} ms`))));
  return Promise.race([event, late]);
}

async function closes(socket) {
  if (socket.readyState !== WebSocket.CLOSED) await happens(socket, "close");
}

/** The next message, pings too. */
async function comes(socket) {
  while (!socket.kept.length) await happens(socket, "message");
  return socket.kept.shift();
}

/** The next `count` messages. */
async function come(socket, count) {
  const messages = [];
  while (messages.length < count) messages.push(await comes(socket));
  return messages;
}

const bytes = (...numbers) => Uint8Array.from(numbers).buffer;

function isOpenPacket({ flags }, text, upgrades) {
  assert.equal(text[0], "0");
  const { sid, ...rest } = JSON.parse(text.slice(1));
  assert.equal(typeof sid, "string");
  const { pingInterval, pingTimeout } = flags;
  assert.deepEqual(rest, { upgrades, pingInterval, pingTimeout, maxPayload: MAX_PAYLOAD });
}

async function opensByPolling(side) {
  const answer = await side.get("EIO=4&transport=polling");
  assert.equal(answer.status, 200);
  isOpenPacket(side, await answer.text(), ["websocket"]);
}

async function refusesRequests(side) {
  for (const query of ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"]) {
    assert.equal((await side.get(query)).status, 400, query);
  }
  for (const method of ["post", "put"]) assert.equal((await side.get("EIO=4&transport=polling", { method })).status, 400, method);
}

async function opensByWebSocket(side) {
  const socket = side.open();
  isOpenPacket(side, await comes(socket), []);
  socket.close();
}

async function refusesWebSockets(side) {
  for (const query of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]) {
    await closes(side.socket(query));
  }
}

async function echoesPayloads(side) {
  for (const body of ["4hello", ["4test1", "4test2", "4test3"].join(SEPARATOR), TEXT_AND_BYTES]) {
    const session = await side.session();
    await session.posts(body);
    await session.polls(body);
  }
}

async function endsOverNoPacket(side) {
  const session = await side.session();
  // The connection may be closed instead of an answer.
  const answer = await session.post("abc").catch(() => ({ status: 400 }));
  assert.equal(answer.status, 400);
  await session.isGone();
}

async function endsOverTwoPolls(side) {
  const session = await side.session();
  const polls = await Promise.all([session.poll(), session.poll("&t=burst")]);
  // Each on a connection of its own: which of them is read first is the kernel's to say.
  const [first, second] = polls.sort((one, other) => one.status - other.status);
  assert.deepEqual([first.status, await first.text()], [200, "1"]);
  assert.ok([400, 500].includes(second.status), `${second.status}`);
  await session.isGone();
}

async function echoesText(side) {
  const socket = side.open();
  await comes(socket);
  socket.send("4hello");
  assert.equal(await comes(socket), "4hello");
  socket.close();
}

async function echoesBytes(side) {
  const socket = side.open();
  await comes(socket);
  socket.send(Uint8Array.from([1, 2, 3, 4]));
  assert.deepEqual(await comes(socket), bytes(1, 2, 3, 4));
  socket.close();
}

async function closesOver(side, packet) {
  const socket = side.open();
  await comes(socket);
  socket.send(packet);
  await closes(socket);
}

async function pingsByPolling(side) {
  const session = await side.session();
  for (let n = 0; n < 3; n++) {
    await session.polls("2");
    await session.posts("3");
  }
}

async function pingsByWebSocket(side) {
  const socket = side.open();
  await comes(socket);
  for (let n = 0; n < 3; n++) {
    assert.equal(await comes(socket), "2");
    socket.send("3");
  }
  socket.close();
}

async function endsWithoutPong(side) {
  const session = await side.session();
  await sleep(side.flags.pingInterval + side.flags.pingTimeout);
  await session.isGone();
}

async function closesWithoutPong(side) {
  await closes(side.open());
}

async function endsWhenTold(side) {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const session = await side.session();
    const [poll] = await Promise.all([session.poll(), session.post("1")]);
    await session.isGone();
    if (poll.status === 200) return assert.equal(await poll.text(), "6");
    // On a connection of its own the post may be read first; then there is no session any more to poll, and nothing to see.
    assert.equal(poll.status, 400);
    assert.ok(Date.now() < deadline, "no poll was told");
  }
}

async function upgrades(side) {
  const session = await side.session();
  const socket = side.socket(session.probeQuery);
  await happens(socket, "open");
  socket.send("2probe");
  assert.equal(await comes(socket), "3probe");
  // A noop ends the poll in good order.
  await session.polls("6");
  socket.send("5");
  return socket;
}

async function echoesAfterUpgrade(side) {
  const socket = await upgrades(side);
  socket.send("4hello");
  assert.equal(await comes(socket), "4hello");
  socket.close();
}

async function ignoresPollsAfterUpgrade(side) {
  const session = await side.session();
  const socket = await session.upgraded();
  await session.isGone();
  return { session, socket };
}

async function ignoresWebSocketsAfterUpgrade(side) {
  const session = await side.session();
  const socket = await session.upgraded();
  await closes(side.socket(session.probeQuery));
  return { session, socket };
}

const stillEchoes = (act) => async (side) => {
  const { socket } = await act(side);
  socket.send("4hello");
  assert.equal(await comes(socket), "4hello");
  socket.close();
};

/** CONNECT to a namespace: the answer has a sid and nothing else, and `auth` comes behind it. */
async function enters(side, connect, head, auth) {
  const socket = side.open();
  await comes(socket);
  socket.send(connect);
  const answer = await comes(socket);
  assert.ok(answer.startsWith(head), answer);
  const { sid, ...rest } = JSON.parse(answer.slice(head.length));
  assert.deepEqual([typeof sid, rest], ["string", {}]);
  assert.equal(await comes(socket), auth);
  socket.close();
}

async function refusesNamespaces(side) {
  const socket = side.open();
  await comes(socket);
  socket.send("40/random");
  assert.equal(await comes(socket), '44/random,{"message":"Invalid namespace"}');
  socket.close();
}

async function leavesMain(side) {
  const socket = await side.connected();
  socket.send("41");
  // The transport stays: the heart-beat goes on, also behind what was on its way.
  socket.kept.length = 0;
  for (let n = 0; n < 2; n++) {
    assert.equal(await comes(socket), "2");
    socket.send("3");
  }
  socket.close();
}

async function leavesCustom(side) {
  const socket = await side.connected();
  socket.send("40/custom");
  await comes(socket);
  await comes(socket);
  socket.send("41/custom");
  socket.send('42["message","message to main namespace"]');
  assert.equal(await comes(socket), '42["message-back","message to main namespace"]');
  socket.close();
}

async function answers(side, sent, ...expected) {
  const socket = await side.connected();
  for (const message of [sent].flat()) socket.send(message);
  assert.deepEqual(await come(socket, expected.length), expected);
  socket.close();
}

async function closesConnected(side, packet) {
  const socket = await side.connected();
  socket.send(packet);
  await closes(socket);
}

async function greetsFirst(side) {
  const socket = side.open();
  await comes(socket);
  // Said before the answer to CONNECT is there: the greeting still stands right behind that.
  socket.send("40");
  socket.send('42["message","at once"]');
  const [connect, ...rest] = await come(socket, 3);
  assert.ok(connect.startsWith("40{"), connect);
  assert.deepEqual(rest, ['42["auth",{}]', '42["message-back","at once"]']);
  socket.close();
}

const PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
const ATTACHED = [Uint8Array.from([1, 2, 3]), Uint8Array.from([4, 5, 6])];
const BACK = [bytes(1, 2, 3), bytes(4, 5, 6)];

/** Of any server of Engine.IO, whatever it carries. */
const TRANSPORT = [
  ["a poll opens a session", opensByPolling, "published"],
  ["wrong versions, transports and methods are refused", refusesRequests],
  ["a WebSocket opens a session", opensByWebSocket, "published"],
  ["a WebSocket with a wrong version or transport is closed", refusesWebSockets],
  ["pings go to who polls", pingsByPolling, "pinging"],
  ["who polls and answers no ping is gone", endsWithoutPong, "published", "the reference looks a moment later"],
  ["pings go over WebSocket", pingsByWebSocket, "pinging"],
  ["a WebSocket that answers no ping is closed", closesWithoutPong, "published"],
  ["who polls closes", endsWhenTold],
  ["a WebSocket closes", (side) => closesOver(side, "1"), "patient", "the reference waits for its ping to go unanswered"],
  ["a session goes over to WebSocket", async (side) => (await upgrades(side)).close()],
  ["polls of a session that has gone over are refused", async (side) => (await ignoresPollsAfterUpgrade(side)).socket.close()],
  ["WebSockets of a session that has gone over are closed", async (side) => (await ignoresWebSocketsAfterUpgrade(side)).socket.close()],
];

const ENGINE = [
  ...TRANSPORT,
  ["payloads come back as they were", echoesPayloads],
  ["a payload that is none ends a session", endsOverNoPacket, "patient", "the reference now and then says ok before it ends the session"],
  ["two polls at once end a session", endsOverTwoPolls],
  ["text comes back over WebSocket", echoesText],
  ["bytes come back over WebSocket", echoesBytes],
  ["a WebSocket that sends no packet is closed", (side) => closesOver(side, "abc")],
  ["text comes back over the WebSocket of a session that has gone over", echoesAfterUpgrade],
  ["polls after going over harm nothing", stillEchoes(ignoresPollsAfterUpgrade)],
  ["WebSockets after going over harm nothing", stillEchoes(ignoresWebSocketsAfterUpgrade)],
];

const SOCKET = [
  ...TRANSPORT,
  ["the main namespace is entered", (side) => enters(side, "40", "40", '42["auth",{}]')],
  ["the main namespace is entered with a payload", (side) => enters(side, '40{"token":"123"}', "40", '42["auth",{"token":"123"}]')],
  ["another namespace is entered", (side) => enters(side, "40/custom,", "40/custom,", '42/custom,["auth",{}]')],
  ["another namespace is entered with a payload", (side) => enters(side, '40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]')],
  ["unknown namespaces are refused", refusesNamespaces],
  ["a handshake that is none closes", (side) => closesOver(side, "4abc")],
  ["no handshake in time closes", closesWithoutConnect, "awaiting"],
  ["the main namespace is left, the transport stays", leavesMain, "pinging"],
  ["another namespace is left, the main one stays", leavesCustom],
  ["text comes back", (side) => answers(side, '42["message",1,"2",{"3":[true]}]', '42["message-back",1,"2",{"3":[true]}]')],
  [
    "bytes come back",
    (side) => answers(side, [`452-["message",${PLACEHOLDERS}`, ...ATTACHED], `452-["message-back",${PLACEHOLDERS}`, ...BACK),
  ],
  [
    "text is acknowledged",
    (side) => answers(side, '42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'),
  ],
  [
    "bytes are acknowledged",
    (side) => answers(side, [`452-789["message-with-ack",${PLACEHOLDERS}`, ...ATTACHED], `462-789[${PLACEHOLDERS}`, ...BACK),
  ],
  ["a packet of an unknown kind closes", (side) => closesConnected(side, "4abc")],
  ["an event that is no list closes", (side) => closesConnected(side, "42{}")],
  ["bytes that nothing announced close", (side) => closesConnected(side, Uint8Array.from([1, 2, 3]))],
  ["the greeting comes before any other answer", greetsFirst, "patient", "the reference may lose what is said before its answer"],
  ["the greeting comes in a read of its own", greetsByItself, "patient", "the reference writes both at about the same time"],
];

/**
 * A client that listens for one message, then for the next, misses the second of two that one read brings. So the greeting must not be
 * written together with the answer to CONNECT. A busy machine brings now and then two writes in one read: most must come apart.
 */
async function greetsByItself(side) {
  let apart = 0;
  for (let n = 0; n < GREETINGS; n++) {
    const socket = side.open();
    await comes(socket);
    socket.send("40");
    await comes(socket);
    if (!socket.kept.length) apart++;
    assert.equal(await comes(socket), '42["auth",{}]');
    socket.close();
  }
  assert.ok(apart > GREETINGS / 2, `${apart} of ${GREETINGS} greetings came by themselves`);
}

/** The transport stays open, and closes for want of CONNECT alone. */
async function closesWithoutConnect(side) {
  await closes(side.open());
}

/**
 * All cases, with `attempt(title, act)` for each; `servers` by the names of `SERVERS`. A case is a title, what must happen, on which server
 * (the patient one, if none is named), and what keeps the reference from passing, if anything does.
 */
export async function suites(servers, isReference, attempt) {
  for (const [name, path, cases] of [
    ["Engine.IO", "/engine.io/", ENGINE],
    ["Socket.IO", "/socket.io/", SOCKET],
  ]) {
    for (const [title, act, server = "patient", excuse] of cases) {
      const side = new Side(servers[server], path);
      await attempt(`suite of ${name}: ${title}`, async () => (isReference && excuse) || act(side));
    }
  }
}
