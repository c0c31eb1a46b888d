//! A connection of which we do not know whose it is.

use super::backend::{Answer, Backend, ReplyTo};
use super::config::ConnectionConfig;
use plenum_schema::wire::{ClientInfo, Identify};
use plenum_schema::{Refusal, RefusalCode};

/// Before identification.
#[derive(Debug, Default)]
pub struct Unidentified {
    /// An `identify` is being checked.
    asked: bool,
}

impl Unidentified {
    /// Starts to check a token; the answer comes as [`Answer::Identified`].
    ///
    /// # Errors
    /// When one is being checked already, or the command is out of bounds.
    pub fn identify(
        &mut self,
        id: u32,
        command: Identify,
        config: &ConnectionConfig,
        (backend, me): (&dyn Backend, &ReplyTo),
    ) -> Result<(), Refusal> {
        if self.asked {
            return Err(Refusal::new(RefusalCode::Conflict, "an identify is being checked already"));
        }
        check(&command, config)?;
        self.asked = true;
        ask(id, command, backend, me);
        Ok(())
    }

    /// The check has failed in a way that may pass: another try is welcome.
    pub fn again(&mut self) {
        self.asked = false;
    }
}

/// Asks who has the token.
pub(super) fn ask(id: u32, command: Identify, backend: &dyn Backend, me: &ReplyTo) {
    let me = me.clone();
    backend.authenticate(command.token, Box::new(move |outcome| me.send(Answer::Identified(id, outcome))));
}

pub(super) fn check(command: &Identify, config: &ConnectionConfig) -> Result<(), Refusal> {
    let (token, client) = (config.token_bytes, config.client_bytes);
    if command.token.len() > token {
        let text = format!("a token has at most {token} bytes");
        return Err(Refusal::field(RefusalCode::TooLarge, "token", text));
    }
    let long = |text: &str| text.len() > client || text.chars().any(char::is_control);
    match &command.client {
        Some(ClientInfo { name, version }) if long(name) || long(version) => {
            let text = format!("name and version are plain text of at most {client} bytes");
            Err(Refusal::field(RefusalCode::Invalid, "client", text))
        }
        _ => Ok(()),
    }
}
