//! The rules of a board.

use super::Board;
use super::command::{Answered, BoardLimits, Command, Listed, Listing, Order, Speaker};
use super::item::{Crowd, Item, Reply};
use crate::aggregate::Aggregate;
use crate::clock::WallMillis;
use plenum_schema::board::{
    ANSWER_CHARS, Asked, BoardEvent, BoardItem, Erased, ItemId, ItemStatus, LABEL_CHARS, LABELS, Merged, Moderated,
    Replied, ReplyDropped, ReplyId, Upvoted,
};
use plenum_schema::{ParticipantId, Refusal, RefusalCode, Topic};

pub(super) type Decided = Result<(Vec<BoardEvent>, Answered), Refusal>;

/// Longest client ref, bytes.
const CLIENT_REF_BYTES: usize = 64;

pub(super) fn decide(state: &Board, rules: &BoardLimits, command: &Command, now: WallMillis) -> Decided {
    let is_change =
        !matches!(command, Command::Erase { .. } | Command::List(_) | Command::Ready | Command::Signal { .. });
    if state.forgotten > 0 && is_change {
        return Err(Refusal::new(RefusalCode::Gone, "the conference is over, and who took part is forgotten"));
    }
    match command {
        Command::Ask { by, author, text, client_ref, moderated } => {
            check_ref(client_ref.as_deref())?;
            let status = if *moderated { ItemStatus::Pending } else { ItemStatus::Approved };
            ask(state, rules, (*by, author.clone()), text, status, now)
        }
        Command::Upvote { by, item, up } => upvote(state, *by, *item, *up),
        Command::Moderate { item, status, pinned, answer, labels } => {
            let moderated = Moderated {
                item: *item,
                status: *status,
                pinned: *pinned,
                answer: answer.clone(),
                labels: labels.as_deref().map(normal_labels).transpose()?,
            };
            moderate(state, moderated)
        }
        Command::Merge { item, into } => merge(state, *item, *into),
        Command::Reply { by, author, item, text, client_ref } => {
            check_ref(client_ref.as_deref())?;
            reply(state, rules, (*by, author.clone()), *item, text, now)
        }
        Command::DropReply { item, reply } => drop_reply(state, *item, *reply),
        Command::Erase { texts } => {
            let is_done = state.head == 0 || (state.forgotten > 0 && (!texts || state.items.is_empty()));
            let events = if is_done { Vec::new() } else { vec![BoardEvent::Erased(Erased { texts: *texts })] };
            Ok((events, Answered::Ready))
        }
        Command::List(listing) => Ok((Vec::new(), list(state, listing))),
        Command::Ready => Ok((Vec::new(), Answered::Ready)),
        Command::Signal { as_host } => {
            let topic = if *as_host { Topic::BoardHost(state.id) } else { Topic::Board(state.id) };
            let signal = state.signals(rules).into_iter().find_map(|(on, signal)| (on == topic).then_some(signal));
            let unknown = || Refusal::new(RefusalCode::NotFound, "the board has no signal");
            Ok((Vec::new(), Answered::Signal(Box::new(signal.ok_or_else(unknown)?))))
        }
    }
}

fn check_ref(client_ref: Option<&str>) -> Result<(), Refusal> {
    if client_ref.is_some_and(|text| !(1..=CLIENT_REF_BYTES).contains(&text.len())) {
        return Err(Refusal::field(RefusalCode::Invalid, "clientRef", "a client ref has 1 to 64 bytes"));
    }
    Ok(())
}

/// The item as it is now, with all of its replies.
fn whole(id: ItemId, item: &Item) -> BoardItem {
    item.view(id, None, usize::MAX)
}

fn answer(view: BoardItem) -> Answered {
    Answered::Item(Box::new(view))
}

fn not_empty(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, "text", "it must not be empty"));
    }
    Ok(text)
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
    let text = not_empty(text)?;
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
        score: None,
        answer: None,
        labels: Vec::new(),
        merged: 0,
        replies: 0,
        newest_replies: Vec::new(),
        at: now,
    };
    let asked = Asked { item, by, author, text: text.to_owned(), status };
    Ok((vec![BoardEvent::Asked(asked)], answer(view)))
}

fn found(state: &Board, id: ItemId) -> Result<&Item, Refusal> {
    state.items.get(&id).ok_or_else(missing)
}

fn missing() -> Refusal {
    Refusal::field(RefusalCode::NotFound, "item", "there is no such question")
}

fn upvote(state: &Board, by: ParticipantId, id: ItemId, up: bool) -> Decided {
    let id = state.resolve(id);
    // What somebody may not see does not exist for them.
    let item = found(state, id)?.seen().ok_or_else(missing)?;
    let has = item.voters.contains(&by);
    let mut view = whole(id, item);
    if has == up {
        return Ok((Vec::new(), answer(view)));
    }
    view.votes = if up { view.votes + 1 } else { view.votes.saturating_sub(1) };
    Ok((vec![BoardEvent::Upvoted(Upvoted { item: id, by, up })], answer(view)))
}

/// An item that a moderator can still do something with.
fn standing(state: &Board, id: ItemId) -> Result<&Item, Refusal> {
    let item = found(state, id)?;
    match item.into {
        Some(into) => Err(Refusal::field(
            RefusalCode::Conflict,
            "item",
            format!("it was merged into question {into} of the board"),
        )),
        None => Ok(item),
    }
}

fn moderate(state: &Board, moderated: Moderated) -> Decided {
    let id = moderated.item;
    let item = standing(state, id)?;
    if moderated.status == Some(ItemStatus::Merged) {
        return Err(Refusal::field(RefusalCode::Invalid, "status", "merge it into another question instead"));
    }
    if let Some(answer) = &moderated.answer {
        check("answer", answer, ANSWER_CHARS)?;
    }
    let before = whole(id, item);
    let mut view = before.clone();
    view.status = moderated.status.unwrap_or(view.status);
    view.pinned = moderated.pinned.unwrap_or(view.pinned);
    if let Some(answer) = &moderated.answer {
        view.answer = Some(answer.clone()).filter(|answer| !answer.is_empty());
    }
    if let Some(labels) = &moderated.labels {
        view.labels.clone_from(labels);
    }
    let events = if view == before { Vec::new() } else { vec![BoardEvent::Moderated(moderated)] };
    Ok((events, answer(view)))
}

/// Labels without spaces around them, each once, in the order they were given.
fn normal_labels(labels: &[String]) -> Result<Vec<String>, Refusal> {
    let mut normal: Vec<String> = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        let (field, label) = (format!("labels[{place}]"), label.trim());
        if label.is_empty() || label.chars().any(char::is_control) {
            return Err(Refusal::field(RefusalCode::Invalid, field, "a label is a line of text"));
        }
        check(&field, label, LABEL_CHARS)?;
        if !normal.iter().any(|one| one == label) {
            normal.push(label.to_owned());
        }
        if normal.len() > LABELS {
            return Err(Refusal::field(
                RefusalCode::LimitReached,
                "labels",
                format!("there are at most {LABELS} labels"),
            ));
        }
    }
    Ok(normal)
}

fn merge(state: &Board, id: ItemId, into: ItemId) -> Decided {
    let target = state.resolve(into);
    let kept = state
        .items
        .get(&target)
        .ok_or_else(|| Refusal::field(RefusalCode::NotFound, "into", "there is no such question to merge it into"))?;
    if state.items.get(&id).is_some_and(|item| item.into == Some(target)) {
        return Ok((Vec::new(), answer(whole(target, kept))));
    }
    let gone = standing(state, id)?;
    if id == target {
        return Err(Refusal::field(RefusalCode::Invalid, "into", "a question is merged into another one"));
    }
    let mut view = whole(target, kept);
    view.votes = kept.voters.union(&gone.voters).count() as u64;
    view.merged += 1 + gone.also.len() as u64;
    let moved = (kept.last_reply + 1..).zip(&gone.replies).map(|(id, reply)| Reply { id, ..reply.clone() });
    let mut replies: Vec<Reply> = kept.replies.iter().cloned().chain(moved).collect();
    replies.sort_by_key(|reply| reply.offset);
    view.replies = replies.len() as u64;
    view.newest_replies = replies.iter().map(Reply::view).collect();
    Ok((vec![BoardEvent::Merged(Merged { item: id, into: target })], answer(view)))
}

fn reply(
    state: &Board,
    rules: &BoardLimits,
    (by, author): (Speaker, Option<String>),
    id: ItemId,
    text: &str,
    now: WallMillis,
) -> Decided {
    let id = state.resolve(id);
    let item = found(state, id)?;
    let participant = by.participant();
    if participant.is_some_and(|_| !item.is_public()) {
        return Err(missing());
    }
    let text = not_empty(text)?;
    check("text", text, if participant.is_some() { rules.text_chars } else { ANSWER_CHARS })?;
    let theirs = item.replies.iter().filter(|reply| participant.is_some() && reply.by == participant).count();
    if item.replies.len() >= rules.replies || theirs >= rules.replies_per_participant {
        let text = "this question has as many replies, or as many of yours, as it may have";
        return Err(Refusal::field(RefusalCode::LimitReached, "item", text));
    }
    let number = item.last_reply + 1;
    let mut view = whole(id, item);
    let made = Reply { id: number, by: participant, author, text: text.to_owned(), at: now, offset: 0 };
    view.newest_replies.push(made.view());
    view.replies += 1;
    let Reply { author, text, .. } = made;
    let replied = Replied { item: id, reply: number, by: participant, author, text };
    Ok((vec![BoardEvent::Replied(replied)], answer(view)))
}

fn drop_reply(state: &Board, id: ItemId, reply: ReplyId) -> Decided {
    let id = state.resolve(id);
    let item = found(state, id)?;
    let mut view = whole(id, item);
    if !item.replies.iter().any(|one| one.id == reply) {
        if reply == 0 || reply > item.last_reply {
            return Err(Refusal::field(RefusalCode::NotFound, "reply", "there is no such reply"));
        }
        return Ok((Vec::new(), answer(view)));
    }
    view.newest_replies.retain(|one| one.id != reply);
    view.replies = view.newest_replies.len() as u64;
    Ok((vec![BoardEvent::ReplyDropped(ReplyDropped { item: id, reply })], answer(view)))
}

fn list(state: &Board, wanted: &Listing) -> Answered {
    let Listing { by, order, label, is_open, skip, limit } = wanted;
    let is_seen = |item: &Item| {
        by.is_none_or(|by| item.is_public() || item.is_of(by))
            && label.as_ref().is_none_or(|label| item.labels.contains(label))
            && (!is_open || item.status == ItemStatus::Approved)
    };
    let crowd = (*order == Order::Wilson).then(|| Crowd::of(state));
    let all = state.sorted(*order, crowd.as_ref(), is_seen);
    let is_more = all.len() > skip.saturating_add(*limit);
    let listed = |(id, item): (ItemId, &Item)| Listed {
        item: item.view(id, crowd.as_ref(), usize::MAX),
        mine: by.is_some_and(|by| item.voters.contains(&by)),
        own: by.is_some_and(|by| item.is_of(by)),
    };
    Answered::Items(all.into_iter().skip(*skip).take(*limit).map(listed).collect(), is_more)
}
