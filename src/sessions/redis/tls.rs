//! TLS for `rediss://`, with a cryptography provider of its own: the crate `redis` uses the default of
//! the process and panics if there is none.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::task::spawn_blocking;

use crate::lookups::LookupError;

/// The configuration of TLS, which is created by the first connection.
#[derive(Clone, Default)]
pub(in crate::sessions) struct Tls {
    /// The only trusted certificates, instead of the system's.
    certificates: Option<Vec<CertificateDer<'static>>>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    /// Trusts only the CA certificates in this PEM text.
    pub(in crate::sessions) fn with_certificates(pem: &[u8]) -> Result<Self, &'static str> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.ok().filter(|found| !found.is_empty());
        let tls = Self {
            certificates: Some(certificates.ok_or("is not PEM with at least one certificate")?),
            config: Arc::default(),
        };
        tls.build()
            .map_err(|_| "contains no usable CA certificate")?;
        Ok(tls)
    }

    /// Returns the configuration. If it could not be created, the next connection tries again, because
    /// certificates may have been installed in the meantime.
    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        // Loading the system's certificates takes milliseconds, during which requests must not be
        // blocked. One connection is created at a time, so nothing else prevents a second load.
        let tls = self.clone();
        let built = spawn_blocking(move || tls.build()).await;
        let built =
            built.map_err(|_| "reading the CA certificates was interrupted".to_owned())??;
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(built))))
    }

    fn build(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore::empty();
        let certificates = match &self.certificates {
            Some(certificates) => certificates.clone(),
            None => rustls_native_certs::load_native_certs().certs,
        };
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err("the CA certificates of this machine cannot be loaded; install the package ca-certificates, set SSL_CERT_FILE, or call .redis_ca(…)".to_owned());
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Describes why a TLS connection cannot be made.
pub(super) fn explain_tls(error: io::Error) -> LookupError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let advice = match cause {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "; for a private certificate authority, call .redis_ca(…)"
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "; the server does not speak TLS at this port: change the port, or rediss:// to redis://"
        }
        None if error.kind() == io::ErrorKind::TimedOut => {
            "; if the server is running, it may not speak TLS at this port"
        }
        _ => "",
    };
    LookupError {
        message: format!("Redis cannot be reached with TLS: {error}{advice}"),
        is_outage: true,
    }
}
