//! How topics without a log stand: polls and boards. What their owner sends is kept here as long as somebody here listens; what may
//! have been missed is asked of the owner.

use super::bus::Node;
use plenum_actors::aggregates::board::{Answered as BoardAnswer, Command as BoardCommand};
use plenum_actors::aggregates::poll::{Answered as PollAnswer, Command as PollCommand, View};
use plenum_actors::placement::{Place, SharedPlacement};
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::wire::Signal;
use plenum_schema::{AggregateKind, LogId, QuestionId, Topic};
use std::sync::Arc;

/// The aggregate that a topic without a log shows; `None` for other topics.
pub fn source(topic: Topic) -> Option<LogId> {
    let (kind, id) = match topic {
        Topic::Poll(id) | Topic::PollVoted(id) | Topic::PollHost(id) => (AggregateKind::Poll, id.0),
        Topic::Board(id) | Topic::BoardHost(id) => (AggregateKind::Board, id.0),
        _ => return None,
    };
    Some(LogId { kind, id })
}

/// Keeps the newest of these publications for whoever subscribes next.
pub fn hear(node: &Node, topic: Topic, publications: &[Arc<Publication>]) {
    if source(topic).is_some()
        && let Some(newest) = publications.last()
    {
        node.standings.hear(newest);
    }
}

/// Asks the owner, unless it lives here: then it has told everybody itself. Where it does not answer the next look asks again.
pub async fn look(node: &Node, placement: &SharedPlacement, topic: Topic) {
    let Some(log) = source(topic) else { return };
    if placement.place(log) == Place::Local {
        return;
    }
    let Some(signal) = ask(node, topic).await else { return };
    let (_, key) = log.id.as_u64_pair();
    let signal = Publication::signal(topic, Class::Conflated(key), signal);
    if node.hubs.is_wanted(topic) {
        node.standings.hear(&signal);
        node.hubs.publish(vec![signal]);
    }
}

async fn ask(node: &Node, topic: Topic) -> Option<Signal> {
    match topic {
        Topic::Poll(id) => results(node, id, View::Public).await,
        Topic::PollVoted(id) => results(node, id, View::Voted).await,
        Topic::PollHost(id) => results(node, id, View::Host).await,
        Topic::Board(id) => board(node, id.0, false).await,
        Topic::BoardHost(id) => board(node, id.0, true).await,
        _ => None,
    }
}

async fn results(node: &Node, id: QuestionId, view: View) -> Option<Signal> {
    match node.polls.ask(id.0, PollCommand::Results { view }).await {
        Ok(PollAnswer::Results(results)) => Some(Signal::Results(results)),
        _ => None,
    }
}

async fn board(node: &Node, id: uuid::Uuid, as_host: bool) -> Option<Signal> {
    match node.boards.ask(id, BoardCommand::Signal { as_host }).await {
        Ok(BoardAnswer::Signal(signal)) => Some(*signal),
        _ => None,
    }
}
