//! Surveys: several questions that are live together and answered at one's own pace.

use super::{Conferences, QuestionStatus, QuestionView, unexpected};
use crate::accounts::Identity;
use plenum_actors::aggregates::poll::{Answered, Command, PEOPLE_PER_PAGE};
use plenum_schema::conference::HostRole;
use plenum_schema::{ConferenceId, ParticipantId, Refusal, RefusalCode};
use std::collections::HashMap;

/// How a survey stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SurveyView {
    /// Its name.
    pub name: String,
    /// How many of its questions the caller may know of.
    pub questions: usize,
    /// How many of them can be answered now.
    pub live: usize,
    /// How many the caller has answered; absent for who does not vote.
    pub answered: Option<usize>,
    /// How many have answered at least one question, and how many all of them; for who runs the conference.
    pub people: Option<(usize, usize)>,
}

impl Conferences {
    /// Lets the audience answer all questions of a survey, in their order; those that are live or closed stay so.
    ///
    /// # Errors
    /// `notFound` naming `survey`, `forbidden` by role, `conflict` before the start, `gone`, `limitReached` (the first ones are live then),
    /// `unavailable`.
    pub async fn push_survey(&self, by: &Identity, id: ConferenceId, name: &str) -> Result<Vec<QuestionView>, Refusal> {
        for question in self.survey_questions(by, id, name).await? {
            if question.status == QuestionStatus::Draft {
                self.push(by, id, question.id).await?;
            }
        }
        self.survey_questions(by, id, name).await
    }

    /// Closes all questions of a survey that are live.
    ///
    /// # Errors
    /// `notFound` naming `survey`, `forbidden` by role, `unavailable`.
    pub async fn close_survey(
        &self,
        by: &Identity,
        id: ConferenceId,
        name: &str,
    ) -> Result<Vec<QuestionView>, Refusal> {
        for question in self.survey_questions(by, id, name).await? {
            if question.status == QuestionStatus::Active {
                self.close(by, id, question.id).await?;
            }
        }
        self.survey_questions(by, id, name).await
    }

    async fn survey_questions(
        &self,
        by: &Identity,
        id: ConferenceId,
        name: &str,
    ) -> Result<Vec<QuestionView>, Refusal> {
        self.authorize(id, by, HostRole::Cohost).await?;
        let mut questions = self.questions(Some(by), id).await?;
        questions.retain(|question| question.definition.survey.as_deref() == Some(name));
        if questions.is_empty() {
            return Err(Refusal::field(RefusalCode::NotFound, "survey", "no question belongs to this survey"));
        }
        Ok(questions)
    }

    /// The surveys that somebody may know of, in the order of their first questions.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn surveys(&self, by: Option<&Identity>, id: ConferenceId) -> Result<Vec<SurveyView>, Refusal> {
        let runs = self.raw_view(id, by).await?.role >= Some(HostRole::Moderator);
        let votes = by.is_some_and(|by| super::voter_in(id, by).is_some());
        let mut surveys: Vec<(String, Vec<QuestionView>)> = Vec::new();
        for question in self.questions(by, id).await? {
            let Some(name) = question.definition.survey.clone() else { continue };
            match surveys.iter_mut().find(|(known, _)| *known == name) {
                Some((_, questions)) => questions.push(question),
                None => surveys.push((name, vec![question])),
            }
        }
        let mut views = Vec::new();
        for (name, questions) in surveys {
            let count = |is: &dyn Fn(&QuestionView) -> bool| questions.iter().filter(|question| is(question)).count();
            views.push(SurveyView {
                name,
                questions: questions.len(),
                live: count(&|question| question.status == QuestionStatus::Active),
                answered: votes.then(|| count(&|question| question.own.is_some())),
                people: if runs { self.people_of(&questions).await? } else { None },
            });
        }
        Ok(views)
    }

    /// How many have answered at least one of these questions, and how many all that were ever live.
    /// Nobody knows any more once their ballots are erased.
    pub(super) async fn people_of(&self, questions: &[QuestionView]) -> Result<Option<(usize, usize)>, Refusal> {
        let mut times: HashMap<ParticipantId, usize> = HashMap::new();
        let asked: Vec<_> =
            questions.iter().filter(|one| one.status != QuestionStatus::Draft).map(|one| one.id).collect();
        for question in &asked {
            let mut after = None;
            loop {
                let voters = match self.ask_poll(*question, Command::Voters { after }).await {
                    Ok(Answered::Voters(voters)) => voters,
                    Err(refusal) if refusal.code == RefusalCode::Gone => return Ok(None),
                    Err(refusal) => return Err(refusal),
                    Ok(other) => return Err(unexpected(&other)),
                };
                after = voters.last().copied();
                voters.iter().for_each(|voter| *times.entry(*voter).or_default() += 1);
                if voters.len() < PEOPLE_PER_PAGE {
                    break;
                }
            }
        }
        let all = times.values().filter(|times| **times == asked.len()).count();
        Ok(Some((times.len(), all)))
    }
}
