#!/usr/bin/env node
/** The double of the example `socketio-conformance`, as far as bytes.mjs goes: `conformance.mjs --bind ADDRESS:PORT`. */
import { createServer } from "node:http";
import { Server } from "socket.io";

const [address, port] = process.argv[3].split(":");
const http = createServer();
new Server(http).on("connection", (socket) => {
  socket.emit("auth", socket.handshake.auth);
  socket.on("message", (...args) => socket.emit("message-back", ...args));
  socket.on("message-with-ack", (...args) => args.pop()(...args));
});
http.listen(Number(port), address);
