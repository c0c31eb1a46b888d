//! The words of Plenum: ids, topics, stored events, wire commands and events, error kinds and tables.
//!
//! This crate depends on nothing else of the project. It knows how things are *written* (JSON, MessagePack, rows)
//! but not what is done with them. Every other crate speaks these types.

pub mod board;
pub mod codec;
pub mod conference;
pub mod content;
pub mod conversation;
pub mod cql;
pub mod entities;
pub mod id;
pub mod log;
pub mod moment;
pub mod poll;
pub mod refusal;
pub mod room;
pub mod table;
pub mod topic;
pub mod view;
pub mod wire;

pub use content::{Attachment, Content, ContentKind};
pub use id::{
    ApiKeyId, BrandId, ConferenceId, ConnectionId, ConversationId, DomainId, EntryId, EventId, ImageId, MessageId,
    NodeId, OrderId, ParticipantId, PaymentId, ProductId, QuestionId, SessionId, SubjectId, UserId,
};
pub use log::{AggregateKind, LogId, Offset};
pub use refusal::{Refusal, RefusalCode};
pub use topic::Topic;
