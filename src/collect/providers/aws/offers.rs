//! The bulk offer files: an index of regions per service, and a file per region.
//!
//! The regions' files of EC2 are hundreds of megabytes each and are read as they arrive.

use super::offer_file::{self, Outcome, Products};
use super::select::{FILTERS, Found, Kept, UNITS};
use crate::collect::providers::rows;
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

/// A region's file is no longer than this.
const FILE_BYTES_MAX: u64 = 16 << 30;
/// The files are in a bucket, which does not always say that they are JSON.
const CONTENT_TYPES: &[&str] = &["application/json", "application/octet-stream", "binary/octet-stream"];
/// Services whose files are read.
const SERVICES: [&str; 10] = [
    "AmazonEC2",
    "AmazonRDS",
    "AmazonElastiCache",
    "AmazonMSK",
    "AmazonS3",
    "AWSELB",
    "AmazonVPC",
    "AmazonEKS",
    "AmazonECS",
    "AWSDataTransfer",
];

/// The bulk offer files.
pub struct Offers;

impl Source for Offers {
    fn name(&self) -> &'static str {
        "aws-offers"
    }
    fn provider(&self) -> &'static str {
        "aws"
    }
    fn about(&self) -> &'static str {
        "AWS price list, bulk offer files"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "pricing", origin: "https://pricing.us-east-1.amazonaws.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        FILTERS
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(6 * 3600)
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { regions: context.regions("aws"), again: BTreeMap::new() })
    }
}

struct Run<'a> {
    regions: Vec<&'a str>,
    /// Products of files whose terms came first, by path: such a file is read twice.
    again: BTreeMap<String, (Products<Kept>, Found)>,
}

#[derive(Deserialize)]
struct Index {
    regions: BTreeMap<String, Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    current_version_url: String,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        if self.regions.is_empty() {
            return Err(ParseError::form("the price book knows no region of AWS"));
        }
        let index = |service| {
            let path = format!("/offers/v1.0/aws/{service}/current/region_index.json");
            Request { content_types: CONTENT_TYPES, ..Request::get("pricing", path).tagged("index", service) }
        };
        Ok(SERVICES.map(index).to_vec())
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        if request.tag == "index" {
            let index: Index = serde_json::from_slice(&rows::bytes(body)?)?;
            return self.files(request, &index);
        }
        // A copy: the second pass may break off and begin anew.
        let (known, mut found) = self.again.get(&request.note).cloned().unwrap_or_default();
        match offer_file::read(body, known, &mut found)? {
            Outcome::Complete(_) => {
                self.again.remove(&request.note);
                found.emit(sink);
                Ok(Vec::new())
            }
            Outcome::TermsFirst(products) => {
                self.again.insert(request.note.clone(), (products, found));
                // The same file by another address: a page is not asked for twice.
                let path = format!("{}?pass=2", request.path);
                Ok(vec![Request { path, ..request.clone() }])
            }
        }
    }
}

impl Run<'_> {
    fn files(&self, request: &Request, index: &Index) -> Result<Vec<Request>, ParseError> {
        let mut files = Vec::new();
        // China has a list of its own; stray keys like `cn-north-1-pkx-1` are no regions.
        for (code, region) in index.regions.iter().filter(|(code, _)| self.regions.contains(&code.as_str())) {
            let file = request.at_link(&region.current_version_url)?;
            let note = format!("{} {code}", request.note);
            files.push(Request { streamed: true, bytes_max: FILE_BYTES_MAX, ..file }.tagged("offers", note));
        }
        if files.is_empty() {
            return Err(ParseError::form("the index names no region that the price book knows"));
        }
        Ok(files)
    }
}
