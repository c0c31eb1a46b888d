//! Commands whose owner should live on another node.

use super::route::{self, Next, Outcome};
use super::{Directory, refusal};
use crate::aggregate::Aggregate;
use crate::owner::reply::Reply;
use crate::placement::Place;
use plenum_schema::{EntryId, LogId, NodeId, Refusal, RefusalCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// A command on its way to another node. Whoever carries it out uses its entry id, so that it counts once although nobody may
/// know whether the first try arrived.
#[derive(Debug)]
pub struct Errand<A: Aggregate> {
    /// Of the aggregate.
    pub id: Uuid,
    /// What is asked.
    pub command: A::Command,
    /// The id of the command's first entry, unless the command itself derives one.
    pub entry: EntryId,
    /// Nodes that it has been handed on by.
    pub hops: u8,
}

/// What came of an errand.
#[derive(Debug)]
pub enum Carried<T> {
    /// The other node's answer.
    Answered(Result<T, Refusal>),
    /// No answer came in time, or nobody is there. It may have been carried out.
    Lost,
}

/// Takes what came of an errand, once, on any thread.
pub type Done<A> = Box<dyn FnOnce(Carried<<A as Aggregate>::Answer>) + Send>;

/// The way to other nodes.
pub trait Remote<A: Aggregate>: Send + Sync + 'static {
    /// Carries an errand to a node and calls `done` exactly once, within a time of its own. Never blocks.
    fn carry(&self, node: NodeId, errand: Arc<Errand<A>>, done: Done<A>);

    /// How many nodes may hand a command on before one of them carries it out whatever its view of the placement.
    fn max_hops(&self) -> u8;
}

impl<A: Aggregate> Directory<A> {
    /// From now on commands go to the node that the placement names. Later calls change nothing.
    pub fn connect(&self, remote: Arc<dyn Remote<A>>) {
        // Once in a node's life.
        let _already = self.inner.remote.set(remote).is_err();
    }

    /// A command that another node has sent here. It is handed on when it has not been so too often and the placement, as seen
    /// from here, names a third node; else it is carried out here.
    pub fn tell_errand(&self, errand: Errand<A>, reply: Reply<A::Answer>) {
        if self.inner.draining.load(Ordering::Acquire) {
            // Whoever sent it has not heard of it yet, and carries it out itself.
            let wait = self.inner.around.config.unavailable_retry_ms;
            return reply.answer(Err(refusal(RefusalCode::Draining, "the node is stopping", wait)));
        }
        match self.elsewhere(errand.id, errand.hops, None) {
            Some((node, remote)) => self.send_off(node, &remote, errand, false, reply),
            None => self.tell_here(errand.id, errand.command, Some(errand.entry), reply),
        }
    }

    /// Where the command should go, and the way there; `None`: to the owner here.
    pub(super) fn elsewhere(&self, id: Uuid, hops: u8, failed: Option<NodeId>) -> Option<(NodeId, Arc<dyn Remote<A>>)> {
        let place = self.inner.placement.place(LogId { kind: A::KIND, id });
        let remote = self.inner.remote.get();
        match route::next(place, hops, remote.map(|remote| remote.max_hops()), failed) {
            Next::To(node) => remote.map(|remote| (node, Arc::clone(remote))),
            Next::Here { misplaced } => {
                self.inner.around.metrics.misplaced.inc_by(u64::from(misplaced));
                None
            }
        }
    }

    /// Sends the command off. When it is lost, or the other node stops or cannot reach its store, it goes under the same entry id to the
    /// node that has taken over, or is carried out here where there is none. `tried`: it may have been carried out before.
    pub(super) fn send_off(
        &self,
        node: NodeId,
        remote: &Arc<dyn Remote<A>>,
        errand: Errand<A>,
        tried: bool,
        reply: Reply<A::Answer>,
    ) {
        let errand = Arc::new(Errand { hops: errand.hops.saturating_add(1), ..errand });
        let (directory, kept) = (self.clone(), Arc::clone(&errand));
        let done = move |carried: Carried<A::Answer>| match route::outcome(carried, tried) {
            Outcome::Answer(result) => reply.answer(result),
            Outcome::FallBack { tried } => directory.fall_back(node, kept, tried, reply),
        };
        remote.carry(node, errand, Box::new(done));
    }

    fn fall_back(&self, failed: NodeId, errand: Arc<Errand<A>>, tried: bool, reply: Reply<A::Answer>) {
        self.inner.around.metrics.fallbacks.inc();
        let errand =
            Arc::try_unwrap(errand).unwrap_or_else(|shared| Errand { command: shared.command.clone(), ..*shared });
        // An owner here would compete for the log with the one that all other nodes send to, and lose again and again.
        match self.elsewhere(errand.id, errand.hops, Some(failed)) {
            Some((node, remote)) => self.send_off(node, &remote, errand, tried, reply),
            None => {
                let told = move |result: Result<_, Refusal>| {
                    reply.answer(result.map_err(|refusal| route::honest(refusal, tried)));
                };
                self.tell_here(errand.id, errand.command, Some(errand.entry), Reply::new(told));
            }
        }
    }

    /// Asks the owners here that should live elsewhere to save and end: the placement has changed.
    pub fn rest_misplaced(&self) {
        for live in &self.inner.owners {
            if matches!(self.inner.placement.place(LogId { kind: A::KIND, id: *live.key() }), Place::Node(_)) {
                // A full mailbox means that it is busy: it ends when it has been idle.
                let _sent = live.owner.try_send(crate::owner::actor::Nudge::Rest).is_ok();
            }
        }
    }
}
