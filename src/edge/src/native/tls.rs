//! Certificates from files; TLS 1.2 and 1.3 only.

use super::config::TlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::sync::Arc;

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Only one of the two files is configured.
    #[error("tls.certificate_path and tls.private_key_path belong together: set both, or neither")]
    Half,
    /// A file cannot be read or is not PEM.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The server side of TLS, or `None` when none is configured.
///
/// # Errors
/// [`TlsError`] saying which file is wrong.
pub fn server_config(config: &TlsConfig) -> Result<Option<ServerConfig>, TlsError> {
    let (certificate, key) = match (&config.certificate_file, &config.key_file) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(TlsError::Half),
    };
    let unreadable = |path: &PathBuf, why: String| TlsError::Unreadable { path: path.clone(), why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable(certificate, "it holds no certificate".into()));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)?;
    Ok(Some(config))
}
