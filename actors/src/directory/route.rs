//! Where a command goes next and what its sender may be told, without I/O: the directory acts on it, and so does the simulation.

use super::remote::Carried;
use crate::placement::Place;
use plenum_schema::{NodeId, Refusal, RefusalCode};

/// Where a command goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// To the owner on this node.
    Here {
        /// The placement names another node.
        misplaced: bool,
    },
    /// To another node.
    To(NodeId),
}

/// Decides where a command goes that `hops` nodes have handed on. `max_hops`: how many may, `None` where there is no way to others.
/// `failed`: the node that has just not been able to carry it out.
#[must_use]
pub fn next(place: Place, hops: u8, max_hops: Option<u8>, failed: Option<NodeId>) -> Next {
    match place {
        Place::Local => Next::Here { misplaced: false },
        // It would fail there again.
        Place::Node(node) if failed == Some(node) => Next::Here { misplaced: false },
        Place::Node(node) if max_hops.is_some_and(|most| hops < most) => Next::To(node),
        Place::Node(_) => Next::Here { misplaced: true },
    }
}

/// What follows from what came of an errand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome<T> {
    /// The sender is told this.
    Answer(Result<T, Refusal>),
    /// Another node, or this one, carries it out under the same entry id.
    FallBack {
        /// It may have been carried out already.
        tried: bool,
    },
}

/// Decides what follows. `tried`: the command may have been carried out before this errand.
#[must_use]
pub fn outcome<T>(carried: Carried<T>, tried: bool) -> Outcome<T> {
    match carried {
        Carried::Lost => Outcome::FallBack { tried: true },
        Carried::Answered(Err(refusal)) if refusal.code == RefusalCode::Unavailable => {
            Outcome::FallBack { tried: true }
        }
        Carried::Answered(Err(refusal)) if refusal.code == RefusalCode::Draining => Outcome::FallBack { tried },
        Carried::Answered(result) => Outcome::Answer(result.map_err(|refusal| honest(refusal, tried))),
    }
}

/// What the sender of a command is told instead of a refusal that promises that nothing was carried out (`busy`, `draining`), when an
/// earlier try may have been: somebody who trusts it would write a message without a client ref once more.
#[must_use]
pub fn honest(refusal: Refusal, tried: bool) -> Refusal {
    if !tried || !matches!(refusal.code, RefusalCode::Busy | RefusalCode::Draining) {
        return refusal;
    }
    let text = "the command may have been carried out: retry with the same clientRef";
    Refusal { code: RefusalCode::Unavailable, message: text.into(), ..refusal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const B: NodeId = NodeId(Uuid::from_u128(2));

    fn refused(code: RefusalCode) -> Carried<u8> {
        Carried::Answered(Err(Refusal::new(code, "no").retry_after(250)))
    }

    #[test]
    fn a_command_goes_where_it_is_placed_until_it_has_been_handed_on_too_often() {
        assert_eq!(next(Place::Local, 0, Some(2), None), Next::Here { misplaced: false });
        assert_eq!(next(Place::Node(B), 1, Some(2), None), Next::To(B));
        assert_eq!(next(Place::Node(B), 2, Some(2), None), Next::Here { misplaced: true });
        assert_eq!(next(Place::Node(B), 0, None, None), Next::Here { misplaced: true });
    }

    #[test]
    fn what_a_node_could_not_carry_out_is_not_sent_there_again() {
        assert_eq!(next(Place::Node(B), 1, Some(2), Some(B)), Next::Here { misplaced: false });
        let other = NodeId(Uuid::from_u128(3));
        assert_eq!(next(Place::Node(other), 1, Some(2), Some(B)), Next::To(other));
    }

    #[test]
    fn an_answer_is_told_and_a_node_that_is_unable_is_replaced() {
        assert_eq!(outcome(Carried::Answered(Ok(7)), true), Outcome::Answer(Ok(7)));
        assert_eq!(outcome(Carried::<u8>::Lost, false), Outcome::FallBack { tried: true });
        assert_eq!(outcome(refused(RefusalCode::Unavailable), false), Outcome::FallBack { tried: true });
        assert_eq!(outcome(refused(RefusalCode::Draining), false), Outcome::FallBack { tried: false });
        assert_eq!(outcome(refused(RefusalCode::Draining), true), Outcome::FallBack { tried: true });
    }

    #[test]
    fn busy_is_said_only_of_what_was_certainly_not_carried_out() {
        let code = |tried| match outcome(refused(RefusalCode::Busy), tried) {
            Outcome::Answer(Err(refusal)) => (refusal.code, refusal.retry_after_ms),
            other => panic!("{other:?}"),
        };
        assert_eq!(code(false), (RefusalCode::Busy, Some(250)));
        assert_eq!(code(true), (RefusalCode::Unavailable, Some(250)));
        let other = Refusal::new(RefusalCode::NotFound, "no");
        assert_eq!(honest(other.clone(), true), other);
    }
}
