//! Limits of conferences.

use serde::Deserialize;

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
    /// Most people in the conversation of a conference.
    pub chat_places: u32,
    /// How often the size of an audience is told at most, milliseconds.
    pub audience_every_ms: u64,
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
            chat_places: 1_000,
            audience_every_ms: 1_000,
        }
    }
}

impl ConferencesConfig {
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
            between("name_chars", self.name_chars as u64, 1, 200),
            between("chat_places", u64::from(self.chat_places), 1, 100_000),
            between("audience_every_ms", self.audience_every_ms, 100, 60_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
