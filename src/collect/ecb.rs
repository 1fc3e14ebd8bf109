//! The European Central Bank's daily reference rates, read through the same runner as prices are.

use super::fx::{Fx, parse_ecb};
use super::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule};
use std::io::Read;
use std::sync::Mutex;

/// The rates, once they were read.
#[derive(Default)]
pub struct Ecb {
    found: Mutex<Fx>,
}

impl Ecb {
    /// What was read; nothing before a successful run.
    #[must_use]
    pub fn rates(&self) -> Fx {
        self.found.lock().map(|found| found.clone()).unwrap_or_default()
    }
}

impl Source for Ecb {
    fn name(&self) -> &'static str {
        "ecb"
    }

    fn provider(&self) -> &'static str {
        "ecb"
    }

    fn about(&self) -> &'static str {
        "European Central Bank, daily reference rates"
    }

    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "rates", origin: "https://www.ecb.europa.eu" }]
    }

    fn units(&self) -> &'static [UnitRule] {
        &[]
    }

    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Reading(self))
    }
}

struct Reading<'a>(&'a Ecb);

impl Collector for Reading<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let mut request = Request::get("rates", "/stats/eurofxref/eurofxref-daily.xml");
        request.content_types = &["text/xml", "application/xml"];
        request.bytes_max = 1 << 20;
        Ok(vec![request])
    }

    fn parse(&mut self, _: &Request, body: &mut dyn Read, _: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let mut text = String::new();
        body.read_to_string(&mut text)?;
        let fx = parse_ecb(&text).map_err(ParseError::Form)?;
        if let Ok(mut found) = self.0.found.lock() {
            *found = fx;
        }
        Ok(Vec::new())
    }
}
