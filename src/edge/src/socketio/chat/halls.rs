//! What a client hears of a conference beside its log: how it stands when it has been joined, and what its hosts see of results.

use super::super::asks::Stands;
use super::super::vocabulary::outgoing::standing;
use super::errands::{Deed, Errand};
use super::{Around, Chat, Purpose};
use plenum_actors::connection::Hall;
use plenum_schema::wire::{Command, ServerFrame, Signal, SignalFrame, Unsubscribe};
use plenum_schema::{ConferenceId, QuestionId, Topic};

/// The conferences of one client.
#[derive(Default)]
pub(super) struct Halls {
    /// Joined, and what has happened is still being told.
    joining: Vec<ConferenceId>,
    /// Those that the client runs.
    hosted: Vec<ConferenceId>,
    /// What it follows of their questions, the newest last.
    polls: Vec<(ConferenceId, Topic)>,
}

impl Purpose {
    /// The conference of which it is being found out how it stands.
    fn is_standing(&self) -> Option<Topic> {
        match self {
            Self::Errand(errand) | Self::Resting(errand) if errand.deed == Deed::Stand => Some(errand.topic),
            _ => None,
        }
    }
}

impl Chat {
    /// A topic has been joined. Of a conference the board is followed, too, and how it stands is told behind what has happened in it.
    pub(super) fn comes_to(&mut self, around: &Around<'_>, topic: Topic) {
        let Topic::Conference(conference) = topic else { return };
        self.hear(around, Topic::Board(conference));
        if !self.halls.joining.contains(&conference) {
            self.halls.joining.push(conference);
        }
    }

    /// Who has voted may see more of the results: they are followed as long as the conference is.
    pub(super) fn has_voted(&mut self, around: &Around<'_>, question: QuestionId) {
        let poll = Topic::PollVoted(question);
        match self.conference(around) {
            Some(conference) if !self.has(around, poll) => self.watch(around, conference, poll),
            Some(_) => {}
            // It is not known which conference the question is of.
            None => self.hear(around, poll),
        }
    }

    /// A topic has been left: with a conference, its board and the results of its questions.
    pub(super) fn goes_from(&mut self, around: &Around<'_>, topic: Topic) {
        let Topic::Conference(conference) = topic else { return };
        self.halls.joining.retain(|joining| *joining != conference);
        self.halls.hosted.retain(|hosted| *hosted != conference);
        let polls = std::mem::take(&mut self.halls.polls);
        let (left, kept): (Vec<_>, Vec<_>) = polls.into_iter().partition(|(of, _)| *of == conference);
        self.halls.polls = kept;
        left.into_iter().for_each(|(_, topic)| self.unfollow(around, topic));
        self.unfollow(around, Topic::Board(conference));
    }

    /// Whether the client is to follow questions that become live, as far as is known.
    pub(in crate::socketio) fn wants_questions(&self) -> bool {
        let is_asking = self.waiting.iter().any(|(_, purpose)| purpose.is_standing().is_some());
        is_asking || !self.halls.joining.is_empty() || !self.halls.hosted.is_empty()
    }

    /// What has happened in a conference has been told.
    pub(in crate::socketio) fn caught_up(&mut self, around: &Around<'_>, conference: ConferenceId) {
        let Some(at) = self.halls.joining.iter().position(|joining| *joining == conference) else { return };
        self.halls.joining.swap_remove(at);
        if self.is_inside() {
            self.run(around, Errand::new(Deed::Stand, Topic::Conference(conference), None));
        }
    }

    /// It is known how a conference stands.
    pub(in crate::socketio) fn stood(&mut self, around: &Around<'_>, Stands(id, outcome): Stands) {
        // As with answers: of whoever was here before.
        let Some(Purpose::Errand(errand @ Errand { deed: Deed::Stand, topic, .. })) = self.purpose(id) else { return };
        let Topic::Conference(conference) = topic else { return };
        if !self.has(around, topic) {
            return;
        }
        let Hall { hosts, topics, results, view } = match outcome {
            Ok(hall) => hall,
            Err(refusal) => return self.errand_refused(around, errand, &refusal),
        };
        if hosts && !self.halls.hosted.contains(&conference) {
            self.halls.hosted.push(conference);
        }
        if let Some(view) = view {
            self.push(around, standing(self.parser(), self.vocabulary(), &view));
        }
        if let Some(signal) = around.shared.backend.standing(topic) {
            self.signal(around, topic, signal);
        }
        for found in results {
            let newest = match around.shared.backend.standing(Topic::Poll(found.question)) {
                // They have gone out meanwhile.
                Some(Signal::Results(newer)) if newer.revision > found.revision => newer,
                _ => Box::new(found),
            };
            self.signal(around, topic, Signal::Results(newest));
        }
        topics.into_iter().for_each(|poll| self.watch(around, conference, poll));
    }

    /// A question is live of which hosts see more.
    pub(in crate::socketio) fn asked(&mut self, around: &Around<'_>, conference: ConferenceId, question: QuestionId) {
        let is_asking = |(_, purpose): &(u32, Purpose)| purpose.is_standing() == Some(Topic::Conference(conference));
        if self.halls.hosted.contains(&conference) || self.waiting.iter().any(is_asking) {
            self.watch(around, conference, Topic::PollHost(question));
        }
    }

    /// Follows results of a question, as far as the client may: that is checked as for anybody who subscribes.
    fn watch(&mut self, around: &Around<'_>, conference: ConferenceId, poll: Topic) {
        // Who joins once more is told once more.
        let known = self.halls.polls.iter().position(|(_, watched)| *watched == poll);
        if let Some(at) = known {
            self.halls.polls.remove(at);
        } else if self.halls.polls.len() >= around.config.watched_questions.max(1) {
            let (_, oldest) = self.halls.polls.remove(0);
            self.unfollow(around, oldest);
        }
        self.halls.polls.push((conference, poll));
        self.follow(around, poll, None);
    }

    fn unfollow(&mut self, around: &Around<'_>, topic: Topic) {
        if self.has(around, topic) {
            self.ask(around, Purpose::Silent, Command::Unsubscribe(Unsubscribe { topic }), true);
        }
    }

    fn signal(&self, around: &Around<'_>, topic: Topic, signal: Signal) {
        let frame = ServerFrame::Signal(SignalFrame { topic, signal });
        around.shared.hub.with(|core| core.push(self.connection.key(), &frame));
    }
}
