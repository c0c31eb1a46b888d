//! Signed result sheets: with the keys that sign tokens, under a type of their own, so that neither is taken for the other.

use super::service::Accounts;
use super::sessions::internal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, encode};
use plenum_schema::Refusal;
use plenum_schema::poll::{ResultSheet, SheetKey, SignedSheet};

/// `typ` of signed sheets.
const TYPE: &str = "plenum-results+jws";

/// The signature of a sheet is not one of this key over this text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadSignature {
    /// The key is no Ed25519 public key.
    #[error("the key cannot be read")]
    Key,
    /// Something else was signed, or by another key.
    #[error("the signature is not that of the key over this sheet")]
    Signature,
}

impl Accounts {
    /// Signs a sheet with the key that signs tokens now.
    ///
    /// # Errors
    /// `internal` when signing fails, which needs a damaged key.
    pub fn sign_sheet(&self, sheet: &ResultSheet) -> Result<(String, SheetKey), Refusal> {
        let ring = self.0.ring();
        let key = ring.signing();
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let signed = encode(&header, sheet, &key.encoding).map_err(internal)?;
        Ok((signed, SheetKey { kid: key.kid.clone(), x: BASE64.encode(key.public) }))
    }
}

/// The sheet in a signed file, when its signature is right.
///
/// # Errors
/// [`BadSignature`].
pub fn verify_sheet(file: &SignedSheet) -> Result<ResultSheet, BadSignature> {
    let header = decode_header(&file.signed).map_err(|_| BadSignature::Signature)?;
    let is_ours = header.typ.as_deref() == Some(TYPE) && header.alg == Algorithm::EdDSA && header.crit.is_none();
    if !is_ours || header.kid.as_deref() != Some(file.key.kid.as_str()) {
        return Err(BadSignature::Signature);
    }
    let bytes = BASE64.decode(&file.key.x).map_err(|_| BadSignature::Key)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| BadSignature::Key)?;
    if super::keyring::thumbprint(&bytes) != file.key.kid {
        return Err(BadSignature::Key);
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = decode::<ResultSheet>(&file.signed, &DecodingKey::from_ed_der(&bytes), &validation);
    decoded.map(|decoded| decoded.claims).map_err(|_| BadSignature::Signature)
}
