//! The ways a frame is written on a socket.

/// A way a frame is written on a socket: codec, vocabulary and framing together. The number is an index into per-dialect tables.
///
/// The native dialects come first and are kept in place everywhere; the others stand behind a pointer that is made when somebody
/// uses one, so that a server without them pays nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Dialect {
    /// `plenum.v1.json`: JSON in WebSocket text frames.
    NativeJson = 0,
    /// `plenum.v1.msgpack`: MessagePack in WebSocket binary frames.
    NativeMessagePack = 1,
    /// Socket.IO with its default parser, both vocabularies.
    SocketIoJson = 2,
    /// Socket.IO with its default parser, hyphens.
    SocketIoJsonHyphen = 3,
    /// Socket.IO with its default parser, underscores.
    SocketIoJsonUnderscore = 4,
    /// Socket.IO with the MessagePack parser, both vocabularies.
    SocketIoMessagePack = 5,
    /// Socket.IO with the MessagePack parser, hyphens.
    SocketIoMessagePackHyphen = 6,
    /// Socket.IO with the MessagePack parser, underscores.
    SocketIoMessagePackUnderscore = 7,
    /// JSON in records that the edge turns into server-sent events or into the answers of long polls.
    HttpJson = 8,
}

/// Which spelling of events a Socket.IO client hears.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Vocabulary {
    /// Everything in both: the client has used neither yet, or both.
    #[default]
    Both,
    /// `new-message`: clubs and chats.
    Hyphen,
    /// `new_message`: study rooms.
    Underscore,
}

/// How Socket.IO packets are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Parser {
    /// The default: JSON text with binary attachments behind it.
    #[default]
    Json,
    /// `socket.io-msgpack-parser`: one MessagePack map a packet.
    MessagePack,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 9] = [
        Dialect::NativeJson,
        Dialect::NativeMessagePack,
        Dialect::SocketIoJson,
        Dialect::SocketIoJsonHyphen,
        Dialect::SocketIoJsonUnderscore,
        Dialect::SocketIoMessagePack,
        Dialect::SocketIoMessagePackHyphen,
        Dialect::SocketIoMessagePackUnderscore,
        Dialect::HttpJson,
    ];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
    /// How many of them are native; they come first.
    pub const NATIVE: usize = 2;
    /// How many are not.
    pub const FOREIGN: usize = Self::COUNT - Self::NATIVE;

    /// Its place in per-dialect tables.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The Socket.IO dialect of a parser and a vocabulary.
    #[must_use]
    pub fn socket_io(parser: Parser, vocabulary: Vocabulary) -> Self {
        match (parser, vocabulary) {
            (Parser::Json, Vocabulary::Both) => Self::SocketIoJson,
            (Parser::Json, Vocabulary::Hyphen) => Self::SocketIoJsonHyphen,
            (Parser::Json, Vocabulary::Underscore) => Self::SocketIoJsonUnderscore,
            (Parser::MessagePack, Vocabulary::Both) => Self::SocketIoMessagePack,
            (Parser::MessagePack, Vocabulary::Hyphen) => Self::SocketIoMessagePackHyphen,
            (Parser::MessagePack, Vocabulary::Underscore) => Self::SocketIoMessagePackUnderscore,
        }
    }

    /// Parser and vocabulary of a Socket.IO dialect; `None` for the others.
    #[must_use]
    pub fn as_socket_io(self) -> Option<(Parser, Vocabulary)> {
        match self {
            Self::NativeJson | Self::NativeMessagePack | Self::HttpJson => None,
            Self::SocketIoJson => Some((Parser::Json, Vocabulary::Both)),
            Self::SocketIoJsonHyphen => Some((Parser::Json, Vocabulary::Hyphen)),
            Self::SocketIoJsonUnderscore => Some((Parser::Json, Vocabulary::Underscore)),
            Self::SocketIoMessagePack => Some((Parser::MessagePack, Vocabulary::Both)),
            Self::SocketIoMessagePackHyphen => Some((Parser::MessagePack, Vocabulary::Hyphen)),
            Self::SocketIoMessagePackUnderscore => Some((Parser::MessagePack, Vocabulary::Underscore)),
        }
    }

    /// Whether it is one of the native protocol's.
    #[must_use]
    pub fn is_native(self) -> bool {
        self.index() < Self::NATIVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_stand_at_their_index_native_first_and_read_back_parser_and_vocabulary() {
        for (place, dialect) in Dialect::ALL.into_iter().enumerate() {
            assert_eq!(dialect.index(), place);
            assert_eq!(dialect.is_native(), place < Dialect::NATIVE);
            if let Some((parser, vocabulary)) = dialect.as_socket_io() {
                assert_eq!(Dialect::socket_io(parser, vocabulary), dialect);
            }
        }
    }
}
