//! Where requests go: declared hosts, or those that replace them.

use crate::collect::source::{Endpoint, Request, Source};
use std::collections::BTreeMap;

/// Hosts in place of the declared ones: for mirrors, proxies and tests.
#[derive(Clone, Debug, Default)]
pub struct Overrides(BTreeMap<(String, String), String>);

impl Overrides {
    /// The overrides of an environment: `PLACER_ENDPOINT_<SOURCE>_<NAME>`.
    ///
    /// # Errors
    /// A variable names an origin that cannot be used.
    pub fn from_env(sources: &[&dyn Source], variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut all = Self::default();
        for source in sources {
            for endpoint in source.endpoints() {
                let word = |text: &str| text.to_uppercase().replace('-', "_");
                let name = format!("PLACER_ENDPOINT_{}_{}", word(source.name()), word(endpoint.name));
                if let Some(origin) = variable(&name) {
                    all.add(source.name(), endpoint.name, &origin).map_err(|reason| format!("{name}: {reason}"))?;
                }
            }
        }
        Ok(all)
    }

    /// Adds `<source>/<name>=<origin>`.
    ///
    /// # Errors
    /// It is not in that form, or no source has such an endpoint.
    pub fn parse(&mut self, text: &str, sources: &[&dyn Source]) -> Result<(), String> {
        let form = || format!("`{text}` is not in the form <source>/<name>=<origin>");
        let (place, origin) = text.split_once('=').ok_or_else(form)?;
        let (source, name) = place.split_once('/').ok_or_else(form)?;
        let known = |candidate: &&&dyn Source| {
            candidate.name() == source && candidate.endpoints().iter().any(|endpoint| endpoint.name == name)
        };
        if !sources.iter().any(|candidate| known(&candidate)) {
            return Err(format!("no source `{source}` with an endpoint `{name}` exists"));
        }
        self.add(source, name, origin)
    }

    fn add(&mut self, source: &str, name: &str, origin: &str) -> Result<(), String> {
        let origin = origin.trim_end_matches('/');
        if host_of(origin).is_none() {
            return Err(format!("`{origin}` is not an origin like https://host or http://127.0.0.1:8080"));
        }
        self.0.insert((source.to_owned(), name.to_owned()), origin.to_owned());
        Ok(())
    }

    /// The origin that a request is sent to.
    ///
    /// # Errors
    /// The source declares no such endpoint, or the request fills it with what is no part of a host.
    pub fn origin(&self, source: &dyn Source, request: &Request) -> Result<String, String> {
        let key = (source.name().to_owned(), request.endpoint.to_owned());
        if let Some(origin) = self.0.get(&key) {
            return Ok(origin.clone());
        }
        let declared = source.endpoints().iter().find(|endpoint| endpoint.name == request.endpoint);
        let Endpoint { origin, .. } = declared.ok_or_else(|| format!("it has no endpoint `{}`", request.endpoint))?;
        let part = &request.host_part;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if origin.contains("{}") && (part.is_empty() || !part.bytes().all(plain)) {
            return Err(format!("`{part}` is no part of a host"));
        }
        Ok(origin.replace("{}", part))
    }
}

/// The host of an origin (`scheme://host[:port]`, nothing else).
fn host_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    (!rest.is_empty() && rest.bytes().all(plain)).then_some(rest)
}

/// Whether credentials may be sent there: over TLS anywhere, in clear to this machine only.
pub fn may_carry_credentials(origin: &str) -> bool {
    if origin.starts_with("https://") {
        return true;
    }
    let host = host_of(origin).unwrap_or_default();
    let name = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    matches!(name, Some("127.0.0.1" | "localhost" | "[::1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_machine_over_tls_only() {
        for good in ["https://api.example.com", "http://127.0.0.1:80", "http://localhost", "http://[::1]:1"] {
            assert!(may_carry_credentials(good), "{good}");
        }
        for bad in ["http://api.example.com", "http://127.0.0.1.example.com", "http://localhost.example.com:1"] {
            assert!(!may_carry_credentials(bad), "{bad}");
        }
    }

    #[test]
    fn origins_are_scheme_and_host_only() {
        assert_eq!(host_of("http://127.0.0.1:8080"), Some("127.0.0.1:8080"));
        for bad in ["", "ftp://x", "https://", "https://user@host", "https://host/path", "https://h?x", "host"] {
            assert_eq!(host_of(bad), None, "{bad}");
        }
    }
}
