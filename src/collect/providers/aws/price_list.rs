//! The Price List Query API: the same products as the bulk files, filtered by the service, with a key.
//!
//! Requests are signed by `aws-sigv4`, the signer of AWS's own SDK. The SDK's client is not used: it would bring an
//! HTTP stack of its own past the runner's limits, retries and records.

use super::offer_file::Visit;
use super::product::{Product, ProductSeed, Term, TermKind, TermsMapSeed};
use super::select::{FILTERS, Found, UNITS};
use super::sign;
use crate::collect::providers::rows;
use crate::collect::source::{
    Auth, AuthError, Collector, Context, Credential, Endpoint, Header, Outgoing, ParseError, Request, Secrets, Sink,
    Source, UnitRule, shorten,
};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::io::Read;
use std::time::Duration;

/// The Query API.
pub struct PriceList;

impl Source for PriceList {
    fn name(&self) -> &'static str {
        "aws-price-list"
    }
    fn provider(&self) -> &'static str {
        "aws"
    }
    fn about(&self) -> &'static str {
        "AWS Price List Query API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "pricing", origin: "https://api.pricing.us-east-1.amazonaws.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        sign::CREDENTIALS
    }
    fn units(&self) -> &'static [UnitRule] {
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        FILTERS
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { found: Found::default() })
    }
    fn authorize(&self, request: &Outgoing<'_>, secrets: &Secrets, now_unix: i64) -> Result<Vec<Header>, AuthError> {
        sign::headers(request, secrets, now_unix, "us-east-1", "pricing")
    }
}

/// Service and the filters that keep its answer small.
type Query = (&'static str, &'static [(&'static str, &'static str)]);

const QUERIES: [Query; 15] = [
    (
        "AmazonEC2",
        &[
            ("operatingSystem", "Linux"),
            ("preInstalledSw", "NA"),
            ("licenseModel", "No License required"),
            ("locationType", "AWS Region"),
            ("capacitystatus", "Used"),
            ("marketoption", "OnDemand"),
            ("tenancy", "Shared"),
        ],
    ),
    ("AmazonEC2", &[("volumeApiName", "gp3")]),
    ("AmazonEC2", &[("volumeApiName", "gp2")]),
    ("AmazonEC2", &[("productFamily", "Storage Snapshot")]),
    ("AmazonEC2", &[("productFamily", "NAT Gateway")]),
    ("AmazonRDS", &[("databaseEngine", "PostgreSQL")]),
    ("AmazonRDS", &[("databaseEngine", "MySQL")]),
    ("AmazonElastiCache", &[("productFamily", "Cache Instance")]),
    ("AmazonMSK", &[("productFamily", "Managed Streaming for Apache Kafka (MSK)")]),
    ("AmazonS3", &[("volumeType", "Standard")]),
    ("AmazonS3", &[("productFamily", "API Request")]),
    ("AWSELB", &[("locationType", "AWS Region")]),
    ("AmazonVPC", &[("group", "VPCPublicIPv4Address")]),
    ("AWSDataTransfer", &[("transferType", "AWS Outbound")]),
    ("AWSDataTransfer", &[("transferType", "InterRegion Outbound")]),
];

struct Run {
    found: Found,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    /// Each a JSON document of its own.
    price_list: Vec<String>,
    #[serde(default)]
    next_token: Option<String>,
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok((0..QUERIES.len()).map(|at| page(at, None)).collect())
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let page: Page = serde_json::from_slice(&rows::bytes(body)?)?;
        let mut found = Found::default();
        for text in &page.price_list {
            if let Err(error) = entry(text, &mut found) {
                sink.refuse("product", &shorten(text), &shorten(&error.to_string()));
            }
        }
        self.found.merge(found);
        let at = request.note.parse().map_err(|_| ParseError::form("a page that was not asked for"))?;
        let next = page.next_token.filter(|token| !token.is_empty());
        Ok(next.map(|token| self::page(at, Some(&token))).into_iter().collect())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        std::mem::take(&mut self.found).emit(sink);
        Ok(())
    }
}

fn page(at: usize, token: Option<&str>) -> Request {
    let (service, filters) = QUERIES[at % QUERIES.len()];
    let filter =
        |(field, value): &(&str, &str)| serde_json::json!({"Type": "TERM_MATCH", "Field": field, "Value": value});
    let filters: Vec<_> = filters.iter().map(filter).collect();
    let mut body = serde_json::json!({
        "ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100
    });
    if let Some(token) = token {
        body["NextToken"] = token.into();
    }
    let request = Request::get("pricing", "/").with_auth(Auth::Signed).tagged("products", at.to_string());
    Request {
        post: Some(body.to_string().into_bytes()),
        headers: vec![
            ("Content-Type", "application/x-amz-json-1.1".to_owned()),
            ("X-Amz-Target", "AWSPriceListService.GetProducts".to_owned()),
        ],
        content_types: &["application/x-amz-json-1.1", "application/json"],
        ..request
    }
}

/// One entry of the list: a product with its terms, in whatever order.
fn entry(text: &str, found: &mut Found) -> Result<(), serde_json::Error> {
    let mut entry = Entry::default();
    let mut json = serde_json::Deserializer::from_str(text);
    EntrySeed(&mut entry).deserialize(&mut json)?;
    json.end()?;
    if !entry.has_product {
        return Err(serde_json::Error::custom("the entry has no `product`"));
    }
    if let Some(kept) = found.select(&entry.product) {
        entry.terms.iter().for_each(|term| found.term(&kept, term));
    }
    Ok(())
}

#[derive(Default)]
struct Entry {
    product: Product,
    has_product: bool,
    terms: Vec<Term>,
}

struct EntrySeed<'a>(&'a mut Entry);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a product with its terms")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let entry = self.0;
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            match key.as_ref() {
                "product" => {
                    entry.has_product = true;
                    map.next_value_seed(ProductSeed(&mut entry.product))?;
                }
                "terms" => map.next_value_seed(KindsSeed(&mut entry.terms))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct KindsSeed<'a>(&'a mut Vec<Term>);

impl<'de> DeserializeSeed<'de> for KindsSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KindsSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terms by kind")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            let kind = match key.as_ref() {
                "OnDemand" => TermKind::OnDemand,
                "Reserved" => TermKind::Reserved,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            map.next_value_seed(TermsMapSeed { kind, terms: self.0 })?;
        }
        Ok(())
    }
}
