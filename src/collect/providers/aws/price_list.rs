//! The Price List Query API: the same products as the bulk files, filtered by the service, with a key.
//!
//! Requests are signed by `aws-sigv4`, the signer of AWS's own SDK. Under the feature `aws-sdk` they are written, and the
//! answers read, by the SDK itself (`sdk.rs`); without it by the few lines here, which say the same.

use super::offer_file::Visit;
use super::product::{Product, ProductSeed, Term, TermKind, TermsMapSeed};
use super::select::{FILTERS, Found, UNITS};
use super::sign;
use crate::collect::providers::rows;
use crate::collect::source::{
    Auth, AuthError, Collector, Context, Credential, Endpoint, Header, Outgoing, ParseError, Request, Secrets, Sink,
    Source, UnitRule, shorten,
};
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

/// By hand what `sdk.rs` lets the SDK do.
#[cfg(any(not(feature = "aws-sdk"), test))]
mod plain {
    use crate::collect::source::ParseError;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        price_list: Vec<String>,
        #[serde(default)]
        next_token: Option<String>,
    }

    /// The request's body, `x-amz-target` and content type.
    pub struct Written {
        pub body: Vec<u8>,
        pub target: String,
        pub content_type: String,
    }

    #[expect(clippy::unnecessary_wraps, reason = "the SDK may fail")]
    pub fn write(service: &str, filters: &[(&str, &str)], token: Option<&str>) -> Result<Written, ParseError> {
        let filter =
            |(field, value): &(&str, &str)| serde_json::json!({"Type": "TERM_MATCH", "Field": field, "Value": value});
        let filters: Vec<_> = filters.iter().map(filter).collect();
        let mut body = serde_json::json!({
            "ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100
        });
        if let Some(token) = token {
            body["NextToken"] = token.into();
        }
        Ok(Written {
            body: body.to_string().into_bytes(),
            target: "AWSPriceListService.GetProducts".to_owned(),
            content_type: "application/x-amz-json-1.1".to_owned(),
        })
    }

    /// The products, each a JSON document of its own, and the token of the next page.
    #[expect(clippy::needless_pass_by_value, reason = "the SDK takes the bytes")]
    pub fn read(answer: Vec<u8>) -> Result<(Vec<String>, Option<String>), ParseError> {
        let page: Page = serde_json::from_slice(&answer)?;
        Ok((page.price_list, page.next_token))
    }
}

#[cfg(feature = "aws-sdk")]
use super::sdk as wire;
#[cfg(not(feature = "aws-sdk"))]
use plain as wire;

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        (0..QUERIES.len()).map(|at| page(at, None)).collect()
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let (products, next) = wire::read(rows::bytes(body)?)?;
        let mut found = Found::default();
        for text in &products {
            if let Err(error) = entry(text, &mut found) {
                sink.refuse("product", &shorten(text), &shorten(&error.to_string()));
            }
        }
        self.found.merge(found);
        let at = request.note.parse().map_err(|_| ParseError::form("a page that was not asked for"))?;
        next.filter(|token| !token.is_empty()).map(|token| page(at, Some(&token))).into_iter().collect()
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        std::mem::take(&mut self.found).emit(sink);
        Ok(())
    }
}

fn page(at: usize, token: Option<&str>) -> Result<Request, ParseError> {
    let (service, filters) = QUERIES[at % QUERIES.len()];
    let written = wire::write(service, filters, token)?;
    let request = Request::get("pricing", "/").with_auth(Auth::Signed).tagged("products", at.to_string());
    Ok(Request {
        post: Some(written.body),
        headers: vec![("Content-Type", written.content_type), ("X-Amz-Target", written.target)],
        content_types: &["application/x-amz-json-1.1", "application/json"],
        ..request
    })
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

#[cfg(all(test, feature = "aws-sdk"))]
mod tests {
    use super::super::sdk;
    use super::{QUERIES, plain};
    use serde_json::Value;

    #[test]
    fn the_sdk_writes_what_is_written_by_hand() {
        for (service, filters) in QUERIES {
            for token in [None, Some("AAMA-EFRSURBSGhoR2")] {
                let by_sdk = sdk::write(service, filters, token).expect("it is written");
                let by_hand = plain::write(service, filters, token).expect("it is written");
                let parsed = |body: &[u8]| serde_json::from_slice::<Value>(body).expect("JSON");
                assert_eq!(parsed(&by_sdk.body), parsed(&by_hand.body));
                assert_eq!((by_sdk.target, by_sdk.content_type), (by_hand.target, by_hand.content_type));
            }
        }
    }

    #[test]
    fn the_sdk_reads_what_is_read_by_hand() {
        let page = br#"{"FormatVersion":"aws_v1","PriceList":["{\"product\":{}}","{}"],"NextToken":"x"}"#;
        let read = sdk::read(page.to_vec()).expect("it is read");
        assert_eq!(read, plain::read(page.to_vec()).expect("it is read"));
        assert_eq!(read, (vec![r#"{"product":{}}"#.to_owned(), "{}".to_owned()], Some("x".to_owned())));
        for bad in [&b"[]"[..], b"", b"{}", br#"{"PriceList":[{}]}"#, br#"{"PriceList":["x"#] {
            assert!(sdk::read(bad.to_vec()).is_err() && plain::read(bad.to_vec()).is_err(), "{bad:?}");
        }
    }
}
