//! What the environment says.

use std::error::Error;
use std::fmt;

use tracing::level_filters::LevelFilter;

/// The name in traces, unless `OTEL_SERVICE_NAME` gives another.
const NAME: &str = env!("CARGO_PKG_NAME");

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub name: String,
    pub port: u16,
    pub log_level: LevelFilter,
    pub tracing: bool,
}

/// A variable of the environment has a value that cannot be used.
#[derive(Debug, PartialEq)]
pub struct SettingError {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is {:?}, but must be {}", self.variable, self.value, self.expected)
    }
}

impl Error for SettingError {}

impl Settings {
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let value = |name| variable(name).filter(|text| !text.is_empty());
        let port = match value("PORT") {
            None => 8080,
            Some(text) => text.parse().ok().filter(|port| *port > 0).ok_or(SettingError {
                variable: "PORT",
                value: text,
                expected: "a number from 1 to 65535",
            })?,
        };
        let log_level = match value("LOG_LEVEL").map(|text| text.to_lowercase()) {
            None => LevelFilter::INFO,
            Some(text) => match text.as_str() {
                "debug" => LevelFilter::DEBUG,
                "info" => LevelFilter::INFO,
                "warn" => LevelFilter::WARN,
                "error" => LevelFilter::ERROR,
                _ => {
                    return Err(SettingError {
                        variable: "LOG_LEVEL",
                        value: text,
                        expected: "debug, info, warn or error",
                    });
                }
            },
        };
        Ok(Self {
            name: value("OTEL_SERVICE_NAME").unwrap_or_else(|| NAME.to_owned()),
            port,
            log_level,
            tracing: value("OTEL_EXPORTER_OTLP_ENDPOINT").is_some()
                || value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn reads_its_settings() {
        let settings = read(&[
            ("PORT", "9000"),
            ("LOG_LEVEL", "DEBUG"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ])
        .unwrap();
        assert_eq!(settings.port, 9000);
        assert_eq!(settings.log_level, LevelFilter::DEBUG);
        assert!(settings.tracing);
        assert!(!read(&[]).unwrap().tracing);
    }

    #[test]
    fn refuses_settings_that_make_no_sense() {
        for variable in [("PORT", "http"), ("PORT", "0"), ("LOG_LEVEL", "loud")] {
            assert_eq!(read(&[variable]).unwrap_err().variable, variable.0);
        }
    }
}
