//! Every event by name. `docs/socketio.md` has this table; a test compares the two.

use plenum_actors::publication::Vocabulary;

/// Who says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// One event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// As it is written.
    pub name: &'static str,
    /// Who says it.
    pub direction: Direction,
    /// Whose it is: `Both` for what is spelt alike.
    pub vocabulary: Vocabulary,
    /// Whether it means something today; the others are refused, or not sent, until their part of Plenum exists.
    pub is_served: bool,
}

macro_rules! names {
    ($($direction:ident $vocabulary:ident $served:literal: $($name:literal),+;)+) => {
        /// All events.
        pub const NAMES: &[Name] = &[$($(
            Name {
                name: $name,
                direction: Direction::$direction,
                vocabulary: Vocabulary::$vocabulary,
                is_served: $served,
            },
        )+)+];
    };
}

names! {
    Client Hyphen true: "join-conversation", "leave-conversation", "send-message", "stop-typing", "mark-as-read";
    Client Underscore true: "join_room", "leave_room", "send_message", "send_direct_message", "add_reaction",
        "remove_reaction", "edit_message", "delete_message";
    Client Both true: "typing", "echo";
    Client Underscore true: "join_conference", "leave_conference", "submit_answer", "withdraw_answer", "push_question",
        "close_question", "show_results", "ask_question", "upvote_question", "reply_question", "moderate_question", "react";
    Server Hyphen true: "authenticated", "new-message", "message-status", "typing", "stop-typing", "conversation-updated",
        "message-updated", "online-users", "user-online", "user-offline";
    Server Underscore true: "new_message", "new_direct_message", "message_updated", "user_joined", "user_left",
        "user_typing", "room_stats_updated";
    Server Both true: "gap", "position", "session_ended", "error", "notification", "domain:nawala-updated",
        "order_updated";
    Server Both false: "job_progress";
    Server Underscore true: "conference_state", "question_live", "question_closed", "results_updated", "audience_count",
        "answer_accepted", "conference_ended", "qa_updated", "question_frozen", "reactions";
}

/// Which vocabulary a client shows to speak by saying `name`; `None`: it tells nothing.
#[must_use]
pub fn spoken(name: &str) -> Option<Vocabulary> {
    let known = NAMES.iter().find(|known| known.direction == Direction::Client && known.name == name)?;
    (known.vocabulary != Vocabulary::Both).then_some(known.vocabulary)
}

/// What a client hears that has spoken `before` and now speaks `now`.
#[must_use]
pub fn heard_after(before: Option<Vocabulary>, now: Vocabulary) -> Vocabulary {
    match before {
        None => now,
        Some(before) if before == now => now,
        Some(_) => Vocabulary::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_name_stands_once_for_each_direction() {
        let all: HashSet<_> = NAMES.iter().map(|one| (one.name, one.direction == Direction::Client)).collect();
        assert_eq!(all.len(), NAMES.len());
    }

    #[test]
    fn the_document_has_this_table() {
        let document = include_str!("../../../../../docs/socketio.md");
        let row = |line: &str| {
            let cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").map(str::to_owned).collect();
            let [name, direction, vocabulary, served] = cells.try_into().ok()?;
            ["yes", "no"].contains(&served.as_str()).then_some([name, direction, vocabulary, served])
        };
        let written: Vec<[String; 4]> = document.lines().filter_map(row).collect();
        let word = |one: &Name| {
            let direction = if one.direction == Direction::Client { "client" } else { "server" };
            let vocabulary = format!("{:?}", one.vocabulary).to_lowercase();
            let served = if one.is_served { "yes" } else { "no" };
            [format!("{}`", one.name), direction.to_owned(), vocabulary, served.to_owned()]
        };
        assert_eq!(written, NAMES.iter().map(word).collect::<Vec<_>>());
    }

    #[test]
    fn a_client_hears_what_it_speaks_and_both_when_it_speaks_both() {
        assert_eq!(spoken("send-message"), Some(Vocabulary::Hyphen));
        assert_eq!(spoken("send_message"), Some(Vocabulary::Underscore));
        assert_eq!((spoken("typing"), spoken("unheard of")), (None, None));
        assert_eq!(heard_after(None, Vocabulary::Hyphen), Vocabulary::Hyphen);
        assert_eq!(heard_after(Some(Vocabulary::Hyphen), Vocabulary::Hyphen), Vocabulary::Hyphen);
        assert_eq!(heard_after(Some(Vocabulary::Hyphen), Vocabulary::Underscore), Vocabulary::Both);
    }
}
