//! Changes of messages: edit, delete, react.

use super::Conversation;
use super::command::{Answer, Change, ConversationLimits, Target};
use super::decide::{Decided, check_client_ref, check_content, expect_unblocked, seat_of};
use super::touched::Lately;
use plenum_schema::conversation::{
    ConversationEvent, EMOJI_BYTES, MessageDeleted, MessageEdited, Original, ReactionAdded, ReactionRemoved, Role,
};
use plenum_schema::wire::Changed;
use plenum_schema::{Offset, Refusal, RefusalCode, UserId};

/// Decides about a change of a message on what the log says about the message as of `target.as_of`.
pub(super) fn change(
    state: &Conversation,
    limits: &ConversationLimits,
    by: UserId,
    client_ref: Option<&str>,
    change: &Change,
    target: &Target,
) -> Decided {
    let seat = seat_of(state, by)?;
    if let Some(client_ref) = client_ref {
        check_client_ref(client_ref)?;
    }
    if !matches!(change, Change::Delete) {
        expect_unblocked(state)?;
    }
    let is_author = by == target.author;
    match change {
        Change::Edit { content } => {
            check_content(limits, content)?;
            if !content.attachments.is_empty() {
                return Err(Refusal::field(
                    RefusalCode::Invalid,
                    "content.attachments",
                    "an edit changes the text alone",
                ));
            }
            if !is_author {
                return Err(Refusal::new(RefusalCode::Forbidden, "only its author edits a message"));
            }
        }
        Change::Delete if !is_author && seat.role < Role::Admin => {
            return Err(Refusal::new(RefusalCode::Forbidden, "only its author and admins delete a message"));
        }
        Change::React { emoji } | Change::Unreact { emoji } => check_emoji(emoji)?,
        Change::Delete => {}
    }
    if !state.touched.has_content_of(target.offset, target.as_of) {
        return stale(state);
    }
    match change {
        Change::Delete if target.is_deleted => return unchanged(state, target),
        Change::Unreact { .. } if target.is_deleted => return unchanged(state, target),
        _ if target.is_deleted => return Err(Refusal::field(RefusalCode::Gone, "target", "the message was deleted")),
        _ => {}
    }
    decide_present(state, limits, by, change, target)
}

/// The message exists.
fn decide_present(
    state: &Conversation,
    limits: &ConversationLimits,
    by: UserId,
    change: &Change,
    target: &Target,
) -> Decided {
    let (at, message) = (target.offset, Some(target.id));
    let original = Some(Original { author: target.author, at: target.at, kind: target.kind });
    match change {
        Change::Edit { .. } | Change::Unreact { .. } | Change::React { .. } if target.is_so => unchanged(state, target),
        Change::Edit { content } => {
            let edited = MessageEdited { target: at, message, by, content: content.clone(), original };
            changed(state, at, ConversationEvent::MessageEdited(edited))
        }
        Change::Delete => {
            changed(state, at, ConversationEvent::MessageDeleted(MessageDeleted { target: at, message, by, original }))
        }
        Change::React { emoji } => {
            match state.touched.lately(at, emoji, target.as_of) {
                Lately::Stale => return stale(state),
                Lately::Nothing if !target.has_kind && target.kinds >= limits.reaction_kinds => {
                    let text = format!("a message has at most {} kinds of reactions", limits.reaction_kinds);
                    return Err(Refusal::field(RefusalCode::LimitReached, "emoji", text));
                }
                Lately::Added | Lately::Nothing => {}
            }
            if target.reactions >= limits.message_reactions {
                let text = format!("a message has at most {} reactions", limits.message_reactions);
                return Err(Refusal::field(RefusalCode::LimitReached, "emoji", text));
            }
            let added = ReactionAdded { target: at, message, by, emoji: emoji.clone(), original };
            changed(state, at, ConversationEvent::ReactionAdded(added))
        }
        Change::Unreact { emoji } => {
            let removed = ReactionRemoved { target: at, message, by, emoji: emoji.clone(), original };
            changed(state, at, ConversationEvent::ReactionRemoved(removed))
        }
    }
}

fn check_emoji(emoji: &str) -> Result<(), Refusal> {
    if emoji.is_empty() || emoji.len() > EMOJI_BYTES {
        let text = format!("a reaction has 1 to {EMOJI_BYTES} bytes");
        return Err(Refusal::field(RefusalCode::Invalid, "emoji", text));
    }
    if emoji.chars().any(|one| one.is_control() || one.is_whitespace()) {
        let text = "a reaction has no white space and no control characters";
        return Err(Refusal::field(RefusalCode::Invalid, "emoji", text));
    }
    Ok(())
}

fn stale(state: &Conversation) -> Decided {
    Ok((Vec::new(), Answer::Stale { changed: state.digest.changed }))
}

fn unchanged(state: &Conversation, target: &Target) -> Decided {
    let offset = target.revision.max(target.offset);
    let changed = Changed { topic: state.topic(), target: target.offset, offset, duplicate: true };
    Ok((Vec::new(), Answer::MessageChanged { changed, before: state.digest.changed }))
}

fn changed(state: &Conversation, target: Offset, event: ConversationEvent) -> Decided {
    // The offset is known when the append is done: `settle` fills it in.
    let changed = Changed { topic: state.topic(), target, offset: 0, duplicate: false };
    Ok((vec![event], Answer::MessageChanged { changed, before: state.digest.changed }))
}
