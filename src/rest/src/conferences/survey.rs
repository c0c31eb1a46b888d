use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest};
use plenum_schema::ConferenceId;
use plenum_services::conferences::SurveyView;
use serde::{Deserialize, Serialize};

/// Which survey is meant.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = SurveyBody)]
pub(crate) struct SurveyBody {
    /// The `survey` of its questions.
    pub survey: String,
}

/// How a survey stands.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Survey)]
pub(crate) struct SurveyAnswer {
    survey: String,
    /// How many of its questions the caller may know of.
    questions: usize,
    /// How many can be answered now.
    live: usize,
    /// How many the caller has answered; for participants.
    answered: Option<usize>,
    /// How many people have answered at least one; for who runs the conference.
    begun: Option<usize>,
    /// How many people have answered all that were ever live; for who runs the conference.
    completed: Option<usize>,
}

impl From<SurveyView> for SurveyAnswer {
    fn from(view: SurveyView) -> Self {
        let SurveyView { name, questions, live, answered, people } = view;
        let (begun, completed) = people.unzip();
        Self { survey: name, questions, live, answered, begun, completed }
    }
}

/// Several surveys.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Surveys)]
pub(crate) struct SurveysAnswer {
    items: Vec<SurveyAnswer>,
}

/// The surveys of a conference, with how far the caller, or the audience, has come
#[utoipa::path(get, path = "/conference/{id}/surveys", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "Those with questions that the caller may know of", body = SurveysAnswer)))]
pub async fn handle(guest: OptionalGuest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let surveys = state.conferences.surveys(guest.0.as_ref(), id.0).await?;
    Ok(HttpResponse::Ok().json(SurveysAnswer { items: surveys.into_iter().map(SurveyAnswer::from).collect() }))
}
