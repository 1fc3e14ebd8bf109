//! A provider's regional price index: how much dearer the same machines are at one region than at another.

use super::draft::{Draft, Sources};
use crate::catalog::{Price, RegionId};
use crate::units::{Money, Quality};
use std::collections::BTreeMap;

/// On-demand prices of machines without accelerators, by region and shape.
pub struct PriceIndex {
    prices: BTreeMap<RegionId, BTreeMap<String, i64>>,
    codes: BTreeMap<RegionId, String>,
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
        Self { prices, codes }
    }

    /// The ratio of `to` over `from`; `None` when too few machines are on sale at both.
    pub fn ratio(&self, from: RegionId, to: RegionId) -> Option<Ratio> {
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
        let pct = price.uncertainty_pct.saturating_add(ratio.pct).min(100);
        Some(Price { usd, source, quality: Quality::Estimated, uncertainty_pct: pct, ..price })
    }
}
