//! TLS to the cluster.

use super::config::CqlTls;
use super::error::CqlError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use scylla::client::session::TlsContext;
use std::path::Path;
use std::sync::Arc;

fn wrong(key: &'static str, reason: impl std::fmt::Display) -> CqlError {
    CqlError::Tls { key, reason: reason.to_string() }
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, CqlError> {
    let named = |error: &dyn std::fmt::Display| wrong(key, format!("{}: {error}", path.display()));
    let list: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|error| named(&error))?.collect();
    let list = list.map_err(|error| named(&error))?;
    if list.is_empty() { Err(named(&"there is no certificate in it")) } else { Ok(list) }
}

fn roots(tls: &CqlTls) -> Result<RootCertStore, CqlError> {
    let mut store = RootCertStore::empty();
    if tls.ca_path.as_os_str().is_empty() {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // A certificate of the system that does not parse is of no use to us and no reason to stop.
            let _unusable = store.add(certificate);
        }
    } else {
        for certificate in certificates("tls.ca_path", &tls.ca_path)? {
            store.add(certificate).map_err(|error| wrong("tls.ca_path", error))?;
        }
    }
    if store.is_empty() { Err(wrong("tls.ca_path", "no authority is known")) } else { Ok(store) }
}

/// Reads and puts together what the settings name, as connecting would: certificates that do not parse, keys of another certificate.
///
/// # Errors
/// [`CqlError::Tls`] with the setting.
pub fn check_tls(tls: &CqlTls) -> Result<(), CqlError> {
    context(tls).map(drop)
}

/// What the driver needs; `None` when TLS is off.
pub(crate) fn context(tls: &CqlTls) -> Result<Option<TlsContext>, CqlError> {
    if !tls.enabled {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("tls.enabled", error))?
        .with_root_certificates(roots(tls)?);
    let config = if tls.certificate_path.as_os_str().is_empty() {
        builder.with_no_client_auth()
    } else {
        let chain = certificates("tls.certificate_path", &tls.certificate_path)?;
        let path = &tls.private_key_path;
        let key = PrivateKeyDer::from_pem_file(path)
            .map_err(|error| wrong("tls.private_key_path", format!("{}: {error}", path.display())))?;
        builder.with_client_auth_cert(chain, key).map_err(|error| wrong("tls.certificate_path", error))?
    };
    Ok(Some(TlsContext::from(Arc::new(config))))
}
