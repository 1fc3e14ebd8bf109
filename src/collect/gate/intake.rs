//! The first stage: every observation by itself.

use super::index::BookIndex;
use super::key::{Key, Thing, Value, bad_name};
use super::ranges;
use crate::catalog::Unit;
use crate::collect::fx::{Fx, decimal, to_money};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced, RegionFact, TransferTarget};
use crate::collect::source::{Sink, Source, UnitRule, shorten};
use crate::units::{Money, Quality, Quantity};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A figure that kept every rule that can be checked on it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is about.
    pub key: Key,
    /// What it says. Of a ladder this is one step; the judge puts the steps together.
    pub value: Value,
    /// The amount as published: `0.0088 EUR/hour`; of a ladder all its steps.
    pub native: String,
    /// The exchange rate used: `1.1652 USD/EUR, ECB 2026-11-20`; empty for dollars.
    pub rate: String,
    /// Listed or derived.
    pub quality: Quality,
    /// The rule of a derived figure.
    pub rule: &'static str,
    /// From when on it holds, when the publication says.
    pub effective: Option<String>,
    /// What stood there.
    pub raw: String,
    /// Stated for every region, not for this one: a figure for this very region goes before it.
    pub general: bool,
}

/// A row that did not pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// What it is about.
    pub what: String,
    /// What stood there, shortened.
    pub raw: String,
    /// Why it did not pass.
    pub reason: String,
}

/// What a row is about, when that could be read, and why it does not pass.
type Fault = (Option<Thing>, String);

/// What a row is about and says, the amount as published, and the rate used.
type Reading = (Thing, Value, String, String);

/// Takes a run's observations.
pub struct Intake<'a> {
    provider: &'a str,
    units: &'a [UnitRule],
    fx: &'a Fx,
    today: &'a str,
    index: &'a BookIndex<'a>,
    /// What passed.
    pub candidates: Vec<Candidate>,
    /// What did not; at most [`REFUSALS_MAX`] of them are kept.
    pub refusals: Vec<Refusal>,
    /// How many did not pass, kept or not.
    pub refused: usize,
    /// Rows of something else, by reason.
    pub skipped: BTreeMap<&'static str, usize>,
    /// Keys that lost a row to a refusal. Of a ladder that lost a step nothing may pass: the others would state a
    /// wrong price.
    pub broken: BTreeSet<Key>,
    /// Rows were refused that name no key.
    pub unnamed: bool,
}

/// More refusals than this are counted but not kept: one page of garbage says no more than its first rows.
pub const REFUSALS_MAX: usize = 50_000;

impl<'a> Intake<'a> {
    /// Takes the observations of a source on a day.
    #[must_use]
    pub fn new(source: &'a dyn Source, fx: &'a Fx, today: &'a str, index: &'a BookIndex<'a>) -> Self {
        Self {
            provider: source.provider(),
            units: source.units(),
            fx,
            today,
            index,
            candidates: Vec::new(),
            refusals: Vec::new(),
            refused: 0,
            skipped: BTreeMap::new(),
            broken: BTreeSet::new(),
            unnamed: false,
        }
    }

    fn take(&mut self, observation: &Observation) -> Result<(), Fault> {
        let named = match &observation.fact {
            Fact::Price(priced, _) => thing_of(priced).ok(),
            _ => None,
        };
        let plain = |reason: String| (named.clone(), reason);
        if let Some(from) = &observation.effective {
            let date = from.parse::<jiff::civil::Date>().map_err(|_| plain(format!("`{from}` is no date")))?;
            if date.to_string().as_str() > self.today {
                return Err(plain(format!("holds only from {from} on")));
            }
        }
        if observation.quality == Quality::Estimated {
            return Err(plain("a publication states or derives; estimates are not collected".into()));
        }
        let (thing, value, native, rate) = self.read(&observation.fact)?;
        let broke = |reason| (Some(thing.clone()), reason);
        let regions: Vec<String> = match (&observation.place, &thing) {
            (_, Thing::Shape(_)) => vec![String::new()],
            (Place::Region(code), _) => {
                check_name(code).map_err(broke)?;
                vec![code.clone()]
            }
            (Place::Everywhere, Thing::Region) => return Err(plain("a region lies somewhere, not everywhere".into())),
            (Place::Everywhere, thing) => self.index.selling(thing).into_iter().map(str::to_owned).collect(),
        };
        let general = observation.place == Place::Everywhere;
        for region in regions {
            self.candidates.push(Candidate {
                key: Key { provider: self.provider.to_owned(), region, thing: thing.clone() },
                value: value.clone(),
                native: native.clone(),
                rate: rate.clone(),
                quality: observation.quality,
                rule: observation.rule,
                effective: observation.effective.clone(),
                raw: shorten(&observation.raw),
                general,
            });
        }
        Ok(())
    }

    /// What a fact is about and says, the amount as published, and the rate used.
    fn read(&self, fact: &Fact) -> Result<Reading, Fault> {
        let plain = |reason: String| (None, reason);
        let none = String::new;
        match fact {
            Fact::Region(region) => {
                let continent = check_region(region, self.index).map_err(plain)?;
                Ok((Thing::Region, Value::Region((**region).clone(), continent), none(), none()))
            }
            Fact::Shape(shape) => {
                check_name(&shape.name).map_err(plain)?;
                if shape.gpu_milli > 0 || !shape.gpu_model.is_empty() {
                    check_name(&shape.gpu_model).map_err(plain)?;
                }
                ranges::check_spec(shape.vcpu_milli, shape.memory_mib, shape.gpu_milli).map_err(plain)?;
                Ok((Thing::Shape(shape.name.clone()), Value::Shape((**shape).clone()), none(), none()))
            }
            Fact::IncludedTraffic { shape, gb } => {
                check_name(shape).map_err(plain)?;
                check_quantity(*gb).map_err(plain)?;
                Ok((Thing::IncludedTraffic(shape.clone()), Value::Amount(*gb), none(), none()))
            }
            Fact::Price(priced, amount) => {
                let thing = thing_of(priced).map_err(plain)?;
                let broke = |reason| (Some(thing.clone()), reason);
                let (usd, unit, native, rate) = self.convert(&thing, amount).map_err(broke)?;
                let value = value_of(priced, usd, unit).map_err(broke)?;
                Ok((thing, value, native, rate))
            }
        }
    }

    fn convert(&self, thing: &Thing, amount: &Amount) -> Result<(Money, Unit, String, String), String> {
        let rule = self.units.iter().find(|rule| rule.text == amount.unit);
        let rule = rule.ok_or_else(|| format!("the unit `{}` is not in the source's table", shorten(&amount.unit)))?;
        let published = decimal(&amount.value)?;
        if published.is_sign_negative() && !published.is_zero() {
            return Err("a price is never negative".into());
        }
        if amount.currency.len() != 3 || !amount.currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(format!("`{}` is no currency", shorten(&amount.currency)));
        }
        let rate = self.fx.rate(&amount.currency, self.today)?;
        let native = format!("{} {}/{}", amount.value, amount.currency, amount.unit);
        let shown = rate.map_or_else(String::new, |rate| {
            format!("{} USD/{}, {} {}", rate.usd, amount.currency, rate.source, rate.date)
        });
        let count = decimal(rule.count)?;
        let usd = published.checked_mul(rate.map_or(Decimal::ONE, |rate| rate.usd));
        let usd = usd.and_then(|usd| usd.checked_div(count)).ok_or("the price is too large")?;
        let usd = to_money(usd)?;
        if usd == Money::ZERO {
            if !amount.stated_free {
                return Err("a zero is a placeholder unless the publication says that it is free".into());
            }
            if !published.is_zero() || !ranges::may_be_free(thing) {
                return Err("this is never free".into());
            }
            return Ok((usd, rule.unit, native, shown));
        }
        ranges::check(thing, usd, rule.unit)?;
        Ok((usd, rule.unit, native, shown))
    }

    fn note(&mut self, refusal: Refusal) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(refusal);
        }
    }
}

impl Sink for Intake<'_> {
    fn observe(&mut self, observation: Observation) {
        let what = describe(&observation);
        let raw = shorten(&observation.raw);
        let Err((thing, reason)) = self.take(&observation) else { return };
        self.note(Refusal { what, raw, reason });
        let Some(thing) = thing else {
            self.unnamed = true;
            return;
        };
        let regions: Vec<String> = match observation.place {
            Place::Region(code) => vec![code],
            Place::Everywhere => self.index.selling(&thing).into_iter().map(str::to_owned).collect(),
        };
        let provider = self.provider;
        let key = |region| Key { provider: provider.to_owned(), region, thing: thing.clone() };
        self.broken.extend(regions.into_iter().map(key));
    }

    fn refuse(&mut self, what: &str, raw: &str, reason: &str) {
        self.unnamed = true;
        self.note(Refusal { what: shorten(what), raw: shorten(raw), reason: shorten(reason) });
    }

    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }
}

fn check_name(name: &str) -> Result<(), String> {
    match bad_name(name) {
        None => Ok(()),
        Some(why) => Err(format!("`{}`: {why}", shorten(name))),
    }
}

fn check_quantity(quantity: Quantity) -> Result<(), String> {
    // The book's own bound: no amount is above 10^12 units.
    if (Quantity::ZERO..=Quantity::from_units(1_000_000_000_000)).contains(&quantity) {
        return Ok(());
    }
    Err(format!("{quantity} is not an amount"))
}

fn check_tier(tier: &ManagedTier, may_be_any: bool) -> Result<(), String> {
    check_name(&tier.product)?;
    if may_be_any && tier.tier.is_empty() { Ok(()) } else { check_name(&tier.tier) }
}

/// The continent of a new region.
fn check_region(region: &RegionFact, index: &BookIndex<'_>) -> Result<String, String> {
    if region.city.is_empty() || region.city.len() > 80 || region.city.chars().any(char::is_control) {
        return Err(format!("`{}` is no city", shorten(&region.city)));
    }
    let degrees = |text: &str, max: i64| {
        let value = decimal(text)?;
        if value.abs() <= Decimal::from(max) { Ok(()) } else { Err(format!("{text} is no position")) }
    };
    degrees(&region.lat, 90)?;
    degrees(&region.lon, 180)?;
    if region.zones.is_some_and(|zones| !(1..=20).contains(&zones)) {
        return Err("zones: not 1 to 20".into());
    }
    let continent = index.continent(&region.country).map(str::to_owned);
    continent.ok_or_else(|| format!("the book does not know the continent of country `{}`", shorten(&region.country)))
}

fn thing_of(priced: &Priced) -> Result<Thing, String> {
    Ok(match priced {
        Priced::Compute { shape, purchase } => {
            check_name(shape)?;
            Thing::Compute(shape.clone(), *purchase)
        }
        Priced::MonthCap { shape } => {
            check_name(shape)?;
            Thing::MonthCap(shape.clone())
        }
        Priced::Managed { tier, vcpu_milli, memory_mib, storage_included_gb } => {
            check_tier(tier, false)?;
            check_quantity(*storage_included_gb)?;
            ranges::check_tier(tier.kind, *vcpu_milli, *memory_mib)?;
            Thing::Managed(tier.clone())
        }
        Priced::ManagedMonthCap(tier) => {
            check_tier(tier, false)?;
            Thing::ManagedMonthCap(tier.clone())
        }
        Priced::ManagedStorage(tier) => {
            check_tier(tier, true)?;
            Thing::ManagedStorage(tier.clone())
        }
        Priced::Tariff { item, product, .. } => {
            check_name(product)?;
            Thing::Tariff(*item, product.clone())
        }
        Priced::Egress { to, .. } => {
            let country = to.len() == 2 && to.bytes().all(|b| b.is_ascii_uppercase());
            if to != "*" && !country {
                return Err(format!("`{}` is neither a country code nor `*`", shorten(to)));
            }
            Thing::Egress(to.clone())
        }
        Priced::Transfer(to) => {
            if let TransferTarget::Region(code) = to {
                check_name(code)?;
            }
            Thing::Transfer(to.clone())
        }
    })
}

fn value_of(priced: &Priced, usd: Money, unit: Unit) -> Result<Value, String> {
    Ok(match priced {
        Priced::Managed { vcpu_milli, memory_mib, storage_included_gb, .. } => Value::Managed {
            usd,
            unit,
            vcpu_milli: *vcpu_milli,
            memory_mib: *memory_mib,
            storage_included_gb: *storage_included_gb,
        },
        Priced::Tariff { from, .. } => {
            check_quantity(*from)?;
            Value::Steps { unit, included_gb: Quantity::ZERO, steps: vec![(*from, usd)] }
        }
        Priced::Egress { from, included_gb, .. } => {
            check_quantity(*from)?;
            check_quantity(*included_gb)?;
            Value::Steps { unit, included_gb: *included_gb, steps: vec![(*from, usd)] }
        }
        _ => Value::Price(usd, unit),
    })
}

/// What an observation is about, for people.
fn describe(observation: &Observation) -> String {
    let place = match &observation.place {
        Place::Region(code) => shorten(code),
        Place::Everywhere => "everywhere".to_owned(),
    };
    let what = match &observation.fact {
        Fact::Region(region) => format!("region {}", region.city),
        Fact::Shape(shape) => format!("shape {}", shape.name),
        Fact::IncludedTraffic { shape, .. } => format!("traffic included with {shape}"),
        Fact::Price(priced, _) => match priced {
            Priced::Compute { shape, purchase } => format!("{shape} {purchase}"),
            Priced::MonthCap { shape } => format!("{shape} month cap"),
            Priced::Managed { tier, .. } => format!("{} {}", tier.product, tier.tier),
            Priced::ManagedMonthCap(tier) => format!("{} {} month cap", tier.product, tier.tier),
            Priced::ManagedStorage(tier) => format!("{} {} storage", tier.product, tier.tier),
            Priced::Tariff { item, product, .. } => format!("{} {product}", item.as_str()),
            Priced::Egress { to, .. } => format!("egress to {to}"),
            Priced::Transfer(to) => format!("transfer to {to:?}"),
        },
    };
    format!("{} at {place}", shorten(&what))
}
