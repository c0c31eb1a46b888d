/** A clock that tests turn, and a WebSocket that leads to a Peer in memory. */
import { Peer } from "./peer.mjs";

export class FakeClock {
  #now = 1_750_000_000_000;
  #timers = new Map();
  #ids = 0;

  now = () => this.#now;
  setTimeout = (run, ms) => {
    this.#timers.set(++this.#ids, { run, at: this.#now + ms });
    return this.#ids;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  /** Turns the clock on, running what falls due in order, and lets promises settle in between. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = end;
    await settled();
  }
}

/** Until everything that was set in motion has come to rest. */
export async function settled() {
  for (let i = 0; i < 5; i += 1) await new Promise((done) => setImmediate(done));
}

/** The network: which sockets exist, whether new ones get through, whether frames do. */
export class Network {
  peer = new Peer();
  sockets = [];
  isUp = true;
  /** Frames to the client are swallowed: the line is dead, and nobody has said so. */
  isSilent = false;

  get WebSocket() {
    const network = this;
    return class {
      constructor(url, protocols) {
        Object.assign(this, { url, protocols, sent: [] });
        network.sockets.push(this);
        setImmediate(() => (network.isUp ? this.#join() : this.onclose?.({ code: 1006, reason: "" })));
      }

      #join() {
        const deliver = (frame) => network.isSilent || this.onmessage?.({ data: JSON.stringify(frame) });
        this.connection = network.peer.connect({ send: deliver, close: (code, reason) => this.fall(code, reason) });
        network.peer.greet(this.connection);
      }

      send(data) {
        const frame = JSON.parse(data);
        this.sent.push(frame.command);
        if (this.connection && !network.isSilent) network.peer.receive(this.connection, frame);
      }

      close() {
        network.peer.disconnect(this.connection);
      }

      /** The connection ends from the other side. */
      fall(code = 1006, reason = "") {
        network.peer.disconnect(this.connection);
        this.onclose?.({ code, reason });
      }
    };
  }

  get last() {
    return this.sockets.at(-1);
  }

  /** Everything that the client has sent under one name, over all connections. */
  sent(name) {
    return this.sockets
      .flatMap((socket) => socket.sent)
      .filter((command) => name in command)
      .map((command) => command[name]);
  }
}

/** What localStorage is, in memory. */
export class FakeStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key = (index) => [...this.#items.keys()][index] ?? null;
  getItem = (key) => this.#items.get(key) ?? null;
  setItem = (key, value) => this.#items.set(key, String(value));
  removeItem = (key) => this.#items.delete(key);
}
