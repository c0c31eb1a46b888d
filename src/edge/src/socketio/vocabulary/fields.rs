//! What a refusal calls a member: by the name the client wrote, not by ours.

use super::names::spoken;
use plenum_actors::publication::Vocabulary;
use std::borrow::Cow;

/// The member of the argument of `event` that is meant by `field`, a member of the native command. `by`: the one that the client named
/// something by that has several names. A name that the client used already stays.
#[must_use]
pub fn said<'f>(event: &str, by: Option<&'static str>, field: &'f str) -> Cow<'f, str> {
    let is_typing = matches!(event, "typing" | "stop-typing");
    let is_of_a_message = !event.ends_with("_question") && !event.ends_with("_conference");
    match (field, by) {
        ("topic", Some(by @ ("roomId" | "conversationId")))
        | ("to", Some(by @ ("recipientId" | "userId")))
        | ("target", Some(by @ "offset"))
        | ("messageId", Some(by @ "upTo")) => return by.into(),
        (answer, Some(by @ "optionId")) if answer.split('.').next() == Some("answer") => return by.into(),
        _ => {}
    }
    match field {
        "to" if event == "send_direct_message" => "userId".into(),
        "to" => "recipientId".into(),
        "content.text" => "content".into(),
        "content.kind" if event == "send-message" => "type".into(),
        "content.kind" => "messageType".into(),
        "topic" if !is_of_a_message => "conferenceId".into(),
        "topic" if spoken(event) == Some(Vocabulary::Underscore) && !is_typing => "roomId".into(),
        "topic" => "conversationId".into(),
        "target" => "messageId".into(),
        "read" | "delivered" if event == "mark-as-read" => "upTo".into(),
        "question" => "questionId".into(),
        "conference" => "conferenceId".into(),
        "item" => "id".into(),
        "answer" if event == "moderate_question" => "text".into(),
        _ => field.strip_prefix("content.").map_or(Cow::Borrowed(field), |inner| inner.to_owned().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_the_client_wrote() {
        let cases = [
            ("send-message", "to", "recipientId"),
            ("send_direct_message", "to", "userId"),
            ("send-message", "content.text", "content"),
            ("send-message", "content.kind", "type"),
            ("send_message", "content.kind", "messageType"),
            ("send_message", "content.attachments[1].url", "attachments[1].url"),
            ("leave_room", "topic", "roomId"),
            ("leave-conversation", "topic", "conversationId"),
            ("typing", "topic", "conversationId"),
            ("join_conference", "topic", "conferenceId"),
            ("edit_message", "target", "messageId"),
            ("edit_message", "content.text", "content"),
            ("mark-as-read", "read", "upTo"),
            ("submit_answer", "question", "questionId"),
            ("submit_answer", "answer.choice", "answer.choice"),
            ("push_question", "conference", "conferenceId"),
            ("upvote_question", "item", "id"),
            ("moderate_question", "answer", "text"),
            // What is theirs already.
            ("edit_message", "content", "content"),
            ("join-conversation", "since", "since"),
            ("add_reaction", "emoji", "emoji"),
        ];
        for (event, field, expected) in cases {
            assert_eq!(said(event, None, field), expected, "{event} {field}");
        }
        let named = [
            ("submit_answer", "optionId", "answer.choice", "optionId"),
            ("submit_answer", "optionId", "answer", "optionId"),
            ("submit_answer", "optionId", "question", "questionId"),
            ("edit_message", "offset", "target", "offset"),
            ("edit_message", "offset", "content.text", "content"),
            ("send_direct_message", "recipientId", "to", "recipientId"),
            ("leave-conversation", "roomId", "topic", "roomId"),
            ("leave_room", "conversationId", "topic", "conversationId"),
        ];
        for (event, by, field, expected) in named {
            assert_eq!(said(event, Some(by), field), expected, "{event} {by} {field}");
        }
        assert_eq!(said("mark-as-read", Some("upTo"), "messageId"), "upTo");
        assert_eq!(said("mark-as-read", Some("messageId"), "messageId"), "messageId");
    }
}
