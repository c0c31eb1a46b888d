/** Driver of npm `socket.io-client`: `node javascript.mjs PACKAGE [PARSER]`. The lines are described in ../driver.mjs. */
import { createInterface } from "node:readline";

const [library, parserLibrary] = process.argv.slice(2);
const { io } = await import(library);
const parser = parserLibrary && (await import(parserLibrary)).default;
const sockets = new Map();

const say = (socket, said) => process.stdout.write(`${JSON.stringify({ socket, ...said })}\n`);

/** Bytes as they travel on the lines, and back. */
function pack(value) {
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(pack);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, pack(one)]));
  }
  return value;
}

function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value && typeof value === "object") {
    if ("$binary" in value) return Buffer.from(value.$binary, "base64");
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unpack(one)]));
  }
  return value;
}

function open({ socket: name, url, auth, transports }) {
  const options = { forceNew: true, auth, transports, reconnectionDelay: 50, reconnectionDelayMax: 250, ...(parser && { parser }) };
  const socket = io(url, options);
  sockets.set(name, socket);
  socket.on("connect", () => say(name, { is: "connect", recovered: socket.recovered ?? false }));
  socket.on("connect_error", ({ message, data }) => say(name, { is: "connect_error", data: { message, data } }));
  socket.on("disconnect", (reason) => say(name, { is: "disconnect", reason }));
  socket.onAny((event, ...args) => say(name, { is: "event", event, args: pack(args) }));
  socket.io.on("open", () => {
    socket.io.engine.once("upgrade", (transport) => say(name, { is: "upgrade", transport: transport.name }));
  });
}

function emit({ socket: name, event, args, id }) {
  const given = unpack(args);
  if (id !== undefined) given.push((...back) => say(name, { is: "ack", id, args: pack(back) }));
  sockets.get(name).emit(event, ...given);
}

/** Past the library, as a broken one might write. */
function write({ socket, data }) {
  sockets.get(socket).io.engine.write(unpack(data));
}

const commands = { open, emit, write, close: ({ socket }) => sockets.get(socket).close() };
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
lines.on("close", () => process.exit(0));
