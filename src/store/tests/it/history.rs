//! Checks what concurrent clients saw of one log against what a log is.
//!
//! A history is a list of operations with the times at which they began and ended. It is correct when every operation can be given
//! one instant between its begin and its end so that, in the order of these instants, each append met the head it expected, and
//! each look saw the head of that instant. The final log fixes the order of the appends, which makes this exact and quick: go
//! through the states of the log in order and give each append the earliest instant it may have.

use plenum_schema::EntryId;
use plenum_schema::log::Offset;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What an operation did, as far as its caller was told.
#[derive(Clone, Debug)]
pub enum Seen {
    /// An append that was acknowledged with this head.
    Done { expected: Offset, ids: Vec<EntryId>, head: Offset },
    /// An append that was told that the head is another.
    Conflict { expected: Offset, ids: Vec<EntryId>, actual: Offset },
    /// An append without a clear answer: it may be in the log or not.
    Unknown { expected: Offset, ids: Vec<EntryId> },
    /// An append that was told that nothing was written.
    Failed { ids: Vec<EntryId> },
    /// A look at the head.
    Head(Offset),
    /// What stood behind an offset, in order: all of it, as the reader asked for more than there can be.
    Read { after: Offset, entries: Vec<(Offset, EntryId)> },
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// When it began, in any unit.
    pub begun: u64,
    /// When it ended.
    pub ended: u64,
    /// What came of it.
    pub seen: Seen,
}

/// An append that is in the log.
struct InLog {
    begun: u64,
    ended: u64,
    end: Offset,
}

fn fail<T>(text: String) -> Result<T, String> {
    Err(text)
}

/// Checks a history against the final log. The first thing that cannot be is the error.
pub fn check(operations: &[Operation], log: &[(Offset, EntryId)]) -> Result<(), String> {
    whole(log)?;
    let places: HashMap<EntryId, Offset> = log.iter().map(|(offset, id)| (*id, *offset)).collect();
    let appends = in_log(operations, log, &places)?;
    contents(operations, log)?;
    instants(operations, &appends, log.len() as u64)
}

/// The log has no gap and no id twice.
fn whole(log: &[(Offset, EntryId)]) -> Result<(), String> {
    let mut ids = HashSet::new();
    for ((offset, id), wanted) in log.iter().zip(1..) {
        if *offset != wanted {
            return fail(format!("a gap: {offset} stands where {wanted} should"));
        }
        if !ids.insert(id) {
            return fail(format!("{id} is in the log twice"));
        }
    }
    Ok(())
}

/// Which appends are in the log, by the head they were made on: whole, on the head they expected, and as they were told.
fn in_log(
    operations: &[Operation],
    log: &[(Offset, EntryId)],
    places: &HashMap<EntryId, Offset>,
) -> Result<BTreeMap<Offset, InLog>, String> {
    let mut appends = BTreeMap::new();
    let mut owned = 0;
    for operation in operations {
        let (expected, ids, ended) = match &operation.seen {
            Seen::Done { expected, ids, head } => {
                if *head != expected + ids.len() as u64 {
                    return fail(format!("{} entries on {expected} were acknowledged with {head}", ids.len()));
                }
                (*expected, ids, operation.ended)
            }
            // It may take effect long after its caller was told that nobody knows.
            Seen::Unknown { expected, ids } => {
                if ids.iter().all(|id| !places.contains_key(id)) {
                    continue;
                }
                (*expected, ids, u64::MAX)
            }
            Seen::Conflict { ids, .. } | Seen::Failed { ids } => {
                if let Some(id) = ids.iter().find(|id| places.contains_key(id)) {
                    return fail(format!("{id} was refused and is in the log: {operation:?}"));
                }
                continue;
            }
            _ => continue,
        };
        for (id, wanted) in ids.iter().zip(expected + 1..) {
            if places.get(id) != Some(&wanted) {
                return fail(format!("{id} should be at {wanted}, is at {:?}: {operation:?}", places.get(id)));
            }
        }
        owned += ids.len();
        let end = expected + ids.len() as u64;
        appends.insert(expected, InLog { begun: operation.begun, ended, end });
    }
    if owned != log.len() {
        return fail(format!("{} entries of the log are of no known append", log.len() - owned));
    }
    Ok(appends)
}

/// Everything that was read stands there in the end, and what was read has no hole.
fn contents(operations: &[Operation], log: &[(Offset, EntryId)]) -> Result<(), String> {
    for operation in operations {
        let Seen::Read { after, entries } = &operation.seen else { continue };
        for ((offset, id), wanted) in entries.iter().zip(after + 1..) {
            if *offset != wanted {
                return fail(format!("{offset} was read where {wanted} should stand: {operation:?}"));
            }
            let stands = usize::try_from(*offset).ok().and_then(|offset| log.get(offset.checked_sub(1)?));
            if stands != Some(&(*offset, *id)) {
                return fail(format!("{id} was read at {offset}, where {stands:?} stands"));
            }
        }
    }
    Ok(())
}

/// Looks, by the head they saw.
fn looks(operations: &[Operation]) -> BTreeMap<Offset, Vec<&Operation>> {
    let mut looks: BTreeMap<Offset, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        match &operation.seen {
            Seen::Head(head) => looks.entry(*head).or_default().push(operation),
            Seen::Conflict { expected, actual, .. } if expected != actual => {
                looks.entry(*actual).or_default().push(operation);
            }
            _ => {}
        }
    }
    looks
}

/// Gives every append and look an instant, or says which has none.
fn instants(operations: &[Operation], appends: &BTreeMap<Offset, InLog>, end: Offset) -> Result<(), String> {
    let mut looks = looks(operations);
    let (mut head, mut now) = (0, 0);
    let mut times: Vec<(Offset, u64)> = vec![(0, 0)];
    loop {
        for look in looks.remove(&head).unwrap_or_default() {
            if now > look.ended {
                return fail(format!("saw a head too early: at {now} it was {head}, {look:?}"));
            }
        }
        let seen_last = operations.iter().filter(|look| match &look.seen {
            Seen::Head(seen) => *seen == head,
            Seen::Conflict { actual, .. } => *actual == head,
            _ => false,
        });
        let not_before = seen_last.map(|look| look.begun).max().unwrap_or(0);
        let Some(append) = appends.get(&head) else { break };
        now = now.max(append.begun).max(not_before);
        if now > append.ended {
            return fail(format!(
                "the append on {head} ended at {}, but cannot have been applied before {now}",
                append.ended
            ));
        }
        head = append.end;
        times.push((head, now));
    }
    if head != end {
        return fail(format!("the appends lead to {head}, the log to {end}"));
    }
    if let Some((head, look)) = looks.into_iter().next() {
        return fail(format!("{head} was never the head: {look:?}"));
    }
    reads(operations, &times)
}

/// Nothing is read before it can be there, and everything is that was acknowledged before the reader began. In between, while an append is
/// under way, one reader may see it and the next not yet: only the head has one order with the appends.
fn reads(operations: &[Operation], times: &[(Offset, u64)]) -> Result<(), String> {
    let acknowledged = operations.iter().filter_map(|operation| match &operation.seen {
        Seen::Done { head, .. } => Some((operation.ended, *head)),
        _ => None,
    });
    let mut acknowledged: Vec<(u64, Offset)> = acknowledged.collect();
    acknowledged.sort_unstable();
    for operation in operations {
        let Seen::Read { after, entries } = &operation.seen else { continue };
        let last = entries.last().map_or(*after, |(offset, _)| *offset);
        let at = times.partition_point(|(head, _)| *head < last);
        if times.get(at).is_some_and(|(_, applied)| *applied > operation.ended) {
            return fail(format!("{last} was read before it was written: {operation:?}"));
        }
        let before = acknowledged.iter().take_while(|(ended, _)| *ended < operation.begun);
        let least = before.map(|(_, head)| *head).max().unwrap_or(0);
        if last < least {
            return fail(format!("{last} was the last that was read, {least} had been acknowledged: {operation:?}"));
        }
    }
    Ok(())
}

mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    fn log(length: u64) -> Vec<(Offset, EntryId)> {
        (1..=length).map(|offset| (offset, id(offset.into()))).collect()
    }

    fn at(begun: u64, ended: u64, seen: Seen) -> Operation {
        Operation { begun, ended, seen }
    }

    fn read(after: Offset, entries: Vec<(Offset, EntryId)>) -> Seen {
        Seen::Read { after, entries }
    }

    fn done(begun: u64, ended: u64, expected: Offset) -> Operation {
        let ids = vec![id(u128::from(expected) + 1)];
        at(begun, ended, Seen::Done { expected, ids, head: expected + 1 })
    }

    #[test]
    fn appends_and_looks_that_can_be_put_in_order_are_accepted() {
        let operations = [
            done(1, 5, 0),
            at(2, 3, Seen::Head(0)),
            at(2, 9, Seen::Head(1)),
            at(4, 6, Seen::Conflict { expected: 0, ids: vec![id(99)], actual: 1 }),
            at(6, 8, Seen::Unknown { expected: 1, ids: vec![id(2)] }),
            at(6, 8, Seen::Unknown { expected: 1, ids: vec![id(98)] }),
            at(20, 21, Seen::Head(2)),
            at(20, 21, read(0, log(2))),
            at(20, 21, read(1, log(2)[1..].to_vec())),
            at(2, 9, read(0, log(1))),
            at(20, 21, read(2, vec![])),
        ];
        assert_eq!(check(&operations, &log(2)), Ok(()));
    }

    #[test]
    fn what_cannot_be_is_found() {
        let two = || vec![done(1, 2, 0), done(3, 4, 1)];
        let with = |extra: Operation| [two(), vec![extra]].concat();
        let wrong = [
            ("an acknowledged entry is lost", two(), log(1)),
            ("a head that was acknowledged is not seen", with(at(5, 6, Seen::Head(1))), log(2)),
            ("a head is seen before it can be", with(at(1, 2, Seen::Head(2))), log(2)),
            ("a head goes back", with(at(3, 4, Seen::Head(0))), log(2)),
            (
                "a refused entry is there",
                with(at(1, 2, Seen::Conflict { expected: 2, ids: vec![id(3)], actual: 1 })),
                log(3),
            ),
            ("a failed entry is there", with(at(1, 2, Seen::Failed { ids: vec![id(3)] })), log(3)),
            ("an entry of nobody", two(), log(3)),
            ("a gap", two(), vec![(1, id(1)), (3, id(2))]),
            ("a double", two(), vec![(1, id(1)), (2, id(1))]),
            ("another entry is read", with(at(5, 6, read(0, vec![(1, id(7)), (2, id(2))]))), log(2)),
            ("an entry is read before it is written", with(at(1, 2, read(0, log(2)))), log(2)),
            ("what was acknowledged is not read", with(at(5, 6, read(0, log(1)))), log(2)),
            ("nothing is read where something stands", with(at(5, 6, read(0, vec![]))), log(2)),
            ("a hole is read", with(at(5, 6, read(0, vec![(2, id(2))]))), log(2)),
            (
                "half of a batch is a head",
                vec![at(1, 2, Seen::Done { expected: 0, ids: vec![id(1), id(2)], head: 2 }), at(1, 2, Seen::Head(1))],
                log(2),
            ),
            ("an order against time", vec![done(5, 6, 0), done(1, 2, 1)], log(2)),
            (
                "half of an unknown append",
                vec![at(1, 2, Seen::Unknown { expected: 0, ids: vec![id(1), id(9)] })],
                log(1),
            ),
        ];
        for (what, operations, log) in wrong {
            assert!(check(&operations, &log).is_err(), "{what}");
        }
    }
}
