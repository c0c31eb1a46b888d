//! Teams in a quiz: the mean points of those of each team who answered.

use super::{Conferences, unexpected};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::poll::{Answered, Command, PEOPLE_PER_PAGE};
use plenum_actors::store::Direction;
use plenum_schema::entities::Participant;
use plenum_schema::poll::{Number, QuestionKind, Results, TeamScore};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, ParticipantId, QuestionId, Refusal};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Participants read at a time.
const PAGE: usize = 1_000;

impl Conferences {
    /// The results of a closed question with the leaderboard of teams, where it is a quiz and there are teams.
    pub(super) async fn with_teams(&self, id: ConferenceId, mut results: Results) -> Result<Results, Refusal> {
        if results.kind != QuestionKind::Quiz || results.hidden {
            return Ok(results);
        }
        let teams = self.raw_view(id, None).await?.info.teams;
        if teams.is_empty() {
            return Ok(results);
        }
        let scores = self.scores(results.question).await?;
        results.teams = ranked(&teams, &self.sums(id, &scores).await?);
        Ok(results)
    }

    /// What everybody got.
    async fn scores(&self, question: QuestionId) -> Result<HashMap<ParticipantId, u64>, Refusal> {
        let (mut all, mut after) = (HashMap::new(), None);
        loop {
            let Answered::Scores(scores) = self.ask_poll(question, Command::Scores { after }).await? else {
                return Err(unexpected(&"scores"));
            };
            after = scores.last().map(|(participant, _)| *participant);
            let is_last = scores.len() < PEOPLE_PER_PAGE;
            all.extend(scores);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Points and number of those who answered, by team.
    async fn sums(
        &self,
        id: ConferenceId,
        scores: &HashMap<ParticipantId, u64>,
    ) -> Result<HashMap<String, (u64, u64)>, Refusal> {
        let mut sums: HashMap<String, (u64, u64)> = HashMap::new();
        let mut after = None;
        loop {
            let partition = vec![id.to_value()];
            let rows = self.parts.store.scan(Participant::TABLE, partition, after, Direction::Forward, PAGE).await;
            let rows = rows.map_err(unavailable)?;
            let is_last = rows.len() < PAGE;
            let mut last = None;
            for row in rows {
                let row = Participant::from_row(row).map_err(|error| damaged(&error))?;
                last = Some(row.participant_id);
                let Some((team, points)) = row.team.zip(scores.get(&row.participant_id)) else { continue };
                let sum = sums.entry(team).or_default();
                *sum = (sum.0 + points, sum.1 + 1);
            }
            match last {
                Some(last) if !is_last => after = Some(vec![last.to_value()]),
                _ => return Ok(sums),
            }
        }
    }
}

/// Most points first; among equals in the order of the conference.
fn ranked(teams: &[String], sums: &HashMap<String, (u64, u64)>) -> Vec<TeamScore> {
    let score = |team: &String| {
        let (points, answered) = sums.get(team).copied().unwrap_or_default();
        TeamScore { team: team.clone(), points: Number::mean(i128::from(points) * 1_000_000, answered), answered }
    };
    let mut scores: Vec<TeamScore> = teams.iter().map(score).collect();
    scores.sort_by_key(|score| Reverse(score.points));
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_as_good_as_the_mean_of_those_who_answered() {
        let teams: Vec<String> = ["red", "blue", "idle"].map(Into::into).into();
        let sums = HashMap::from([("red".to_owned(), (900, 3)), ("blue".to_owned(), (700, 2))]);
        let scores = ranked(&teams, &sums);
        let told: Vec<_> = scores.iter().map(|one| (one.team.as_str(), one.points.as_whole(), one.answered)).collect();
        assert_eq!(told, [("blue", Some(350), 2), ("red", Some(300), 3), ("idle", Some(0), 0)]);
    }
}
