use crate::domains::view::NawalaAnswer;
use crate::program::{Program, StatusWrite};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body};
use plenum_schema::view::{is_nawala_blocked, nawala_status};
use plenum_schema::{DomainId, Refusal, RefusalCode};
use plenum_services::status_board::{Report, Reported};
use serde::{Deserialize, Serialize};

/// What a check has found, of one domain (`id`, `scanResult`) or of several (`updates`).
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ScanReport)]
pub(crate) struct ReportBody {
    /// Which domain.
    #[schema(value_type = Option<String>, format = Uuid)]
    id: Option<String>,
    scan_result: Option<ScanResult>,
    /// At most 500 (`status_board.reports`).
    updates: Option<Vec<OneReport>>,
}

/// What a check of one domain has found.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScanReportItem)]
pub(crate) struct OneReport {
    /// Which domain.
    #[schema(value_type = String, format = Uuid)]
    id: String,
    scan_result: ScanResult,
}

/// What a check has found.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanResult)]
pub(crate) struct ScanResult {
    /// `blocked` or `ada`, `accessible` or `tidak ada`.
    status: String,
}

/// A domain after a report.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScanReported)]
pub(crate) struct ReportAnswer {
    /// Always true.
    success: bool,
    #[schema(value_type = String, format = Uuid)]
    id: DomainId,
    domain: String,
    nawala: NawalaAnswer,
}

/// The answer to one report, or to several.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = ScanAnswer)]
pub(crate) enum Answered {
    /// To `id` and `scanResult`.
    One(ReportAnswer),
    /// To `updates`.
    Several(OutcomesAnswer),
}

/// What came of one of several reports: the domain, or why not.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = ScanReportOutcome)]
pub(crate) enum Outcome {
    /// It is on disk and told.
    Done(ReportAnswer),
    /// It is not.
    Refused {
        /// Always false.
        success: bool,
        /// As it was given.
        id: String,
        /// Why.
        error: OutcomeError,
    },
}

/// Why a report was refused.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ScanReportError)]
pub(crate) struct OutcomeError {
    /// As in problem documents.
    code: &'static str,
    message: String,
}

/// What came of several reports, in their order.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ScanReportOutcomes)]
pub(crate) struct OutcomesAnswer {
    /// Whether all of them were taken.
    success: bool,
    results: Vec<Outcome>,
}

impl From<Reported> for ReportAnswer {
    fn from(reported: Reported) -> Self {
        let nawala = NawalaAnswer {
            status: Some(nawala_status(reported.is_blocked)),
            blocked_id: Some(reported.scan),
            last_checked: Some(reported.checked_at),
        };
        Self { success: true, id: reported.id, domain: reported.domain, nawala }
    }
}

fn invalid(field: &str, message: &str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn report(id: &str, result: &ScanResult) -> Result<Report, Refusal> {
    let absent = |_| Refusal::field(RefusalCode::NotFound, "id", "there is no such domain");
    let is_blocked = is_nawala_blocked(&result.status)
        .ok_or_else(|| invalid("scanResult.status", "blocked or accessible is expected (or ada, tidak ada)"))?;
    Ok(Report { domain: id.parse().map_err(absent)?, is_blocked })
}

fn refused(id: String, refusal: Refusal) -> Outcome {
    let error = OutcomeError { code: refusal.code.as_str(), message: refusal.message };
    Outcome::Refused { success: false, id, error }
}

async fn several(state: &RestState, updates: Vec<OneReport>) -> Answer<OutcomesAnswer> {
    let most = state.status_board.most_reports();
    if updates.len() > most {
        let text = format!("at most {most} at a time");
        return Err(Refusal::field(RefusalCode::TooLarge, "updates", text).into());
    }
    let read: Vec<_> = updates.into_iter().map(|one| (report(&one.id, &one.scan_result), one.id)).collect();
    let readable: Vec<Report> = read.iter().filter_map(|(read, _)| read.as_ref().ok().copied()).collect();
    let nothing_to_do = readable.is_empty() && !read.is_empty();
    let done = if nothing_to_do { Vec::new() } else { state.status_board.report_all(readable).await? };
    let mut done = done.into_iter();
    let stopped = || Refusal::new(RefusalCode::Internal, "the report was not finished");
    let outcome = |(read, id): (Result<Report, Refusal>, String)| {
        let outcome = read.and_then(|_| done.next().unwrap_or_else(|| Err(stopped())));
        outcome.map_or_else(|refusal| refused(id, refusal), |reported| Outcome::Done(reported.into()))
    };
    let results: Vec<Outcome> = read.into_iter().map(outcome).collect();
    let success = results.iter().all(|one| matches!(one, Outcome::Done(_)));
    Ok(OutcomesAnswer { success, results })
}

/// Report what checks have found; needs a key with the scope `status:write`
///
/// Every board hears of it. Several reports are answered one by one; those that are refused change nothing for the others.
#[utoipa::path(post, path = "/urls/update", tag = "status board", request_body = ReportBody, responses(
    (status = 200, description = "Written down", body = Answered)))]
pub async fn handle(_: Program<StatusWrite>, state: web::Data<RestState>, body: Body<ReportBody>) -> Answer {
    let ReportBody { id, scan_result, updates } = body.value;
    if let Some(updates) = updates {
        if id.is_some() || scan_result.is_some() {
            return Err(invalid("updates", "either one report or several").into());
        }
        return Ok(HttpResponse::Ok().json(Answered::Several(several(&state, updates).await?)));
    }
    let id = id.ok_or_else(|| invalid("id", "id is required"))?;
    let result = scan_result.ok_or_else(|| invalid("scanResult", "scanResult is required"))?;
    let reported = state.status_board.report(report(&id, &result)?).await?;
    Ok(HttpResponse::Ok().json(Answered::One(reported.into())))
}
