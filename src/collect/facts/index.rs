//! A provider's regional price index: how much dearer the same machines are at one region than at another.

use super::Error;
use super::draft::{Draft, Sources};
use super::read::{Fact, Table};
use crate::catalog::{Price, RegionId, Unit};
use crate::units::{Money, Quality};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// On-demand prices of machines without accelerators, by region and shape.
pub struct PriceIndex {
    prices: BTreeMap<RegionId, BTreeMap<String, i64>>,
    codes: BTreeMap<RegionId, String>,
    /// What the method misses 80% of the known prices by at most, in percent: services by time, and all others.
    misses: (u8, u8),
    /// Ratios asked for before.
    ratios: RefCell<HashMap<(RegionId, RegionId), Option<Ratio>>>,
}

/// The ratio of two regions' prices, in thousandths, and how far single machines stray from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Median ratio times 1000.
    pub milli: i64,
    /// Half-width of the range around the median that holds 80% of the machines, percent of the median, 1 to 100.
    pub pct: u8,
}

/// Fewer shared machines than this say nothing about a region.
const SHARED_MIN: usize = 5;

/// A service known at fewer regions than this is not a test of the method.
const KNOWN_MIN: usize = 8;

/// What 80% of the values do not exceed, 1 to 100.
fn most(values: &mut [i64]) -> u8 {
    values.sort_unstable();
    let at = (values.len() * 8).div_ceil(10).saturating_sub(1);
    u8::try_from(values.get(at).copied().unwrap_or(1).clamp(1, 100)).unwrap_or(100)
}

impl PriceIndex {
    /// Of everything the draft has on sale.
    pub fn new(draft: &Draft) -> Self {
        let mut prices: BTreeMap<RegionId, BTreeMap<String, i64>> = BTreeMap::new();
        for ((region, name), offer) in &draft.compute {
            let key = (draft.at(*region).provider.clone(), name.clone());
            let plain = draft.shapes.get(&key).is_some_and(|s| s.gpu_milli == 0);
            if let (true, Some(usd)) = (plain, offer.usd_hour[0]) {
                prices.entry(*region).or_default().insert(name.clone(), usd.nanos());
            }
        }
        let codes = prices.keys().map(|&id| (id, draft.at(id).code.clone())).collect();
        Self { prices, codes, misses: (1, 1), ratios: RefCell::default() }
    }

    /// Holds the method against services whose prices are known at many regions: each is predicted from the provider's
    /// first region in the list below, and what 80% of the predictions miss by becomes the least uncertainty of any
    /// estimate.
    pub fn calibrate(&mut self, draft: &Draft, services: &[Table]) -> Result<(), Error> {
        let mut misses: (Vec<i64>, Vec<i64>) = Default::default();
        for (provider, base) in [("aws", "us-east-1"), ("gcp", "us-central1")] {
            let Some(from) = draft.region(provider, base) else { continue };
            let mut by_sku: BTreeMap<[&str; 4], Vec<Fact<'_>>> = BTreeMap::new();
            for fact in services.iter().flat_map(Table::rows).filter(|f| f.get("provider") == provider) {
                by_sku
                    .entry(["service", "product", "sku", "ha"].map(|column| fact.get(column)))
                    .or_default()
                    .push(fact);
            }
            for facts in by_sku.values().filter(|facts| facts.len() >= KNOWN_MIN) {
                let Some(base) = facts.iter().find(|f| f.get("region") == base) else { continue };
                let Some(base_usd) = base.money("usd")?.filter(|usd| *usd > Money::ZERO) else { continue };
                for fact in facts {
                    let to = draft.region(provider, fact.get("region")).filter(|to| *to != from);
                    let ratio = to.and_then(|to| self.ratio(from, to));
                    let (Some(ratio), Some(usd)) = (ratio, fact.money("usd")?) else { continue };
                    let wrong = (base_usd.nanos() * ratio.milli / 1000 - usd.nanos()).abs();
                    let pct = (wrong * 100 + usd.nanos() - 1) / usd.nanos().max(1);
                    let by_time = matches!(fact.get("unit"), "hour" | "vcpu_hour" | "gib_hour");
                    if by_time { &mut misses.0 } else { &mut misses.1 }.push(pct);
                }
            }
        }
        self.misses = (most(&mut misses.0), most(&mut misses.1));
        Ok(())
    }

    /// The least uncertainty of an estimate of something sold by this unit, in percent.
    pub fn least_pct(&self, unit: Unit) -> u8 {
        let by_time = matches!(unit, Unit::Hour | Unit::Month | Unit::VcpuHour | Unit::GibHour);
        if by_time { self.misses.0 } else { self.misses.1 }
    }

    /// The ratio of `to` over `from`; `None` when too few machines are on sale at both.
    pub fn ratio(&self, from: RegionId, to: RegionId) -> Option<Ratio> {
        let known = self.ratios.borrow().get(&(from, to)).copied();
        known.unwrap_or_else(|| {
            let ratio = self.compare(from, to);
            self.ratios.borrow_mut().insert((from, to), ratio);
            ratio
        })
    }

    fn compare(&self, from: RegionId, to: RegionId) -> Option<Ratio> {
        let (from, to) = (self.prices.get(&from)?, self.prices.get(&to)?);
        let shared = to.iter().filter_map(|(name, &usd)| Some((usd, *from.get(name)?)));
        let mut ratios: Vec<i64> =
            shared.filter(|&(_, base)| base > 0).map(|(usd, base)| (usd * 100_000 + base / 2) / base).collect();
        if ratios.len() < SHARED_MIN {
            return None;
        }
        ratios.sort_unstable();
        let median = ratios[ratios.len() / 2];
        let mut strays: Vec<i64> = ratios.iter().map(|r| (r - median).abs()).collect();
        strays.sort_unstable();
        let stray = strays[(strays.len() * 8).div_ceil(10) - 1];
        let pct = (stray * 100 + median - 1) / median.max(1);
        Some(Ratio { milli: (median + 50) / 100, pct: u8::try_from(pct.clamp(1, 100)).unwrap_or(100) })
    }

    /// A price at `to`, carried over from `from` where it is known. At `from` itself it stays what it is.
    pub fn carry(&self, price: Price, from: RegionId, to: RegionId, sources: &mut Sources) -> Option<Price> {
        if from == to {
            return Some(price);
        }
        let ratio = self.ratio(from, to)?;
        // To the micro-dollar: more digits would pretend to be exact.
        let usd = Money::from_nanos((price.usd.nanos() * ratio.milli / 1000 + 500) / 1000 * 1000);
        let text = format!(
            "estimated from {} by price index x{}.{:03} of the provider's machines; there: {}",
            self.codes[&from],
            ratio.milli / 1000,
            ratio.milli % 1000,
            sources.text(price.source)
        );
        let as_of = sources.as_of(price.source).to_owned();
        let source = sources.id(&text, &as_of);
        let pct = price.uncertainty_pct.saturating_add(ratio.pct.max(self.least_pct(price.unit))).min(100);
        Some(Price { usd, source, quality: Quality::Estimated, uncertainty_pct: pct, ..price })
    }
}
