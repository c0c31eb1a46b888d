//! People as they are shown inside other things.

use crate::state::RestState;
use plenum_http::Answer;
use plenum_schema::UserId;
use plenum_services::accounts::PublicProfile;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// A person as shown in lists.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    /// The account's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    /// What to call the person; `deleted account` where there is none any more.
    pub full_name: String,
    /// URL of the picture.
    pub avatar: Option<String>,
}

/// Names of people, read once for a whole answer.
pub(crate) struct People(HashMap<UserId, PublicProfile>);

/// As many as the accounts service gives at once.
const AT_ONCE: usize = 1_000;

impl People {
    pub async fn read(state: &RestState, wanted: impl IntoIterator<Item = UserId>) -> Answer<Self> {
        let wanted: Vec<UserId> = wanted.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut known = HashMap::with_capacity(wanted.len());
        for part in wanted.chunks(AT_ONCE) {
            known.extend(state.accounts.names(part.to_vec()).await?.into_iter().map(|one| (one.id, one)));
        }
        Ok(Self(known))
    }

    pub fn person(&self, id: UserId) -> Person {
        match self.0.get(&id) {
            Some(known) => Person { id, full_name: known.name.clone(), avatar: known.avatar.clone() },
            None => Person { id, full_name: "deleted account".to_owned(), avatar: None },
        }
    }
}
