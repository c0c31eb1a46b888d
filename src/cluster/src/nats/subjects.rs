//! Names of what is said on the bus. Every part is a fixed word, a number in hexadecimal, or the cluster's name, which the
//! configuration keeps to letters and digits: nothing that a person writes ever becomes a part of a subject.

use plenum_schema::{AggregateKind, NodeId, Topic, UserId};
use std::sync::Arc;
use uuid::Uuid;

/// The subjects of one cluster.
#[derive(Clone, Debug)]
pub struct Subjects {
    name: Arc<str>,
}

impl Subjects {
    pub fn new(name: &str) -> Self {
        Self { name: name.into() }
    }

    pub fn nodes(&self) -> String {
        format!("{}.nodes", self.name)
    }

    /// Publications of a topic; `None` for presence, which every node decides for itself.
    pub fn topic(&self, topic: Topic) -> Option<String> {
        let (kind, id) = match topic {
            Topic::Conversation(id) => ("c", id.0),
            Topic::User(UserId(id)) => ("u", id),
            Topic::Conference(id) => ("f", id.0),
            Topic::Poll(id) => ("p", id.0),
            Topic::PollVoted(id) => ("v", id.0),
            Topic::PollHost(id) => ("h", id.0),
            Topic::Board(id) => ("b", id.0),
            Topic::BoardHost(id) => ("m", id.0),
            Topic::Status => ("s", Uuid::nil()),
            Topic::Presence(_) => return None,
        };
        Some(format!("{}.topic.{kind}.{}", self.name, id.simple()))
    }

    /// Publications of all topics.
    pub fn all_topics(&self) -> String {
        format!("{}.topic.>", self.name)
    }

    pub fn command(&self, node: NodeId, kind: AggregateKind) -> String {
        format!("{}.command.{}.{}", self.name, node.0.simple(), kind.code())
    }

    pub fn ended(&self, node: NodeId) -> String {
        format!("{}.ended.{}", self.name, node.0.simple())
    }

    pub fn all_ended(&self) -> String {
        format!("{}.ended", self.name)
    }

    pub fn presence(&self) -> String {
        format!("{}.presence", self.name)
    }

    pub fn presence_to(&self, node: NodeId) -> String {
        format!("{}.presence.{}", self.name, node.0.simple())
    }

    pub fn crowds(&self) -> String {
        format!("{}.crowds", self.name)
    }

    pub fn limits(&self) -> String {
        format!("{}.limits", self.name)
    }

    pub fn ask(&self, node: NodeId) -> String {
        format!("{}.ask.{}", self.name, node.0.simple())
    }

    /// The topic that a subject is of.
    pub fn topic_of(&self, subject: &str) -> Option<Topic> {
        let rest = subject.strip_prefix(&*self.name)?.strip_prefix(".topic.")?;
        let (kind, id) = rest.split_once('.')?;
        let id = Uuid::try_parse(id).ok().filter(|_| id.len() == 32)?;
        match kind {
            "c" => Some(Topic::Conversation(id.into())),
            "u" => Some(Topic::User(id.into())),
            "f" => Some(Topic::Conference(id.into())),
            "p" => Some(Topic::Poll(id.into())),
            "v" => Some(Topic::PollVoted(id.into())),
            "h" => Some(Topic::PollHost(id.into())),
            "b" => Some(Topic::Board(id.into())),
            "s" => id.is_nil().then_some(Topic::Status),
            "m" => Some(Topic::BoardHost(id.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_reads_back_from_its_subject() {
        let subjects = Subjects::new("plenum");
        let id = Uuid::from_u128(0xabc);
        let of_conferences = [Topic::Conference(id.into()), Topic::Board(id.into()), Topic::BoardHost(id.into())];
        let of_polls = [Topic::Poll(id.into()), Topic::PollVoted(id.into()), Topic::PollHost(id.into())];
        let others = [Topic::Conversation(id.into()), Topic::User(id.into()), Topic::Status];
        for topic in others.into_iter().chain(of_conferences).chain(of_polls) {
            let subject = subjects.topic(topic).unwrap();
            assert!(subject.len() < 128 && subject.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'));
            assert_eq!(subjects.topic_of(&subject), Some(topic));
        }
        assert_eq!(subjects.topic(Topic::Presence(id.into())), None);
    }

    #[test]
    fn other_subjects_are_no_topics() {
        let subjects = Subjects::new("plenum");
        for subject in ["", "plenum.topic.c.", "plenum.topic.x.00", "other.topic.c.00", "plenum.nodes"] {
            assert_eq!(subjects.topic_of(subject), None, "{subject}");
        }
    }
}
