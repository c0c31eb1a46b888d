#!/usr/bin/env node
/** The double of the example `socketio-conformance`, on the reference implementation: `conformance.mjs --bind ADDRESS:PORT`. */
import { createServer } from "node:http";
import { Server as Engine } from "engine.io";
import { Server } from "socket.io";

const [address, port] = process.argv[3].split(":");
const settings = { pingInterval: 300, pingTimeout: 200, maxHttpBufferSize: 1_000_000 };
const http = createServer();
const io = new Server(http, { ...settings, connectTimeout: 1_000 });
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
http.listen(Number(port), address);
