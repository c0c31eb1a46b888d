//! What boards of domains hear.

use super::outgoing::Events;
use plenum_schema::DomainId;
use plenum_schema::moment::rfc3339;
use plenum_schema::view::nawala_status;
use plenum_schema::wire::DomainChecked;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Updated<'e> {
    domain_id: DomainId,
    domain: &'e str,
    nawala: Nawala<'e>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Nawala<'e> {
    status: &'static str,
    blocked_id: &'e str,
    #[serde(serialize_with = "rfc3339")]
    last_checked: i64,
}

/// Says what a check has found, in either vocabulary alike.
pub(super) fn on_checked(events: &mut Events, checked: &DomainChecked) {
    let nawala = Nawala { status: nawala_status(checked.blocked), blocked_id: &checked.scan, last_checked: checked.at };
    events.say("domain:nawala-updated", &Updated { domain_id: checked.id, domain: &checked.domain, nawala });
}
