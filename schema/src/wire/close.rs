//! WebSocket close codes of the native protocol (RFC 6455 §7.4.2: 4000–4999 are the application's).

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)+) => {
        /// Why the server closes. 4000–4499: come back (with the advice of `goodbye`); 4500–4999: do not, until something changes.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum CloseCode {$(
            $(#[$doc])*
            $name,
        )+}

        impl CloseCode {
            /// Every code, for documents and tests.
            pub const ALL: &'static [CloseCode] = &[$(CloseCode::$name),+];

            /// The number in the close frame.
            #[must_use]
            pub fn code(self) -> u16 {
                match self { $(Self::$name => $code),+ }
            }

            /// The reason in the close frame.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

close_codes! {
    /// The node stops or restarts.
    Draining = 4000, "draining";
    /// Nothing was heard for the heart-beat time-out.
    Silent = 4001, "no sign of life";
    /// A bug in the server.
    Internal = 4003, "internal error";
    /// Commands came faster than the limits for too long.
    Flood = 4005, "too many commands";
    /// The peer does not read fast enough: its outbox is full. Resume from your position.
    SlowConsumer = 4008, "slow consumer";
    /// No `identify` within the time `hello` states.
    IdentifyTimeout = 4500, "not identified in time";
    /// The token is wrong, expired or of another kind.
    InvalidToken = 4501, "invalid token";
    /// The session was ended: logout, eviction, password change, ban.
    SessionEnded = 4502, "session ended";
    /// Too many unreadable frames.
    Protocol = 4503, "protocol violation";
}

impl CloseCode {
    /// Whether the client should come back.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        self.code() < 4500
    }
}
