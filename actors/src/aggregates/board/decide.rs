//! The rules of a board.

use super::command::{Answered, BoardLimits, Command, Listed, Order};
use super::{Board, Item};
use crate::clock::WallMillis;
use plenum_schema::board::{ANSWER_CHARS, Asked, BoardEvent, BoardItem, ItemId, ItemStatus, Moderated, Upvoted};
use plenum_schema::{ParticipantId, Refusal, RefusalCode};

pub(super) type Decided = Result<(Vec<BoardEvent>, Answered), Refusal>;

/// Longest client ref, bytes.
const CLIENT_REF_BYTES: usize = 64;

pub(super) fn decide(state: &Board, rules: &BoardLimits, command: &Command, now: WallMillis) -> Decided {
    match command {
        Command::Ask { by, author, text, client_ref, moderated } => {
            if client_ref.as_ref().is_some_and(|text| !(1..=CLIENT_REF_BYTES).contains(&text.len())) {
                return Err(Refusal::field(RefusalCode::Invalid, "clientRef", "a client ref has 1 to 64 bytes"));
            }
            let status = if *moderated { ItemStatus::Pending } else { ItemStatus::Approved };
            ask(state, rules, (*by, author.clone()), text, status, now)
        }
        Command::Upvote { by, item, up } => upvote(state, *by, *item, *up),
        Command::Moderate { item, status, pinned, answer } => {
            moderate(state, *item, *status, *pinned, answer.as_deref())
        }
        Command::List { by, order, skip, limit } => Ok((Vec::new(), list(state, *by, *order, *skip, *limit))),
        Command::Ready => Ok((Vec::new(), Answered::Ready)),
        Command::Signal { as_host } => {
            let signal = state.signal(rules, |item| *as_host || item.is_public());
            Ok((Vec::new(), Answered::Signal(Box::new(signal))))
        }
    }
}

fn check(field: &str, text: &str, most: usize) -> Result<(), Refusal> {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::field(RefusalCode::Invalid, field, "it has no control characters"));
    }
    if text.chars().count() > most {
        return Err(Refusal::field(RefusalCode::TooLarge, field, format!("it has at most {most} characters")));
    }
    Ok(())
}

fn ask(
    state: &Board,
    rules: &BoardLimits,
    (by, author): (ParticipantId, Option<String>),
    text: &str,
    status: ItemStatus,
    now: WallMillis,
) -> Decided {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, "text", "it must not be empty"));
    }
    check("text", text, rules.text_chars)?;
    if state.items.len() >= rules.items {
        return Err(Refusal::new(RefusalCode::LimitReached, "this conference has as many questions as it may have"));
    }
    let is_open = |item: &&Item| item.by == by && matches!(item.status, ItemStatus::Pending | ItemStatus::Approved);
    if state.items.values().filter(is_open).count() >= rules.items_per_participant {
        return Err(Refusal::new(RefusalCode::LimitReached, "wait until some of your questions are answered"));
    }
    let item = state.items.last_key_value().map_or(0, |(id, _)| *id) + 1;
    let view = BoardItem {
        id: item,
        text: text.to_owned(),
        author: author.clone(),
        status,
        pinned: false,
        votes: 0,
        answer: None,
        at: now,
    };
    let asked = Asked { item, by, author, text: text.to_owned(), status };
    Ok((vec![BoardEvent::Asked(asked)], Answered::Item(Box::new(view))))
}

fn found(state: &Board, id: ItemId) -> Result<&Item, Refusal> {
    state.items.get(&id).ok_or_else(missing)
}

fn missing() -> Refusal {
    Refusal::field(RefusalCode::NotFound, "item", "there is no such question")
}

fn upvote(state: &Board, by: ParticipantId, id: ItemId, up: bool) -> Decided {
    // What somebody may not see does not exist for them.
    let item = found(state, id)?.seen().ok_or_else(missing)?;
    let has = item.voters.contains(&by);
    let mut view = item.view(id);
    if has == up {
        return Ok((Vec::new(), Answered::Item(Box::new(view))));
    }
    view.votes = if up { view.votes + 1 } else { view.votes.saturating_sub(1) };
    Ok((vec![BoardEvent::Upvoted(Upvoted { item: id, by, up })], Answered::Item(Box::new(view))))
}

fn moderate(
    state: &Board,
    id: ItemId,
    status: Option<ItemStatus>,
    pinned: Option<bool>,
    answer: Option<&str>,
) -> Decided {
    let item = found(state, id)?;
    if let Some(answer) = answer {
        check("answer", answer, ANSWER_CHARS)?;
    }
    let mut view = item.view(id);
    let before = view.clone();
    view.status = status.unwrap_or(view.status);
    view.pinned = pinned.unwrap_or(view.pinned);
    if let Some(answer) = answer {
        view.answer = Some(answer.to_owned()).filter(|answer| !answer.is_empty());
    }
    if view == before {
        return Ok((Vec::new(), Answered::Item(Box::new(view))));
    }
    let moderated = Moderated { item: id, status, pinned, answer: answer.map(str::to_owned) };
    Ok((vec![BoardEvent::Moderated(moderated)], Answered::Item(Box::new(view))))
}

fn list(state: &Board, by: Option<ParticipantId>, order: Order, skip: usize, limit: usize) -> Answered {
    let is_seen = |item: &Item| by.is_none_or(|by| item.is_public() || item.by == by);
    let all = state.sorted(order, is_seen);
    let is_more = all.len() > skip.saturating_add(limit);
    let listed = |(id, item): (ItemId, &Item)| Listed {
        item: item.view(id),
        mine: by.is_some_and(|by| item.voters.contains(&by)),
        own: by == Some(item.by),
    };
    Answered::Items(all.into_iter().skip(skip).take(limit).map(listed).collect(), is_more)
}
