#!/usr/bin/env node
/**
 * A double of the server for the journeys, on npm socket.io: the same contract as far as the journeys go, so that a failure can
 * be told apart: what fails here too is the journey's or the client's. It takes the server's environment (listeners, data
 * directory) and keeps what it acknowledges over a kill. No passwords, no rights, no limits.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { durable } from "./adapter.mjs";
import { Log } from "./log.mjs";

const listener = (name) => process.env[`PLENUM__${name}__LISTEN`].split(":");
const log = new Log(process.env.PLENUM__STORE__PATH);

const rest = {
  "/api/auth/register": () => {
    const user = { id: randomUUID(), token: randomUUID() };
    log.append({ user });
    return { user: { id: user.id }, accessToken: user.token };
  },
  "/api/auth/logout": (_, user) => {
    log.append({ signedOut: user.token });
    const sockets = io.in(`user ${user.id}`);
    sockets.emit("session_ended", { reason: "signed out" });
    sockets.disconnectSockets(true);
    return { success: true };
  },
  "/api/conversations": ({ members, userId }, user) =>
    userId ? conversation([user.id, userId], true) : conversation([user.id, ...members]),
};

/** Makes a conversation and lets its members who are here into it. */
function conversation(members, isDirect = false) {
  const made = { id: randomUUID(), members, isDirect };
  log.append({ conversation: made });
  for (const socket of io.sockets.sockets.values()) if (members.includes(socket.data.user.id)) enter(socket, made.id);
  return made;
}

const http = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const user = log.users.get(request.headers.authorization?.split(" ")[1]);
  const act = rest[request.url];
  response.writeHead(act ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(act ? act(JSON.parse(body), user) : {}));
});

const io = new Server(http, {
  connectionStateRecovery: { maxDisconnectionDuration: 3_600_000 },
  adapter: durable(log),
  pingInterval: 5_000,
});

io.use((socket, next) => {
  const user = log.users.get(socket.handshake.auth.token);
  if (!user) return next(Object.assign(new Error("the token is not valid"), { data: { code: "unauthenticated" } }));
  Object.assign(socket.data, { user, joined: [], words: ["hyphen", "underscore"] });
  next();
});

/** What recovery after a kill goes by. */
function remember({ id: sid, pid, data: { user, joined, words } }) {
  log.append({ session: { pid, sid, user, joined, words } });
}

function enter(socket, id) {
  if (!socket.data.joined.includes(id)) socket.data.joined = [...socket.data.joined, id];
  for (const words of socket.data.words) socket.join(`${id} ${words}`);
  remember(socket);
}

function leave(socket, id) {
  socket.data.joined = socket.data.joined.filter((one) => one !== id);
  for (const words of ["hyphen", "underscore"]) socket.leave(`${id} ${words}`);
  remember(socket);
}

/** From the first word on a client hears only the vocabulary it speaks. */
function speaks(socket, words) {
  if (socket.data.words.length === 1) return;
  socket.data.words = [words];
  for (const id of socket.data.joined) socket.leave(`${id} ${words === "hyphen" ? "underscore" : "hyphen"}`);
  remember(socket);
}

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const place = ({ conversationId, roomId }) => {
  const found = log.conversations.get(conversationId ?? roomId);
  if (!found) throw new Refusal("notFound", "there is no such conversation");
  return found;
};

function join(socket, argument) {
  const { id, head } = place(argument);
  enter(socket, id);
  const { since = head } = argument;
  const missed = log.messages.filter(({ conversationId, offset }) => conversationId === id && offset > since);
  const [words] = socket.data.words;
  for (const message of missed) socket.emit(words === "hyphen" ? "new-message" : "new_message", message);
  return { head, since };
}

function send({ data: { user } }, { id }, { content, clientRef }) {
  const before = clientRef && log.byReference.get(`${user.id} ${clientRef}`);
  const { head, isDirect } = log.conversations.get(id);
  const fresh = { id: randomUUID(), conversationId: id, roomId: id, offset: head + 1, senderId: user.id, content, type: "text", clientRef };
  const message = before ?? { ...fresh, seq: log.messages.length + 1 };
  if (!before) {
    log.append({ message });
    io.to(`${id} hyphen`).emit("new-message", message);
    io.to(`${id} underscore`).emit(isDirect ? "new_direct_message" : "new_message", message);
  }
  return { conversationId: id, messageId: message.id, offset: message.offset, duplicate: Boolean(before) };
}

/** The conversation of two people, made when it is not there. */
function direct({ data: { user } }, other) {
  const found = log.of(user.id).find(({ isDirect, members }) => isDirect && members.includes(other));
  return found ?? conversation([user.id, other], true);
}

function typing({ data: { user } }, argument) {
  const { id } = place(argument);
  io.to(`${id} hyphen`).emit("typing", { conversationId: id, userId: user.id });
  io.to(`${id} underscore`).emit("user_typing", { roomId: id, userId: user.id, isTyping: true });
}

function read({ data: { user } }, argument) {
  const { id, head } = place(argument);
  io.to(`${id} hyphen`).emit("message-status", { conversationId: id, status: "read", userId: user.id, upTo: head });
}

const events = {
  "join-conversation": ["hyphen", join],
  join_room: ["underscore", join],
  "leave-conversation": ["hyphen", (socket, argument) => leave(socket, place(argument).id)],
  leave_room: ["underscore", (socket, argument) => leave(socket, place(argument).id)],
  "send-message": [
    "hyphen",
    (socket, message) => send(socket, message.recipientId ? direct(socket, message.recipientId) : place(message), message),
  ],
  send_message: ["underscore", (socket, message) => send(socket, place(message), message)],
  send_direct_message: ["underscore", (socket, message) => send(socket, direct(socket, message.userId), message)],
  typing: [null, typing],
  "stop-typing": ["hyphen", () => {}],
  "mark-as-read": ["hyphen", read],
};

/** Tells whoever has a direct conversation with a person. */
function tell(user, event) {
  const others = log.of(user).filter(({ isDirect }) => isDirect).flatMap(({ members }) => members.filter((one) => one !== user));
  for (const other of others) io.to(`user ${other}`).emit(event, { userId: user });
}

io.on("connection", (socket) => {
  const { user } = socket.data;
  tell(user.id, "user-online");
  socket.on("disconnect", () => tell(user.id, "user-offline"));
  socket.join(`user ${user.id}`);
  if (!socket.recovered) for (const { id } of log.of(user.id)) enter(socket, id);
  socket.emit("authenticated", { user: { id: user.id } });
  socket.on("echo", (...args) => args.pop()(...args));
  socket.onAny((event, argument, acknowledge) => {
    if (event === "echo") return;
    try {
      const [words, act] = events[event] ?? [];
      if (!act) throw new Refusal("notFound", `${event} is not served yet`);
      if (words) speaks(socket, words);
      const done = { ok: true, ...act(socket, argument) };
      acknowledge?.(done);
    } catch ({ code, message }) {
      if (acknowledge) acknowledge({ ok: false, error: { code, message } });
      else socket.emit("error", { code, message, event });
    }
  });
});

const [host, port] = listener("HTTP");
const [operations, operationsPort] = listener("OPERATIONS");
http.listen(Number(port), host, () => {
  createServer((_, response) => response.end()).listen(Number(operationsPort), operations);
});
process.on("SIGTERM", () => process.exit(0));
