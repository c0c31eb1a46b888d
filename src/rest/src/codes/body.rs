//! What is said about codes.

use plenum_services::accounts::CodeSent;
use serde::{Deserialize, Serialize};

/// Where a code goes: an e-mail address or a telephone number; the first that is there counts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CodeAddress)]
pub(crate) struct AddressBody {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number with country code; also read as `phoneNumber`.
    #[serde(alias = "phoneNumber")]
    pub phone: Option<String>,
}

/// A code, and where it was sent.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CodeCheck)]
pub(crate) struct CheckBody {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number with country code; also read as `phoneNumber`.
    #[serde(alias = "phoneNumber")]
    pub phone: Option<String>,
    /// The six digits, as text or number; also read as `otp`.
    #[serde(alias = "otp", deserialize_with = "digits")]
    #[schema(value_type = String)]
    pub code: String,
}

/// Text, or a number that has lost its zeros.
pub(crate) fn digits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u32),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => text,
        Either::Number(number) => format!("{number:06}"),
    })
}

/// A code is on its way.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CodeSent)]
pub(crate) struct SentAnswer {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// How long it is valid, seconds.
    expires_in: u64,
    /// When the next one may be asked for, seconds.
    retry_after: u64,
}

impl From<CodeSent> for SentAnswer {
    fn from(sent: CodeSent) -> Self {
        let CodeSent { expires_in, retry_after } = sent;
        Self { success: true, message: "a code was sent", expires_in, retry_after }
    }
}
