//! Providers whose prices are on documentation pages only: Cloudflare R2 and Backblaze B2.
//!
//! The figures are kept here by hand, each table with the day on which it was read and where. Nothing is fetched.

use super::rows;
use crate::catalog::{Item, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule};
use crate::units::Quantity;
use std::io::Read;

const UNITS: &[UnitRule] = &[
    UnitRule::one("GB-month", Unit::GbMonth),
    UnitRule::one("million", Unit::MillionRequests),
    UnitRule::one("GB", Unit::Gb),
];

/// One row of a table: what, from how many units, dollars, unit; a price of 0 is stated by the provider.
type Row = (Item, &'static str, i64, &'static str, &'static str);

/// A table that is kept by hand.
pub struct Table {
    name: &'static str,
    provider: &'static str,
    about: &'static str,
    as_of: &'static str,
    rows: &'static [Row],
    /// Price of a GB to the internet; "0" is stated.
    egress: Option<&'static str>,
}

/// Cloudflare R2, standard storage.
pub static R2: Table = Table {
    name: "cloudflare-r2-table",
    provider: "cloudflare-r2",
    about: "Cloudflare R2 pricing page",
    as_of: "2026-11-22",
    rows: &[
        (Item::ObjectStorage, "R2 Standard", 0, "0", "GB-month"),
        (Item::ObjectStorage, "R2 Standard", 10, "0.015", "GB-month"),
        (Item::ObjectWrites, "R2 Standard", 0, "0", "million"),
        (Item::ObjectWrites, "R2 Standard", 1, "4.50", "million"),
        (Item::ObjectReads, "R2 Standard", 0, "0", "million"),
        (Item::ObjectReads, "R2 Standard", 10, "0.36", "million"),
    ],
    egress: Some("0"),
};

/// Backblaze B2. Its egress is free up to three times what is stored, a rule that a ladder cannot hold: left as it is.
pub static B2: Table = Table {
    name: "backblaze-table",
    provider: "backblaze",
    about: "Backblaze B2 pricing page",
    as_of: "2026-10-03",
    rows: &[(Item::ObjectStorage, "B2", 0, "0.00695", "GB-month")],
    egress: None,
};

impl Source for Table {
    fn name(&self) -> &'static str {
        self.name
    }
    fn provider(&self) -> &'static str {
        self.provider
    }
    fn about(&self) -> &'static str {
        self.about
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[]
    }
    fn units(&self) -> &'static [UnitRule] {
        UNITS
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run(self))
    }
}

struct Run<'a>(&'a Table);

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(Vec::new())
    }

    fn parse(&mut self, _: &Request, _: &mut dyn Read, _: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        Err(ParseError::form("a table kept by hand has no pages"))
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        let table = self.0;
        let mut observe = |priced, usd: &str, unit: &str| {
            let mut amount = Amount::usd(usd, unit);
            amount.stated_free = usd == "0";
            let said = format!("{usd} USD per {unit}, read on {}", table.as_of);
            let observation = Observation::listed(Place::Everywhere, Fact::Price(priced, amount), said);
            sink.observe(rows::since(observation, Some(table.as_of)));
        };
        for (item, product, from, usd, unit) in table.rows {
            let from = Quantity::from_units(*from);
            observe(Priced::Tariff { item: *item, product: (*product).to_owned(), from }, usd, unit);
        }
        if let Some(usd) = table.egress {
            observe(rows::egress(), usd, "GB");
        }
        Ok(())
    }
}
