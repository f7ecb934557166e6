//! A certificate for those who bring none: an authority of Fairway's own, made once, and a certificate by it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fairway_domain::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};

use super::CertificateFiles;

/// The folder inside the data folder.
const FOLDER: &str = "admission";
/// How long an authority is valid, in years: clusters hold it in their configuration.
const AUTHORITY_YEARS: i16 = 10;
/// How long a certificate is valid, in days.
const DAYS: i64 = 365;
/// So many days before the end a new one is made, at the next start.
const RENEWAL_DAYS: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate cannot be made, for example since a name is none.
    #[error("the certificate for admission cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// What clusters are told to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its certificate in PEM.
    pub certificate: String,
    key: String,
}

/// What a certificate was made for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Issued {
    names: Vec<String>,
    until: Timestamp,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CertificateError {
    let path = path.to_owned();
    move |source| CertificateError::File { path, source }
}

/// A file that nobody else on the machine may read, in one step.
fn write(path: &Path, text: &str) -> Result<(), CertificateError> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&unfinished).map_err(at(&unfinished))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&unfinished))?;
    fs::rename(&unfinished, path).map_err(at(path))
}

fn read(path: &Path) -> Result<Option<String>, CertificateError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

/// Sets how long a certificate is valid, from the day before, since clocks differ.
fn set_validity(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let date = |moment: Timestamp| {
        let date = moment.to_zoned(TimeZone::UTC).date();
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = date(from);
    params.not_after = date(until);
}

fn plus_days(now: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(days * DAY)).unwrap_or(now)
}

/// What the authority's certificate says; the same each time, so that what it signs can be traced to it.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Fairway admission authority");
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The authority of a data folder, made when there is none.
pub fn authority(data: &Path, now: Timestamp) -> Result<Authority, CertificateError> {
    let folder = data.join(FOLDER);
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let (certificate, key) = (folder.join("authority.pem"), folder.join("authority-key.pem"));
    if let (Some(certificate), Some(key)) = (read(&certificate)?, read(&key)?) {
        return Ok(Authority { certificate, key });
    }
    let pair = KeyPair::generate()?;
    let mut params = authority_params();
    set_validity(&mut params, plus_days(now, -1), plus_days(now, i64::from(AUTHORITY_YEARS) * 365));
    let made = Authority { certificate: params.self_signed(&pair)?.pem(), key: pair.serialize_pem() };
    write(&key, &made.key)?;
    write(&certificate, &made.certificate)?;
    Ok(made)
}

/// A certificate by the authority of a data folder for these names: the one that is there, as long as it is for the
/// same names and valid for a while, or a new one.
pub fn certificate_files(
    data: &Path,
    names: &[String],
    now: Timestamp,
) -> Result<CertificateFiles, CertificateError> {
    let authority = authority(data, now)?;
    let folder = data.join(FOLDER);
    let files = CertificateFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let note = folder.join("certificate.json");
    let before: Option<Issued> = read(&note)?.and_then(|text| serde_json::from_str(&text).ok());
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    let is_good = before
        .is_some_and(|before| before.names == names && before.until > plus_days(now, RENEWAL_DAYS))
        && files.certificate.exists()
        && files.key.exists();
    if is_good {
        return Ok(files);
    }
    let mut params = CertificateParams::new(names.clone())?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "Fairway admission");
    params.distinguished_name = subject;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let until = plus_days(now, DAYS);
    set_validity(&mut params, plus_days(now, -1), until);
    let issuer = Issuer::new(authority_params(), KeyPair::from_pem(&authority.key)?);
    let pair = KeyPair::generate()?;
    let certificate = params.signed_by(&pair, &issuer)?;
    write(&files.key, &pair.serialize_pem())?;
    write(&files.certificate, &certificate.pem())?;
    write(&note, &serde_json::to_string(&Issued { names, until }).unwrap_or_default())?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::Timestamp;

    use super::{authority, certificate_files};

    #[test]
    fn what_is_there_stays_until_it_is_due_or_for_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = authority(folder.path(), at("2030-01-01T00:00:00Z")).unwrap();
        let certificate = |names: &[&str], now: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let files = certificate_files(folder.path(), &names, at(now)).unwrap();
            std::fs::read_to_string(files.certificate).unwrap()
        };
        let made = certificate(&["localhost", "127.0.0.1"], "2030-01-01T00:00:00Z");
        assert_eq!(made, certificate(&["127.0.0.1", "localhost"], "2030-06-01T00:00:00Z"));
        assert_ne!(made, certificate(&["localhost"], "2030-06-01T00:00:00Z"));
        assert_ne!(made, certificate(&["localhost", "127.0.0.1"], "2030-12-01T00:00:00Z"));
        assert_eq!(first, authority(folder.path(), at("2039-01-01T00:00:00Z")).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let files = certificate_files(
            folder.path(),
            &["localhost".to_owned()],
            "2030-01-01T00:00:00Z".parse().unwrap(),
        )
        .unwrap();
        for path in [files.key, folder.path().join("admission/authority-key.pem")] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
