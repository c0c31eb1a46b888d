use super::view::{AudienceAnswer, ConferenceAnswer, QuestionAnswer};
use crate::state::RestState;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, Query};
use plenum_schema::{ConferenceId, Refusal, RefusalCode};
use plenum_services::conferences::Engagement;
use serde::{Deserialize, Serialize};

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Form {
    /// `json` (default), `csv` or `xlsx`.
    format: Option<String>,
}

/// How an audience took part.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Engagement)]
pub(crate) struct EngagementAnswer {
    /// Who have a ballot that counts in at least one question; absent once who took part is forgotten.
    voted: Option<u64>,
    /// Who have one in every question; absent as above.
    voted_in_all: Option<u64>,
    ballots: u64,
    /// That were live.
    questions: u64,
    /// Questions of the audience.
    asked: u64,
    /// Votes for them.
    upvotes: u64,
    /// Replies to them.
    replies: u64,
}

impl From<Engagement> for EngagementAnswer {
    fn from(engagement: Engagement) -> Self {
        let Engagement { voted, voted_in_all, ballots, questions, asked, upvotes, replies } = engagement;
        Self { voted, voted_in_all, ballots, questions, asked, upvotes, replies }
    }
}

/// A report.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ConferenceReport)]
pub(crate) struct ReportAnswer {
    conference: ConferenceAnswer,
    audience: AudienceAnswer,
    engagement: EngagementAnswer,
    questions: Vec<QuestionAnswer>,
}

/// What came of a conference; for whoever runs it
#[utoipa::path(get, path = "/conference/{id}/report", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"), Form),
    responses((status = 200, description = "JSON, comma-separated values or a workbook", body = ReportAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, form: Query<Form>) -> Answer {
    let report = state.conferences.report(&guest.0, id.0).await?;
    match form.0.format.as_deref().unwrap_or("json") {
        "json" => Ok(HttpResponse::Ok().json(ReportAnswer {
            audience: report.audience.into(),
            engagement: report.engagement.into(),
            questions: report.questions.into_iter().map(QuestionAnswer::from).collect(),
            conference: ConferenceAnswer::of(&state, report.conference, Some(&guest.0)).await?,
        })),
        "csv" => Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"report.csv\""))
            .body(report.csv())),
        "xlsx" => Ok(HttpResponse::Ok()
            .content_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"report.xlsx\""))
            .body(report.xlsx()?)),
        _ => Err(Refusal::field(RefusalCode::Invalid, "format", "a report is json, csv or xlsx").into()),
    }
}
