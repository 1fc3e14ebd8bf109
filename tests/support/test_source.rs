//! A source as plain as can be: a list of machine prices over pages, with a token, for tests of the runner.
#![allow(dead_code, reason = "each test uses a part of it")]

use placer::catalog::Unit;
use placer::collect::observation::{Amount, Fact, Observation, Place, Priced};
use placer::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule,
};
use placer::units::Purchase;
use serde::Deserialize;
use std::io::Read;
use std::time::Duration;

/// The token's variable.
pub const TOKEN: &str = "PLACER_TEST_TOKEN";

pub struct TestSource {
    pub name: &'static str,
    pub provider: &'static str,
    pub streamed: bool,
    pub deadline: Duration,
}

impl TestSource {
    pub const fn new(name: &'static str, provider: &'static str) -> Self {
        Self { name, provider, streamed: false, deadline: Duration::from_secs(30) }
    }
}

#[derive(Deserialize)]
struct List {
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    region: String,
    shape: String,
    hour: String,
}

impl Source for TestSource {
    fn name(&self) -> &'static str {
        self.name
    }
    fn provider(&self) -> &'static str {
        self.provider
    }
    fn about(&self) -> &'static str {
        "a test's list"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://prices.invalid" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential { name: "token", env: &[TOKEN], files: &[], required: true }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour)];
        UNITS
    }
    fn deadline(&self) -> Duration {
        self.deadline
    }
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Reading(self))
    }
}

struct Reading<'a>(&'a TestSource);

impl Collector for Reading<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let mut request = Request::get("api", "/list?page=1").with_auth(Auth::Bearer("token"));
        request.streamed = self.0.streamed;
        Ok(vec![request])
    }

    fn parse(&mut self, page: &Request, body: &mut dyn Read, sink: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let list: List = serde_json::from_reader(body)?;
        for row in list.rows {
            let raw = format!("{} {} {}", row.region, row.shape, row.hour);
            let what = Priced::Compute { shape: row.shape, purchase: Purchase::OnDemand };
            let fact = Fact::Price(what, Amount::usd(row.hour, "hour"));
            sink.observe(Observation::listed(Place::region(row.region), fact, raw));
        }
        list.next.iter().map(|link| page.at_link(link)).collect()
    }
}

/// A page of rows of one region, and the link to the next page.
pub fn list(region: &str, rows: &[(&str, &str)], next: Option<&str>) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|(shape, hour)| format!(r#"{{"region":"{region}","shape":"{shape}","hour":"{hour}"}}"#))
        .collect();
    let next = next.map_or("null".to_owned(), |link| format!("\"{link}\""));
    format!(r#"{{"rows":[{}],"next":{next}}}"#, rows.join(","))
}
