/**
 * The server's side of the native protocol in memory, as small as the client's tests need it: logs with offsets,
 * subscriptions with resume, client refs that count once. Not a reference; docs/protocol.md is.
 */
export class Peer {
  /** topic → events */
  logs = new Map();
  /** access token → user id */
  tokens = new Map();
  connections = new Set();
  heartbeat = { intervalMs: 1_000, timeoutMs: 3_000 };
  limits = {
    messageBytes: 65_536,
    textBytes: 16_384,
    topics: 100,
    commandsInFlight: 8,
    pageEvents: 100,
    commandsPerSecond: 50,
    identifyWithinMs: 10_000,
  };
  /** Called with (connection, command) before the command is carried out; answering true swallows it. */
  intercept = () => false;
  /** topic, user and clientRef → offset */
  refs = new Map();
  #ids = 0;

  log(topic) {
    if (!this.logs.has(topic)) this.logs.set(topic, []);
    return this.logs.get(topic);
  }

  /** @param {{send(frame: object): void, close(code: number, reason: string): void}} line */
  connect(line) {
    const connection = { line, user: undefined, topics: new Set() };
    this.connections.add(connection);
    return connection;
  }

  greet({ line }) {
    line.send({
      hello: {
        protocol: "plenum.v1",
        server: "peer",
        connection: `c${++this.#ids}`,
        limits: this.limits,
        heartbeat: this.heartbeat,
        reconnect: { minDelayMs: 1_000, maxDelayMs: 8_000 },
      },
    });
  }

  disconnect(connection) {
    this.connections.delete(connection);
  }

  receive(connection, { id, command }) {
    const [[name, inside]] = Object.entries(command);
    if (this.intercept(connection, command)) return;
    if (name === "identify" && !this.tokens.has(inside.token)) return connection.line.close(4501, "invalid token");
    const then = [];
    const answer = (result) => connection.line.send({ ack: { id, result } });
    const refuse = (code, message, field) =>
      connection.line.send({ refusal: { id, refusal: { code, message, field } } });
    if (name !== "identify" && !connection.user) return refuse("unauthenticated", "identify first");
    this[name](connection, inside, answer, refuse, then);
    for (const run of then) run();
  }

  identify(connection, { token }, answer) {
    connection.user = this.tokens.get(token);
    answer({ identified: { user: connection.user, session: "s1", expiresAt: Date.now() + 3_600_000 } });
  }

  subscribe(connection, { topic, since }, answer, refuse, then) {
    const log = this.log(topic);
    if (since > log.length) return refuse("invalid", "the log is shorter", "since");
    const from = since ?? log.length;
    connection.topics.add(topic);
    answer({ subscribed: { topic, head: log.length, since: from } });
    for (const event of log.slice(from)) then.push(() => connection.line.send({ event }));
    if (topic.startsWith("conversation:"))
      then.push(() => connection.line.send({ caughtUp: { topic, position: log.length } }));
  }

  unsubscribe(connection, { topic }, answer) {
    connection.topics.delete(topic);
    answer({ unsubscribed: { topic } });
  }

  send(connection, { topic, clientRef, content }, answer, _refuse, then) {
    const key = `${topic} ${connection.user} ${clientRef}`;
    const duplicate = this.refs.has(key);
    const offset = duplicate ? this.refs.get(key) : this.log(topic).length + 1;
    answer({ sent: { topic, offset, message: `m${offset}`, duplicate } });
    if (duplicate) return;
    this.refs.set(key, offset);
    then.push(() =>
      this.append(topic, {
        message: { id: `m${offset}`, author: connection.user, number: offset, content, clientRef },
      }),
    );
  }

  history(_connection, { topic, before = Infinity, limit = 50 }, answer) {
    const log = this.log(topic);
    const events = log.filter(({ offset }) => offset < before).slice(-limit);
    answer({ page: { topic, events, head: log.length, first: log.length > 0 ? 1 : 0 } });
  }

  typing(connection, { topic, active }, answer) {
    answer({ pong: { at: Date.now() } });
    this.signal(topic, { typing: { user: connection.user, active } }, connection);
  }

  mark(connection, { topic, delivered = 0, read = 0 }, answer) {
    answer({ marked: { topic, delivered: Math.max(delivered, read), read } });
    this.signal(topic, { marks: { user: connection.user, delivered: Math.max(delivered, read), read } }, connection);
  }

  ping(_connection, _inside, answer) {
    answer({ pong: { at: Date.now() } });
  }

  /** Writes an event and sends it to whoever follows. */
  append(topic, conversation, at = Date.now()) {
    const event = { topic, offset: this.log(topic).length + 1, at, event: { conversation } };
    this.log(topic).push(event);
    this.publish(topic, { event });
    return event;
  }

  signal(topic, signal, except) {
    this.publish(topic, { signal: { topic, signal } }, except);
  }

  publish(topic, frame, except) {
    for (const connection of this.connections) {
      if (connection !== except && connection.topics.has(topic)) connection.line.send(frame);
    }
  }

  beat() {
    for (const connection of this.connections) {
      const tops = Object.fromEntries([...connection.topics].map((topic) => [topic, this.log(topic).length]));
      connection.line.send({ heartbeat: { at: Date.now(), tops } });
    }
  }
}
