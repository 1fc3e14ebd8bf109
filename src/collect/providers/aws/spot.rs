//! Spot prices of EC2, region by region.
//!
//! The API gives a price per zone. The book has one per region: the median of its zones, the upper one of two, since a
//! machine may start in any of them. Regions that the account has not enabled answer with an error and have nothing.

use super::sign;
use crate::catalog::Unit;
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced};
use crate::collect::providers::rows;
use crate::collect::source::{
    Auth, AuthError, Collector, Context, Credential, Endpoint, Header, Outgoing, ParseError, Request, Secrets, Sink,
    Source, UnitRule, shorten,
};
use crate::units::Purchase;
use quick_xml::Reader;
use quick_xml::events::Event;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::time::Duration;

/// Spot price history, as it stands when it is asked for.
pub struct Spot;

impl Source for Spot {
    fn name(&self) -> &'static str {
        "aws-spot"
    }
    fn provider(&self) -> &'static str {
        "aws"
    }
    fn about(&self) -> &'static str {
        "AWS EC2 spot price history"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "ec2", origin: "https://ec2.{}.amazonaws.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        sign::CREDENTIALS
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("productDescription", "Linux/UNIX"), ("availabilityZone", "of the region itself")]
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(3600)
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        let regions = context.regions("aws");
        let commercial = regions.into_iter().filter(|region| !region.starts_with("cn-") && !region.contains("-gov-"));
        Box::new(Run { regions: commercial.collect(), today: context.today, latest: BTreeMap::new() })
    }
    fn authorize(&self, request: &Outgoing<'_>, secrets: &Secrets, now_unix: i64) -> Result<Vec<Header>, AuthError> {
        sign::headers(request, secrets, now_unix, &request.request.host_part, "ec2")
    }
}

struct Run<'a> {
    regions: Vec<&'a str>,
    today: &'a str,
    /// (region, machine) -> zone -> (time, dollars per hour).
    latest: BTreeMap<(String, String), BTreeMap<String, (String, Decimal)>>,
}

/// One price of the history.
#[derive(Debug, Default)]
struct Row {
    zone: String,
    machine: String,
    product: String,
    price: String,
    time: String,
}

const QUERY: &str = "/?Action=DescribeSpotPriceHistory&Version=2016-11-15&MaxResults=1000\
                     &ProductDescription.1=Linux%2FUNIX&ProductDescription.2=Linux%2FUNIX%20%28Amazon%20VPC%29";

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        if self.regions.is_empty() {
            return Err(ParseError::form("the price book knows no region of AWS"));
        }
        // From midnight on: the answer begins with the price in force then, and has every change since.
        let path = format!("{QUERY}&StartTime={}T00%3A00%3A00Z", self.today);
        let page = |region: &&str| {
            let request = Request::get("ec2", path.as_str()).with_auth(Auth::Signed).tagged("history", path.as_str());
            Request {
                host_part: (*region).to_owned(),
                content_types: &["text/xml", "application/xml"],
                absent_statuses: &[401, 403],
                ..request
            }
        };
        Ok(self.regions.iter().map(page).collect())
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let (history, token) = read(body)?;
        for row in history {
            self.row(&request.host_part, &row, sink);
        }
        if token.is_empty() {
            return Ok(Vec::new());
        }
        let path = format!("{}&NextToken={}", request.note, rows::escape(&token));
        Ok(vec![Request { path, ..request.clone() }])
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        for ((region, machine), zones) in &self.latest {
            let mut prices: Vec<Decimal> = zones.values().map(|(_, price)| *price).collect();
            prices.sort_unstable();
            let median = prices[prices.len() / 2];
            let since = zones.values().map(|(time, _)| time.as_str()).max();
            let priced = Priced::Compute { shape: machine.clone(), purchase: Purchase::Spot };
            let fact = Fact::Price(priced, Amount::usd(rows::text(median), "hour"));
            let place = Place::region(region);
            let said =
                format!("{machine} {region}: {} USD per hour, median of {} zones", rows::text(median), prices.len());
            let observation = if prices.len() == 1 {
                Observation::listed(place, fact, said)
            } else {
                Observation::derived(place, fact, "median of the region's zones", said)
            };
            sink.observe(rows::since(observation, since));
        }
        Ok(())
    }
}

impl Run<'_> {
    fn row(&mut self, region: &str, row: &Row, sink: &mut dyn Sink) {
        if !row.product.starts_with("Linux/UNIX") {
            return sink.skip("not Linux");
        }
        // `eu-central-1a` is a zone of the region; `us-west-2-lax-1a` is somewhere else.
        let own = row.zone.strip_prefix(region).is_some_and(|letter| letter.len() == 1);
        if !own {
            return sink.skip("not in a region (local zones, Wavelength, Outposts)");
        }
        let price = rows::decimal(&row.price).filter(|price| !price.is_sign_negative() && !price.is_zero());
        let (Some(price), false, Some(_)) = (price, row.machine.is_empty(), rows::day(&row.time)) else {
            return sink.refuse(
                "spot price",
                &shorten(&format!("{row:?}")),
                "its price, machine or time cannot be read",
            );
        };
        let zones = self.latest.entry((region.to_owned(), row.machine.clone())).or_default();
        let newest = zones.entry(row.zone.clone()).or_insert_with(|| (row.time.clone(), price));
        if row.time > newest.0 {
            *newest = (row.time.clone(), price);
        }
    }
}

/// The rows of a page and the token of the next one.
fn read(body: &mut dyn Read) -> Result<(Vec<Row>, String), ParseError> {
    let form = |error: quick_xml::Error| match error {
        quick_xml::Error::Io(error) => ParseError::Io(std::io::Error::new(error.kind(), error.to_string())),
        other => ParseError::form(format!("not the expected XML: {other}")),
    };
    let mut xml = Reader::from_reader(BufReader::new(body));
    xml.config_mut().trim_text(true);
    let (mut rows, mut token, mut open) = (Vec::new(), String::new(), Vec::<String>::new());
    let (mut buffer, mut row, mut complete) = (Vec::new(), Row::default(), false);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(form)? {
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                if open.is_empty() && name != "DescribeSpotPriceHistoryResponse" {
                    return Err(ParseError::form(format!("`{}` instead of a spot price history", shorten(&name))));
                }
                if name == "item" {
                    row = Row::default();
                }
                if open.len() > 16 {
                    return Err(ParseError::form("XML that is nested too deeply"));
                }
                open.push(name);
            }
            Event::End(_) => match open.pop().as_deref() {
                Some("item") => rows.push(std::mem::take(&mut row)),
                Some("DescribeSpotPriceHistoryResponse") => complete = true,
                _ => {}
            },
            Event::Text(text) => {
                let text = text.to_string();
                match open.last().map(String::as_str) {
                    Some("instanceType") => row.machine = text,
                    Some("availabilityZone") => row.zone = text,
                    Some("productDescription") => row.product = text,
                    Some("spotPrice") => row.price = text,
                    Some("timestamp") => row.time = text,
                    Some("nextToken") if open.len() == 2 => token = text,
                    _ => {}
                }
            }
            Event::GeneralRef(_) | Event::DocType(_) => {
                return Err(ParseError::form("XML with entities, which a spot price history has none of"));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !complete || !open.is_empty() {
        return Err(ParseError::form("the XML ends too early"));
    }
    Ok((rows, token))
}
