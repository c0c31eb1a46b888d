/**
 * The room app of the Socket.IO comparison on npm socket.io: join a room, send to it, be acknowledged. Nothing else: no
 * accounts, no disk. The same words as Plenum's hyphen vocabulary, so that one client loads all three servers.
 *
 * node --expose-gc server.mjs PORT
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";

const port = Number(process.argv[2]);
const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
/** Messages so far, for each room: their offsets show loss and disorder to the client. */
const heads = new Map();

io.use((socket, next) => {
  socket.data.user = socket.handshake.auth.token;
  next(socket.data.user ? undefined : new Error("unauthenticated"));
});

io.on("connection", (socket) => {
  socket.on("join-conversation", ({ conversationId }, ack) => {
    socket.join(conversationId);
    ack({ ok: true, conversationId, head: heads.get(conversationId) ?? 0 });
  });
  const senderId = socket.data.user;
  socket.on("send-message", ({ conversationId, content, type, clientRef }, ack) => {
    const offset = (heads.get(conversationId) ?? 0) + 1;
    heads.set(conversationId, offset);
    const [id, createdAt] = [randomUUID(), new Date().toISOString()];
    const message = { id, conversationId, offset, number: offset, senderId, content, type, clientRef, createdAt };
    io.to(conversationId).emit("new-message", message);
    ack({ ok: true, conversationId, messageId: id, offset, duplicate: false });
  });
});

// Memory is read after a collection, so that garbage does not count as the cost of connections.
process.on("SIGUSR2", () => globalThis.gc?.());
// Ends with the tool that started it: its standard input closes then.
process.stdin.on("end", () => process.exit(0)).resume();
http.listen(port, "127.0.0.1", 4096);
