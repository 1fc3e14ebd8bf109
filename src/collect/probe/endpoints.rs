//! The hosts that are probed, by region.

use std::path::Path;
use thiserror::Error;

/// The built-in list: `pricing-data/extra/probes.csv`.
static BUILT_IN: &str = include_str!("../../../pricing-data/extra/probes.csv");

/// A host in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Provider, as in the price book.
    pub provider: String,
    /// Region, as in the price book.
    pub region: String,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What is asked for over HTTP.
    pub path: String,
    /// Who says that this host is there.
    pub source: String,
}

impl Endpoint {
    /// The address that HTTP asks for.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { tls, host, port, path, .. } = self;
        let scheme = if *tls { "https" } else { "http" };
        format!("{scheme}://{host}:{port}{path}")
    }
}

/// A list of endpoints that cannot be used.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Csv(String, csv::Error),
    /// A row that cannot be right.
    #[error("{0} line {1}: {2}")]
    Row(String, u64, &'static str),
}

/// The endpoints of a file in the form `provider,region,url,source`, or the built-in ones.
///
/// # Errors
/// [`EndpointError`] when the file cannot be read or a row is not in that form.
pub fn endpoints(file: Option<&Path>) -> Result<Vec<Endpoint>, EndpointError> {
    match file {
        Some(path) => {
            let name = path.display().to_string();
            let reader = csv::Reader::from_path(path).map_err(|error| EndpointError::Csv(name.clone(), error))?;
            read(&name, reader)
        }
        None => read("the built-in list of endpoints", csv::Reader::from_reader(BUILT_IN.as_bytes())),
    }
}

fn read<R: std::io::Read>(name: &str, mut reader: csv::Reader<R>) -> Result<Vec<Endpoint>, EndpointError> {
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| EndpointError::Csv(name.to_owned(), error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |reason| EndpointError::Row(name.to_owned(), line, reason);
        let [provider, region, url, source] = [0, 1, 2, 3].map(|at| record.get(at).unwrap_or_default().to_owned());
        if provider.is_empty() || region.is_empty() || record.len() != 4 {
            return Err(wrong("a row is `provider,region,url,source`"));
        }
        let (tls, host, port, path) =
            address(&url).ok_or_else(|| wrong("the url is not `https://host[:port][/path]`"))?;
        found.push(Endpoint { provider, region, tls, host, port, path, source });
    }
    Ok(found)
}

/// Scheme, host, port and path of an address.
fn address(url: &str) -> Option<(bool, String, u16, String)> {
    let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if tls { 443 } else { 80 }),
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"@\\\"<>".contains(&b));
    (!host.is_empty() && plain(host) && plain(path)).then(|| (tls, host.to_owned(), port, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PriceBook;

    #[test]
    fn every_built_in_endpoint_is_at_a_region_of_the_book_and_says_its_source() {
        let book = PriceBook::embedded().expect("the embedded book verifies");
        let all = endpoints(None).expect("the list is in form");
        assert!(all.len() > 200, "{}", all.len());
        for (at, endpoint) in all.iter().enumerate() {
            let Endpoint { provider, region, source, .. } = endpoint;
            assert!(book.find_region(provider, region).is_some(), "{provider} {region}");
            assert!(!source.is_empty(), "{provider} {region}");
            assert!(all[..at].iter().all(|other| (&other.provider, &other.region) != (provider, region)), "{region}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(address("http://127.0.0.1:8080/ping"), Some((false, "127.0.0.1".into(), 8080, "/ping".into())));
        assert_eq!(address("https://a.example"), Some((true, "a.example".into(), 443, "/".into())));
        for bad in ["ftp://a/", "https://", "https://a:b/", "https://a b/", "https://u@h/", "a.example"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
