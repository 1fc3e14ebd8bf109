//! Exoscale: instance prices from the price list of its portal.
//!
//! One map per currency, from keys like `running_cpu_extra_large` to the price of an hour; the same in all zones. The
//! dollar list is taken, so that no exchange rate takes part.

use super::rows::{self, Num};
use crate::catalog::Unit;
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten};
use crate::units::Purchase;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

/// The portal's price list.
pub struct Exoscale;

impl Source for Exoscale {
    fn name(&self) -> &'static str {
        "exoscale"
    }
    fn provider(&self) -> &'static str {
        "exoscale"
    }
    fn about(&self) -> &'static str {
        "Exoscale price list (USD)"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "portal", origin: "https://portal.exoscale.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("key", "running_*")]
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run)
    }
}

struct Run;

/// A list that is in dollars, or nothing.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    usd: BTreeMap<String, &'a RawValue>,
}

const SIZES: [&str; 11] =
    ["micro", "tiny", "small", "medium", "large", "extra_large", "huge", "mega", "titan", "jumbo", "colossus"];

/// `cpu.extra-large` of `running_cpu_extra_large`; `standard.medium` of `running_medium`.
fn shape_name(key: &str) -> Option<String> {
    let rest = key.strip_prefix("running_")?;
    // The longest size that fits: `large` ends `extra_large` too.
    let size = SIZES.iter().filter(|size| rest.ends_with(*size)).max_by_key(|size| size.len())?;
    let family = rest[..rest.len() - size.len()].trim_end_matches('_');
    let family = if family.is_empty() { "standard" } else { family };
    Some(format!("{}.{}", family.replace('_', "-"), size.replace('_', "-")))
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(vec![Request::get("portal", "/api/pricing/opencompute")])
    }

    fn parse(&mut self, _: &Request, body: &mut dyn Read, sink: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        for (key, raw) in &page.usd {
            let Some(shape) = shape_name(key) else {
                sink.skip("not the price of a running instance");
                continue;
            };
            let Some(price) = rows::row::<Num>(raw, key, sink) else { continue };
            let priced = Priced::Compute { shape, purchase: Purchase::OnDemand };
            let fact = Fact::Price(priced, Amount::usd(&price.0, "hour"));
            let said = format!("{key} {}", shorten(raw.get()));
            sink.observe(Observation::listed(Place::Everywhere, fact, said));
        }
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::shape_name;

    #[test]
    fn keys_are_read_as_family_and_size() {
        let name = |key| shape_name(key).unwrap_or_default();
        assert_eq!(name("running_medium"), "standard.medium");
        assert_eq!(name("running_extra_large"), "standard.extra-large");
        assert_eq!(name("running_cpu_extra_large"), "cpu.extra-large");
        assert_eq!(name("running_gpu_a5000_small"), "gpu-a5000.small");
        assert_eq!(name("volume_medium"), "");
        assert_eq!(name("running_"), "");
    }
}
