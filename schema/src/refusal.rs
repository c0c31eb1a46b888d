//! Why a command was not carried out, in one table for every protocol.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $retry:literal;)+) => {
        /// The code of a refusal. Each protocol translates it by this one table: wire text, HTTP status, worth retrying.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum RefusalCode {$(
            $(#[$doc])*
            #[serde(rename = $text)]
            $name,
        )+}

        impl RefusalCode {
            /// Every code, for documents and tests.
            pub const ALL: &'static [RefusalCode] = &[$(RefusalCode::$name),+];

            /// The text on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The HTTP status REST answers with.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// Whether the same command may succeed later, unchanged.
            #[must_use]
            pub fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retry),+ }
            }
        }
    };
}

refusals! {
    /// The frame or body cannot be read: syntax, unknown member, wrong type, too deep.
    Malformed = "malformed", 400, false;
    /// A value is readable but breaks a rule; `field` names it.
    Invalid = "invalid", 422, false;
    /// The command needs an identified connection or a valid token.
    Unauthenticated = "unauthenticated", 401, false;
    /// Known who you are; not allowed to do this.
    Forbidden = "forbidden", 403, false;
    /// There is no such thing, or you may not know of it.
    NotFound = "notFound", 404, false;
    /// Contradicts the present state (taken name, second identify, already a member).
    Conflict = "conflict", 409, false;
    /// It existed and was removed.
    Gone = "gone", 410, false;
    /// Larger than the limit that `hello` or the documentation states.
    TooLarge = "tooLarge", 413, false;
    /// More topics, members, sessions or commands in flight than allowed.
    LimitReached = "limitReached", 429, false;
    /// Too fast: wait `retryAfterMs`.
    RateLimited = "rateLimited", 429, true;
    /// The server has more work than it accepts: wait `retryAfterMs`.
    Busy = "busy", 503, true;
    /// The store cannot answer. Nothing is known to be lost: retry with the same `clientRef`.
    Unavailable = "unavailable", 503, true;
    /// The server is stopping: reconnect.
    Draining = "draining", 503, true;
    /// A bug in the server; it has been logged under the connection's id.
    Internal = "internal", 500, true;
}

/// A typed refusal: what every protocol answers instead of an acknowledgement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[error("{}: {message}", code.as_str())]
pub struct Refusal {
    /// Machine-readable reason.
    pub code: RefusalCode,
    /// One sentence for a developer; never internals, never another person's data.
    pub message: String,
    /// The member of the command that is wrong, as a dotted path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal with a sentence.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after_ms: None }
    }

    /// A refusal that blames one member.
    #[must_use]
    pub fn field(code: RefusalCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.into()), retry_after_ms: None }
    }

    /// The same with advice when to come back.
    #[must_use]
    pub fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }
}
