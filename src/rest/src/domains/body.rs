//! What is said about a domain.

use plenum_schema::{BrandId, Refusal, RefusalCode};
use plenum_services::status_board::DomainChange;
use serde::{Deserialize, Deserializer, Serialize};

/// A domain as it is wanted. When changing, absent members stay as they are and `null` removes.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = DomainBody)]
pub(crate) struct DomainBody {
    /// The name of a host; unique.
    domain: Option<String>,
    /// A brand's id, or the whole brand.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<BrandReference>)]
    brand: Option<Option<BrandReference>>,
    /// At most 500 characters.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Note>)]
    noto: Option<Option<Note>>,
}

/// A brand's id, or the whole brand as it was read.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum BrandReference {
    /// Its id.
    Id(String),
    /// All of it; the id counts.
    Whole {
        /// Its id.
        id: String,
    },
}

impl BrandReference {
    fn id(self) -> Result<BrandId, Refusal> {
        let (Self::Id(text) | Self::Whole { id: text }) = self;
        text.parse().map_err(|_| Refusal::field(RefusalCode::Invalid, "brand", "the id of a brand is expected"))
    }
}

/// A note; numbers and truth values are kept as text.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Note {
    /// As it is.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl Note {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// A member that is there, perhaps as `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl TryFrom<DomainBody> for DomainChange {
    type Error = Refusal;

    fn try_from(body: DomainBody) -> Result<Self, Refusal> {
        let brand = match body.brand {
            Some(Some(brand)) => Some(Some(brand.id()?)),
            Some(None) => Some(None),
            None => None,
        };
        Ok(Self { domain: body.domain, brand, noto: body.noto.map(|note| note.map(Note::text)) })
    }
}
