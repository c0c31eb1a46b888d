#!/usr/bin/env node
/** The double of the example `socketio-conformance`, on the reference implementation: `conformance.mjs --bind ADDRESS:PORT`, and its flags. */
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server as Engine } from "engine.io";
import { Server } from "socket.io";

const text = (value) => ({ type: "string", default: value });
const options = { bind: text(""), pingInterval: text("300"), pingTimeout: text("200"), connectTimeout: text("1000") };
const { values } = parseArgs({ options });
const number = (name) => Number(values[name]);
const [address, port] = values.bind.split(":");
const settings = { pingInterval: number("pingInterval"), pingTimeout: number("pingTimeout"), maxHttpBufferSize: 1_000_000 };
const http = createServer();
const io = new Server(http, { ...settings, connectTimeout: number("connectTimeout") });
for (const namespace of ["/", "/custom"]) {
  io.of(namespace).on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
    socket.on("message", (...args) => socket.emit("message-back", ...args));
    socket.on("message-with-ack", (...args) => args.pop()(...args));
  });
}
const engine = new Engine(settings);
engine.attach(http, { path: "/engine.io/" });
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
http.listen(Number(port), address, () => console.log(`listening on http://${address}:${http.address().port}`));
