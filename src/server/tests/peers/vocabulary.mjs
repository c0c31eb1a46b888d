/** The two spellings of existing front ends, as far as the journeys speak them. */

export const hyphen = {
  name: "hyphen",
  join: (conversationId, since) => ["join-conversation", since === undefined ? { conversationId } : { conversationId, since }],
  leave: (conversationId) => ["leave-conversation", { conversationId }],
  send: (conversationId, content, clientRef) => [
    "send-message",
    { conversationId, content, type: "text", ...(clientRef && { clientRef }) },
  ],
  message: "new-message",
  foreign: "new_message",
};

export const underscore = {
  name: "underscore",
  join: (roomId, since) => ["join_room", since === undefined ? { roomId } : { roomId, since }],
  leave: (roomId) => ["leave_room", { roomId }],
  send: (roomId, content, clientRef) => [
    "send_message",
    { roomId, content, messageType: "text", ...(clientRef && { clientRef }) },
  ],
  message: "new_message",
  foreign: "new-message",
};
