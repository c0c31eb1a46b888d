//! Limits of conferences.

use super::HooksConfig;
use serde::Deserialize;

/// Longest reaction.
const REACTION_BYTES: usize = 32;

/// Limits of conferences.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConferencesConfig {
    /// Characters of a public code, 6 to 12.
    pub code_chars: usize,
    /// How long a participant's token lasts, seconds.
    pub participant_ttl_s: u64,
    /// How long a token for a screen, a moderator or a co-host lasts, seconds.
    pub runner_ttl_s: u64,
    /// Most participants of one conference.
    pub participants: u64,
    /// Most questions of one conference, drafts included.
    pub questions: usize,
    /// Longest name of a participant, characters.
    pub name_chars: usize,
    /// Most invitations of one conference.
    pub invitations: usize,
    /// Most people on the roster of one conference.
    pub roster: usize,
    /// Most people in the conversation of a conference.
    pub chat_places: u32,
    /// How often the size of an audience is told at most, milliseconds.
    pub audience_every_ms: u64,
    /// So many days after the last thing that happened in a conference who took part is forgotten, unless it says otherwise; 0: never.
    pub expires_after_days: u32,
    /// How often is looked for conferences whose day has come, seconds.
    pub sweep_every_s: u64,
    /// Most conferences looked at each time.
    pub sweep_batch: usize,
    /// Reactions that an audience can show, 1 to 20 of at most 32 bytes each, in the order in which pages offer them.
    pub reactions: Vec<String>,
    /// How often reactions are told, milliseconds.
    pub reactions_every_ms: u64,
    /// Most reactions of one participant between two tellings; more are refused as `rateLimited`.
    pub reactions_at_once: usize,
    /// Webhooks.
    pub hooks: HooksConfig,
}

impl Default for ConferencesConfig {
    fn default() -> Self {
        Self {
            code_chars: 6,
            participant_ttl_s: 7 * 24 * 3_600,
            runner_ttl_s: 7 * 24 * 3_600,
            participants: 200_000,
            questions: 500,
            name_chars: 60,
            invitations: 20_000,
            roster: 20_000,
            chat_places: 1_000,
            audience_every_ms: 1_000,
            expires_after_days: 365,
            sweep_every_s: 3_600,
            sweep_batch: 1_000,
            reactions: ["👍", "❤️", "👏", "😂", "🎉", "🤔"].map(str::to_owned).into(),
            reactions_every_ms: 500,
            reactions_at_once: 3,
            hooks: HooksConfig::default(),
        }
    }
}

impl ConferencesConfig {
    fn reaction_problem(&self) -> Option<(&'static str, String)> {
        let is_wrong =
            |text: &&String| text.is_empty() || text.len() > REACTION_BYTES || text.chars().any(char::is_control);
        let wrong = self.reactions.iter().find(is_wrong)?;
        Some(("reactions", format!("{wrong:?} has not 1 to {REACTION_BYTES} bytes without control characters")))
    }

    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("code_chars", self.code_chars as u64, 6, 12),
            between("participant_ttl_s", self.participant_ttl_s, 60, 366 * 24 * 3_600),
            between("runner_ttl_s", self.runner_ttl_s, 60, 366 * 24 * 3_600),
            between("participants", self.participants, 1, 10_000_000),
            between("questions", self.questions as u64, 1, 900),
            between("invitations", self.invitations as u64, 0, 1_000_000),
            between("roster", self.roster as u64, 0, 1_000_000),
            between("name_chars", self.name_chars as u64, 1, 200),
            between("chat_places", u64::from(self.chat_places), 1, 100_000),
            between("audience_every_ms", self.audience_every_ms, 100, 60_000),
            between("expires_after_days", u64::from(self.expires_after_days), 0, 36_500),
            between("sweep_every_s", self.sweep_every_s, 1, 86_400),
            between("sweep_batch", self.sweep_batch as u64, 1, 100_000),
            between("reactions", self.reactions.len() as u64, 1, 20),
            between("reactions_every_ms", self.reactions_every_ms, 50, 60_000),
            between("reactions_at_once", self.reactions_at_once as u64, 1, 1_000),
        ]
        .into_iter()
        .flatten()
        .chain(self.reaction_problem())
        .chain(self.hooks.problems())
        .collect()
    }
}
