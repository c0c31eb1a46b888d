/** Connection state recovery from the log: after a kill too, which the adapters of npm do not offer. */
import { Adapter } from "socket.io-adapter";

/** Names under which a message goes out, in each vocabulary. */
const MESSAGES = ["new-message", "new_message", "new_direct_message"];

export const durable = (log) =>
  class extends Adapter {
    /** Each message carries its place in the whole log behind its argument. */
    broadcast(packet, options) {
      const [name, message] = packet.data;
      if (MESSAGES.includes(name)) packet.data.push(String(message.seq));
      super.broadcast(packet, options);
    }

    persistSession() {}

    restoreSession(pid, offset) {
      const session = log.sessions.get(pid);
      if (!session) return null;
      const missed = log.messages.filter(({ seq, conversationId }) => seq > Number(offset) && session.joined.includes(conversationId));
      const missedPackets = missed.flatMap((message) =>
        session.words.map((words) => [words === "hyphen" ? MESSAGES[0] : MESSAGES[1], message, String(message.seq)]),
      );
      const rooms = session.joined.flatMap((id) => session.words.map((words) => `${id} ${words}`));
      const { sid, user, joined, words } = session;
      return Promise.resolve({ sid, pid, rooms: [sid, ...rooms], data: { user, joined, words }, missedPackets });
    }
  };
