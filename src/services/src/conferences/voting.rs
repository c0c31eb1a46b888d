//! Voting: the same from every protocol.

use super::{Conferences, unexpected, voter};
use crate::accounts::Identity;
use plenum_actors::aggregates::poll::{Answered, Command};
use plenum_actors::owner::Reply;
use plenum_schema::Refusal;
use plenum_schema::wire::{Vote, Voted, Withdraw};

fn voted(answer: Answered) -> Result<Voted, Refusal> {
    match answer {
        Answered::Voted(voted) => Ok(voted),
        other => Err(unexpected(&other)),
    }
}

impl Conferences {
    /// Casts a ballot; the answer comes when it is durable. Nothing is awaited and nothing allocated but the reply, because everybody
    /// does this in the same five seconds.
    pub fn tell_vote(&self, by: &Identity, vote: Vote, reply: impl FnOnce(Result<Voted, Refusal>) + Send + 'static) {
        let Vote { question, answer, pressed_after_ms, sequence } = vote;
        match voter(by) {
            Ok(voter) => {
                let command = Command::Vote { voter, answer, pressed_after_ms, sequence };
                self.parts.polls.tell(question.0, command, Reply::new(move |answer| reply(answer.and_then(voted))));
            }
            Err(refusal) => reply(Err(refusal)),
        }
    }

    /// Takes a ballot back, in the same way.
    pub fn tell_withdraw(
        &self,
        by: &Identity,
        withdraw: Withdraw,
        reply: impl FnOnce(Result<Voted, Refusal>) + Send + 'static,
    ) {
        match voter(by) {
            Ok(voter) => {
                let command = Command::Withdraw { voter, sequence: withdraw.sequence };
                let answer = Reply::new(move |answer: Result<Answered, Refusal>| reply(answer.and_then(voted)));
                self.parts.polls.tell(withdraw.question.0, command, answer);
            }
            Err(refusal) => reply(Err(refusal)),
        }
    }

    /// Casts a ballot and waits until it is durable.
    ///
    /// # Errors
    /// `forbidden` without a participant's token, `notFound` for a question of another conference, `conflict` naming `question` when it
    /// is not live or `answer` when it may not be changed, `gone` when it is closed, `invalid` naming a member of the answer,
    /// `busy`, `unavailable`.
    pub async fn vote(&self, by: &Identity, vote: Vote) -> Result<Voted, Refusal> {
        let Vote { question, answer, pressed_after_ms, sequence } = vote;
        let command = Command::Vote { voter: voter(by)?, answer, pressed_after_ms, sequence };
        voted(self.ask_poll(question, command).await?)
    }

    /// Takes a ballot back and waits until that is durable.
    ///
    /// # Errors
    /// As [`Self::vote`].
    pub async fn withdraw(&self, by: &Identity, withdraw: Withdraw) -> Result<Voted, Refusal> {
        let Withdraw { question, sequence } = withdraw;
        voted(self.ask_poll(question, Command::Withdraw { voter: voter(by)?, sequence }).await?)
    }
}
