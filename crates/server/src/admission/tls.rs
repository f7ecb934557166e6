//! The certificate that clusters are shown, read again when its files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// The largest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Where the certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What is shown now.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: CertificateFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

fn wrong(path: &Path, reason: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", path.display()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if std::fs::metadata(path).map_err(told)?.len() > MAX_FILE {
        return Err(wrong(path, "the file is larger than 1 MiB"));
    }
    std::fs::read(path).map_err(told)
}

impl CertificateFiles {
    /// Whether the files hold a certificate and the key that belongs to it.
    ///
    /// # Errors
    ///
    /// What is wrong, with the name of the file.
    pub fn check(&self) -> io::Result<()> {
        self.load().map(|_| ())
    }

    fn load(&self) -> io::Result<Arc<CertifiedKey>> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&self.certificate)?)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&self.certificate, error))?;
        if chain.is_empty() {
            return Err(wrong(&self.certificate, "there is no certificate in it"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|error| wrong(&self.key, error))?;
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| wrong(&self.certificate, format!("{error} (key: {})", self.key.display())))?;
        Ok(Arc::new(certified))
    }

    /// When the files were last written.
    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|it| it.modified()).ok())
    }
}

impl Certificates {
    /// Reads the files.
    pub(crate) fn load(files: CertificateFiles) -> io::Result<Arc<Self>> {
        let current = RwLock::new(files.load()?);
        Ok(Arc::new(Self { files, current }))
    }

    /// Takes connections with what is shown at that time.
    pub(crate) fn acceptor(self: &Arc<Self>) -> io::Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again whenever they change. What cannot be read leaves the certificate as it is.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut known = self.files.written();
        loop {
            tokio::time::sleep(EVERY).await;
            let certificates = Arc::clone(&self);
            let before = known;
            let looked = tokio::task::spawn_blocking(move || certificates.refresh(before)).await;
            known = looked.unwrap_or(before);
        }
    }

    fn refresh(&self, known: [Option<SystemTime>; 2]) -> [Option<SystemTime>; 2] {
        let written = self.files.written();
        if written == known {
            return known;
        }
        match self.files.load() {
            Ok(certified) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = certified;
                tracing::info!("the certificate for admission was read again");
                written
            }
            // It may be half written; it is looked at again.
            Err(error) => {
                tracing::warn!(%error, "the certificate for admission stays as it was: {error}");
                known
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::Certificates;
    use crate::admission::certificate::{authority, certificate_files};

    #[test]
    fn new_files_are_taken_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        authority(folder.path(), now).unwrap();
        let files = certificate_files(folder.path(), &["localhost".to_owned()], now).unwrap();
        let certificates = Certificates::load(files.clone()).unwrap();
        let shown = || Arc::clone(&certificates.current.read().unwrap());
        let first = shown();
        std::fs::write(&files.certificate, "broken").unwrap();
        assert_eq!(certificates.refresh([None, None]), [None, None], "it is looked at again");
        assert!(Arc::ptr_eq(&first, &shown()));
        let other = tempfile::tempdir().unwrap();
        let others = certificate_files(other.path(), &["localhost".to_owned()], now).unwrap();
        std::fs::copy(others.certificate, &files.certificate).unwrap();
        assert_eq!(certificates.refresh([None, None]), [None, None], "the key belongs to another");
        std::fs::copy(others.key, &files.key).unwrap();
        assert_eq!(certificates.refresh([None, None]), files.written());
        assert!(!Arc::ptr_eq(&first, &shown()));
    }
}
