//! What connections ask of conferences.

use plenum_actors::connection::Reply;
use plenum_actors::identity::Identity;
use plenum_schema::board::BoardItem;
use plenum_schema::wire::{AckResult, BoardChange, Command, ConferenceChange, ModerateQuestion, Pong};
use plenum_schema::{ConferenceId, Offset, Refusal};
use plenum_services::clock::SharedClock;
use plenum_services::conferences::{Conferences, Moderation};
use std::future::Future;

/// Carries the command out when it is one of conferences; gives others back.
pub(crate) fn call(
    (conferences, clock): (&Conferences, &SharedClock),
    caller: &Identity,
    command: Command,
    reply: Reply<AckResult>,
) -> Option<(Command, Reply<AckResult>)> {
    // A copy of the service is for those who wait for it: this is called for every message of every room.
    let (service, by) = (|| conferences.clone(), *caller);
    match command {
        Command::Vote(vote) => {
            conferences.tell_vote(caller, vote, move |outcome| reply(outcome.map(AckResult::Voted)));
        }
        Command::Withdraw(withdraw) => {
            conferences.tell_withdraw(caller, withdraw, move |outcome| reply(outcome.map(AckResult::Voted)));
        }
        Command::PushQuestion(asked) => {
            let service = service();
            later(asked.conference, reply, async move { service.push(&by, asked.conference, asked.question).await });
        }
        Command::CloseQuestion(asked) => {
            let service = service();
            later(asked.conference, reply, async move { service.close(&by, asked.conference, asked.question).await });
        }
        Command::ShowResults(asked) => {
            let service = service();
            later(asked.conference, reply, async move {
                service.show(&by, asked.conference, asked.question, asked.shown).await
            });
        }
        Command::Ask(asked) => {
            let (conference, service) = (asked.conference, service());
            on_board(conference, reply, async move { service.ask_question(&by, asked).await });
        }
        Command::Upvote(vote) => {
            let (conference, service) = (vote.conference, service());
            on_board(conference, reply, async move { service.upvote(&by, vote).await });
        }
        Command::Reply(reply_to) => {
            let (conference, service) = (reply_to.conference, service());
            on_board(conference, reply, async move { service.reply(&by, reply_to).await });
        }
        Command::Moderate(moderate) => {
            let (conference, item, service) = (moderate.conference, moderate.item, service());
            let ModerateQuestion { status, pinned, answer, labels, .. } = moderate;
            let moderation = Moderation { status, pinned, answer, labels };
            on_board(conference, reply, async move { service.moderate(&by, conference, item, moderation).await });
        }
        Command::ReactLive(react) => {
            reply(conferences.react(caller, &react).map(|()| AckResult::Pong(Pong { at: clock.wall() })));
        }
        other => return Some((other, reply)),
    }
    None
}

fn later(
    conference: ConferenceId,
    reply: Reply<AckResult>,
    work: impl Future<Output = Result<Offset, Refusal>> + 'static,
) {
    actix::spawn(async move {
        let changed = |offset| AckResult::ConferenceChanged(ConferenceChange { conference, offset });
        reply(work.await.map(changed));
    });
}

fn on_board(
    conference: ConferenceId,
    reply: Reply<AckResult>,
    work: impl Future<Output = Result<BoardItem, Refusal>> + 'static,
) {
    actix::spawn(async move {
        let changed = |item| AckResult::BoardChanged(BoardChange { conference, item });
        reply(work.await.map(changed));
    });
}
