//! The rows of Plenum: everything that is not an aggregate.

mod account;
mod api_key;
mod block;
mod conference;
mod conversation;
mod event;
mod idempotency;
mod image;
mod keys;
mod market;
mod message_state;
mod one_time_code;
mod payment;
mod presence;
mod room;
mod status_board;

pub use account::{Account, AccountKey, Erasure, Rank, Session, Subject};
pub use api_key::ApiKey;
pub use block::Block;
pub use conference::{
    ConferenceCode, ConferenceExpiry, ConferenceHook, ConferenceRow, HOOK_SHARDS, HostedConference, Invitation,
    Participant, QuestionResults, QuestionRow, RosterEntry, hook_shard,
};
pub use conversation::{Marks, Membership};
pub use event::{EventRow, EventSeats};
pub use idempotency::IdempotencyRow;
pub use image::{Image, ImageOf};
pub use keys::{KeyRingRow, StoreMark};
pub use market::{CartItem, ORDER_SHARDS, OpenOrder, Order, OrderOf, Product, SellerApplication, Stock, order_shard};
pub use message_state::{MessageStateRow, Reaction};
pub use one_time_code::{OneTimeCode, SpentToken};
pub use payment::{OpenPayment, PAYMENT_SHARDS, Payment, PaymentEvent, PaymentOf, payment_shard};
pub use presence::LastSeen;
pub use room::{ConversationSettings, ROOM_SHARDS, RoomRow, room_shard};
pub use status_board::{Brand, StatusDomain, StatusName, StatusPeriod};

use crate::table::{Entity, Table};

/// Every table, for engines and migrations.
pub const TABLES: &[&Table] = &[
    Membership::TABLE,
    Marks::TABLE,
    Account::TABLE,
    AccountKey::TABLE,
    Session::TABLE,
    IdempotencyRow::TABLE,
    LastSeen::TABLE,
    MessageStateRow::TABLE,
    RoomRow::TABLE,
    ConversationSettings::TABLE,
    Block::TABLE,
    ConferenceCode::TABLE,
    ConferenceRow::TABLE,
    HostedConference::TABLE,
    QuestionRow::TABLE,
    QuestionResults::TABLE,
    Participant::TABLE,
    ApiKey::TABLE,
    Brand::TABLE,
    StatusDomain::TABLE,
    StatusName::TABLE,
    StatusPeriod::TABLE,
    Invitation::TABLE,
    ConferenceExpiry::TABLE,
    RosterEntry::TABLE,
    KeyRingRow::TABLE,
    OneTimeCode::TABLE,
    Product::TABLE,
    Stock::TABLE,
    Order::TABLE,
    OpenOrder::TABLE,
    OrderOf::TABLE,
    CartItem::TABLE,
    SellerApplication::TABLE,
    EventRow::TABLE,
    EventSeats::TABLE,
    Erasure::TABLE,
    Rank::TABLE,
    Subject::TABLE,
    StoreMark::TABLE,
    Image::TABLE,
    ImageOf::TABLE,
    SpentToken::TABLE,
    Payment::TABLE,
    OpenPayment::TABLE,
    PaymentOf::TABLE,
    PaymentEvent::TABLE,
    ConferenceHook::TABLE,
];

/// What a store says of itself. Everything else is content, and moves when a store is copied.
pub const OWN_TABLES: &[&Table] = &[KeyRingRow::TABLE, StoreMark::TABLE];
