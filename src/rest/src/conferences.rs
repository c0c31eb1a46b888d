//! Conferences: made, joined by code, run; questions, votes, results, reports.

pub(crate) mod add_host;
pub(crate) mod add_image;
pub(crate) mod add_question;
pub(crate) mod add_speaker;
pub(crate) mod all_results;
pub(crate) mod anonymise;
pub(crate) mod body;
pub(crate) mod by_code;
pub(crate) mod change_question;
pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod drop_question;
pub(crate) mod end;
pub(crate) mod freeze;
pub(crate) mod get;
pub(crate) mod hide_word;
pub(crate) mod hook_add;
pub(crate) mod hook_drop;
pub(crate) mod hooks;
pub(crate) mod invitations;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod order;
pub(crate) mod participants;
pub(crate) mod qr;
pub(crate) mod question;
pub(crate) mod questions;
pub(crate) mod react;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod roster;
pub(crate) mod roster_add;
pub(crate) mod roster_drop;
pub(crate) mod sheet;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod survey;
pub(crate) mod survey_close;
pub(crate) mod survey_live;
pub(crate) mod token;
pub(crate) mod update;
pub(crate) mod view;
pub(crate) mod vote;
pub(crate) mod weigh;
pub(crate) mod withdraw;

use crate::state::RestState;
use actix_web::HttpRequest;
use plenum_http::{client_address, limit_key};
use plenum_schema::{Refusal, RefusalCode};

/// Takes a guess of the caller's address, and gives it back unless `guess` turned out wrong.
async fn guessing<T>(
    state: &RestState,
    request: &HttpRequest,
    guess: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let Some(address) = client_address(request).map(limit_key) else { return guess.await };
    state.guesses.check_for(request, address, state.clock.mono())?;
    let outcome = guess.await;
    let is_wrong = matches!(&outcome, Err(refusal) if is_guess(refusal));
    if !is_wrong {
        state.guesses.give_back(address, state.clock.mono());
    }
    outcome
}

/// Whether a refusal is that of a wrong code or passcode.
fn is_guess(refusal: &Refusal) -> bool {
    matches!(refusal.code, RefusalCode::NotFound | RefusalCode::Forbidden)
}
