/** What the double keeps: one file of JSON lines, each on disk when `append` returns, read again after a kill. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export class Log {
  /** Accounts by token, conversations and messages by id, messages by their author's reference, connections by pid. */
  users = new Map();
  conversations = new Map();
  messages = [];
  byReference = new Map();
  sessions = new Map();

  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, "log.jsonl");
    if (!existsSync(this.file)) return;
    for (const line of readFileSync(this.file, "utf8").split("\n")) if (line) this.#apply(JSON.parse(line));
  }

  append(record) {
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
    this.#apply(record);
  }

  #apply({ user, signedOut, conversation, message, session }) {
    if (user) this.users.set(user.token, user);
    if (signedOut) this.users.delete(signedOut);
    if (conversation) this.conversations.set(conversation.id, { ...conversation, head: 1 });
    if (session) this.sessions.set(session.pid, { ...this.sessions.get(session.pid), ...session });
    if (message) {
      this.messages.push(message);
      this.conversations.get(message.conversationId).head = message.offset;
      if (message.clientRef) this.byReference.set(`${message.senderId} ${message.clientRef}`, message);
    }
  }

  of(user) {
    return [...this.conversations.values()].filter(({ members }) => members.includes(user));
  }
}
