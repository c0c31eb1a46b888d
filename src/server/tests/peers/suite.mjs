/**
 * What the published test suites of Engine.IO v4 and Socket.IO v5 ask of a server, case by case, of `socketio-conformance` (pings
 * every 300 ms, 200 ms for an answer, payloads of 1,000,000 bytes). Listening is theirs too: one listener for each message that
 * is waited for, so that a message which comes before anybody waits for it is lost.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const PING_INTERVAL = 300;
const PING_TIMEOUT = 200;
const MAX_PAYLOAD = 1_000_000;
const SEPARATOR = "\x1e";
const TEXT_AND_BYTES = ["4hello", "bAQIDBA=="].join(SEPARATOR);

/** One path of the server, over both transports. */
class Side {
  constructor(url, path) {
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
    await comes(socket);
    await comes(socket);
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
  const limit = AbortSignal.timeout(5_000);
  const late = new Promise((_, failed) => limit.addEventListener("abort", () => failed(new Error(`no ${kind} within 5 s`))));
  return Promise.race([event, late]);
}

/** The next message, pings too. */
async function comes(socket) {
  return (await happens(socket, "message")).data;
}

/** The next `count` messages that are no pings. */
async function come(socket, count) {
  const messages = [];
  await new Promise((done) => {
    const hear = ({ data }) => {
      if (data !== "2") messages.push(data);
      if (messages.length < count) return;
      socket.removeEventListener("message", hear);
      done();
    };
    socket.addEventListener("message", hear);
  });
  return messages;
}

const bytes = (...numbers) => Uint8Array.from(numbers).buffer;

function isOpenPacket(text, upgrades) {
  assert.equal(text[0], "0");
  const { sid, ...rest } = JSON.parse(text.slice(1));
  assert.equal(typeof sid, "string");
  assert.deepEqual(rest, { upgrades, pingInterval: PING_INTERVAL, pingTimeout: PING_TIMEOUT, maxPayload: MAX_PAYLOAD });
}

async function opensByPolling(side) {
  const answer = await side.get("EIO=4&transport=polling");
  assert.equal(answer.status, 200);
  isOpenPacket(await answer.text(), ["websocket"]);
}

async function refusesRequests(side) {
  for (const query of ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"]) {
    assert.equal((await side.get(query)).status, 400, query);
  }
  for (const method of ["post", "put"]) assert.equal((await side.get("EIO=4&transport=polling", { method })).status, 400, method);
}

async function opensByWebSocket(side) {
  const socket = side.open();
  isOpenPacket(await comes(socket), []);
  socket.close();
}

async function refusesWebSockets(side) {
  for (const query of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]) {
    await happens(side.socket(query), "close");
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
  const [first, second] = await Promise.all([session.poll(), sleep(5).then(() => session.poll("&t=burst"))]);
  assert.deepEqual([first.status, await first.text()], [200, "1"]);
  assert.ok([400, 500].includes(second.status), `${second.status}`);
  await session.isGone();
}

async function echoesText(side) {
  const socket = side.open();
  await happens(socket, "open");
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
  await happens(socket, "close");
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
  await sleep(PING_INTERVAL + PING_TIMEOUT);
  await session.isGone();
}

async function closesWithoutPong(side) {
  await happens(side.open(), "close");
}

async function endsWhenTold(side) {
  const session = await side.session();
  const [poll] = await Promise.all([session.poll(), session.post("1")]);
  assert.deepEqual([poll.status, await poll.text()], [200, "6"]);
  await session.isGone();
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
  await happens(side.socket(session.probeQuery), "close");
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
  // The transport stays: the heart-beat goes on.
  assert.equal(await comes(socket), "2");
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
  await happens(socket, "close");
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
  ["a poll opens a session", opensByPolling],
  ["wrong versions, transports and methods are refused", refusesRequests],
  ["a WebSocket opens a session", opensByWebSocket],
  ["a WebSocket with a wrong version or transport is closed", refusesWebSockets],
  ["pings go to who polls", pingsByPolling],
  ["who polls and answers no ping is gone", endsWithoutPong],
  ["pings go over WebSocket", pingsByWebSocket],
  ["a WebSocket that answers no ping is closed", closesWithoutPong],
  ["who polls closes", endsWhenTold],
  ["a WebSocket closes", (side) => closesOver(side, "1")],
  ["a session goes over to WebSocket", async (side) => (await upgrades(side)).close()],
  ["polls of a session that has gone over are refused", async (side) => (await ignoresPollsAfterUpgrade(side)).socket.close()],
  ["WebSockets of a session that has gone over are closed", async (side) => (await ignoresWebSocketsAfterUpgrade(side)).socket.close()],
];

const ENGINE = [
  ...TRANSPORT,
  ["payloads come back as they were", echoesPayloads],
  ["a payload that is none ends a session", endsOverNoPacket],
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
  ["no handshake in time closes", closesWithoutConnect],
  ["the main namespace is left, the transport stays", leavesMain],
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
  ["the greeting comes before any other answer", greetsFirst],
];

async function closesWithoutConnect(side) {
  const socket = side.open();
  const closed = happens(socket, "close");
  socket.addEventListener("message", ({ data }) => data === "2" && socket.send("3"));
  await closed;
}

/** All cases, with `attempt(title, act)` for each. */
export async function suites(conformance, attempt) {
  for (const [name, path, cases] of [
    ["Engine.IO", "/engine.io/", ENGINE],
    ["Socket.IO", "/socket.io/", SOCKET],
  ]) {
    const side = new Side(conformance.url, path);
    for (const [title, act] of cases) await attempt(`suite of ${name}: ${title}`, () => act(side));
  }
}
