//! What the documents call each frame. The matches are exhaustive: a new variant does not compile until it has a label, and
//! a label without an example in `docs/protocol.md` fails a test.

use plenum_schema::conference::ConferenceEvent;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{AckResult, Command, Event, ServerFrame, Signal};

macro_rules! labels {
    ($all:ident, $of:ident($type:ty): $($pattern:pat => $label:literal,)+) => {
        pub const $all: &[&str] = &[$($label),+];

        fn $of(value: &$type) -> &'static str {
            match value { $($pattern => $label),+ }
        }
    };
}

labels! { COMMANDS, of_command(Command):
    Command::Identify(_) => "client identify",
    Command::Subscribe(_) => "client subscribe",
    Command::Unsubscribe(_) => "client unsubscribe",
    Command::Send(_) => "client send",
    Command::SendDirect(_) => "client sendDirect",
    Command::Edit(_) => "client edit",
    Command::Delete(_) => "client delete",
    Command::React(_) => "client react",
    Command::Unreact(_) => "client unreact",
    Command::History(_) => "client history",
    Command::Typing(_) => "client typing",
    Command::Mark(_) => "client mark",
    Command::Vote(_) => "client vote",
    Command::Withdraw(_) => "client withdraw",
    Command::PushQuestion(_) => "client pushQuestion",
    Command::CloseQuestion(_) => "client closeQuestion",
    Command::ShowResults(_) => "client showResults",
    Command::Ask(_) => "client ask",
    Command::Upvote(_) => "client upvote",
    Command::Reply(_) => "client reply",
    Command::Moderate(_) => "client moderate",
    Command::ReactLive(_) => "client reactLive",
    Command::Ping(_) => "client ping",
}

labels! { ACKS, of_ack(AckResult):
    AckResult::Identified(_) => "server ack identified",
    AckResult::Subscribed(_) => "server ack subscribed",
    AckResult::Unsubscribed(_) => "server ack unsubscribed",
    AckResult::Sent(_) => "server ack sent",
    AckResult::Changed(_) => "server ack changed",
    AckResult::Page(_) => "server ack page",
    AckResult::Marked(_) => "server ack marked",
    AckResult::Voted(_) => "server ack voted",
    AckResult::ConferenceChanged(_) => "server ack conferenceChanged",
    AckResult::BoardChanged(_) => "server ack boardChanged",
    AckResult::Pong(_) => "server ack pong",
}

labels! { EVENTS, of_event(Event):
    Event::Conversation(ConversationEvent::Created(_)) => "server event created",
    Event::Conversation(ConversationEvent::Message(_)) => "server event message",
    Event::Conversation(ConversationEvent::MemberAdded(_)) => "server event memberAdded",
    Event::Conversation(ConversationEvent::MemberRemoved(_)) => "server event memberRemoved",
    Event::Conversation(ConversationEvent::TitleChanged(_)) => "server event titleChanged",
    Event::Conversation(ConversationEvent::MessageEdited(_)) => "server event messageEdited",
    Event::Conversation(ConversationEvent::MessageDeleted(_)) => "server event messageDeleted",
    Event::Conversation(ConversationEvent::ReactionAdded(_)) => "server event reactionAdded",
    Event::Conversation(ConversationEvent::ReactionRemoved(_)) => "server event reactionRemoved",
    Event::Conversation(ConversationEvent::RoomChanged(_)) => "server event roomChanged",
    Event::Conversation(ConversationEvent::RoomClosed(_)) => "server event roomClosed",
    Event::Conversation(ConversationEvent::BlockChanged(_)) => "server event blockChanged",
    Event::Conference(ConferenceEvent::Created(_)) => "server event conference created",
    Event::Conference(ConferenceEvent::Changed(_)) => "server event conference changed",
    Event::Conference(ConferenceEvent::Started(_)) => "server event conference started",
    Event::Conference(ConferenceEvent::Ended(_)) => "server event conference ended",
    Event::Conference(ConferenceEvent::HostChanged(_)) => "server event conference hostChanged",
    Event::Conference(ConferenceEvent::QuestionLive(_)) => "server event conference questionLive",
    Event::Conference(ConferenceEvent::QuestionClosed(_)) => "server event conference questionClosed",
    Event::Conference(ConferenceEvent::ResultsShown(_)) => "server event conference resultsShown",
    Event::Conference(ConferenceEvent::Anonymised(_)) => "server event conference anonymised",
    Event::Conference(ConferenceEvent::Deleted(_)) => "server event conference deleted",
    Event::Conference(ConferenceEvent::QuestionFrozen(_)) => "server event conference questionFrozen",
}

labels! { SIGNALS, of_signal(Signal):
    Signal::Typing(_) => "server signal typing",
    Signal::Marks(_) => "server signal marks",
    Signal::RoomStats(_) => "server signal roomStats",
    Signal::ConversationAdded(_) => "server signal conversationAdded",
    Signal::ConversationUpdated(_) => "server signal conversationUpdated",
    Signal::Unread(_) => "server signal unread",
    Signal::Notification(_) => "server signal notification",
    Signal::OrderUpdated(_) => "server signal orderUpdated",
    Signal::Presence(_) => "server signal presence",
    Signal::Results(_) => "server signal results",
    Signal::Audience(_) => "server signal audience",
    Signal::Reactions(_) => "server signal reactions",
    Signal::Board(_) => "server signal board",
    Signal::DomainChecked(_) => "server signal domainChecked",
    Signal::StatusListChanged(_) => "server signal statusListChanged",
}

/// Frames of the server that have no kinds of their own.
pub const PLAIN: &[&str] =
    &["server hello", "server refusal", "server gap", "server caughtUp", "server heartbeat", "server goodbye"];

pub fn of_client(frame: &plenum_schema::wire::ClientFrame) -> &'static str {
    of_command(&frame.command)
}

pub fn of_server(frame: &ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Hello(_) => "server hello",
        ServerFrame::Ack(ack) => of_ack(&ack.result),
        ServerFrame::Refusal(_) => "server refusal",
        ServerFrame::Event(event) => of_event(&event.event),
        ServerFrame::Signal(signal) => of_signal(&signal.signal),
        ServerFrame::Gap(_) => "server gap",
        ServerFrame::CaughtUp(_) => "server caughtUp",
        ServerFrame::Heartbeat(_) => "server heartbeat",
        ServerFrame::Goodbye(_) => "server goodbye",
    }
}

/// All labels, sorted.
pub fn all() -> Vec<&'static str> {
    let mut all = [COMMANDS, ACKS, EVENTS, SIGNALS, PLAIN].concat();
    all.sort_unstable();
    all
}
