//! The status board: domains that checkers look at, the brands they belong to, and how they stood when.

use crate::entity;
use crate::{BrandId, DomainId};
use uuid::Uuid;

entity! {
    /// A brand.
    pub struct Brand in "brands" {
        partition { /// Which.
            brand_id: BrandId }
        clustering { }
        columns {
            /// Its name; unique whatever the case, by its [`StatusName`].
            name: String,
            /// Its code in capitals; unique by its [`StatusName`].
            code: String,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// A domain and how it stands now.
    pub struct StatusDomain in "status_domains" {
        partition { /// Which.
            domain_id: DomainId }
        clustering { }
        columns {
            /// Its name in lower case; unique by its [`StatusName`].
            domain: String,
            /// Whose it is; the brand may be gone.
            brand_id: Option<BrandId>,
            /// What its admins note about it.
            noto: Option<String>,
            /// What the last check found; absent: never checked.
            is_blocked: Option<bool>,
            /// The id of the last check.
            scan: Option<String>,
            /// When it was last checked, milliseconds since 1970.
            checked_at: Option<i64>,
            /// Since when every check has found the same, milliseconds since 1970.
            since: Option<i64>,
            /// The number of that period: 1 for the first.
            period: u64,
            /// Milliseconds since 1970.
            created_at: i64,
            /// When its admins last changed it, milliseconds since 1970.
            updated_at: i64,
            /// How often its admins have changed it: what they compare.
            edition: i64,
            /// Grows with every change, checks among them: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// A name that must be one brand's or domain's alone. Claimed, then the row that carries it is written, then confirmed.
    pub struct StatusName in "status_names" {
        partition { /// Kind and value: `brand:acme`, `code:AC`, `domain:example.org`.
            key: String }
        clustering { }
        columns {
            /// Whose; the nil id when it was given back.
            owner: Uuid,
            /// Whether the owner was written after the claim.
            confirmed: bool,
            /// When it was claimed, milliseconds since 1970. Decides only how long others wait for an unfinished claim.
            claimed_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// A time that is over in which every check of a domain found the same. The one that goes on is in the domain's row, and is written
    /// here before the next begins: it ends where the next one starts.
    pub struct StatusPeriod in "status_periods" {
        partition { /// Of which domain.
            domain_id: DomainId }
        clustering { /// 1, 2, 3, …
            number: u64 }
        columns {
            /// What the checks found.
            is_blocked: bool,
            /// When it began, milliseconds since 1970.
            since: i64
        }
    }
}
