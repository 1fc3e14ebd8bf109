//! What all applications of a backtest stand on: the recorded machines, over the price book's tariffs.

use super::recording::{Pair, Recording};
use crate::catalog::{ComputeOffer, EgressLadder, PriceBook, RegionId, Shape, ShapeId};
use crate::market::{Ask, Market, Rules, Tick};
use crate::problem::lower::Loose;
use crate::units::{Money, Purchase, Quantity};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A price as decisions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Dollars per hour when it could be bought; `None`: not offered.
    pub to_buy: Option<Money>,
    /// Dollars per hour when it is in use; `None`: not offered.
    pub in_use: Option<Money>,
    /// How long before the period's beginning that was last known to hold, in seconds.
    pub age_s: i64,
}

/// A recorded machine type at a region of the book.
#[derive(Clone, Debug)]
pub struct Ware {
    /// Dollars per hour on demand, all the time.
    pub on_demand: Money,
    /// Dollars per hour as spot, by period; `None`: not offered.
    pub spot: Vec<Option<Money>>,
    /// What decisions see of that, by period.
    pub seen: Vec<Seen>,
}

/// What could not be used of a recording: number of pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// The book has no such provider or region.
    pub regions: usize,
    /// The book does not say how the machine is made.
    pub shapes: usize,
    /// No on-demand price was recorded.
    pub on_demand: usize,
}

/// The ground.
#[derive(Debug)]
pub struct Ground {
    /// The price book that applications are lowered with: recorded machines only, each as spot at its on-demand price, and
    /// flat traffic prices.
    pub book: PriceBook,
    /// All machines of [`Self::book`] that have a spot price.
    pub loose: Vec<Loose>,
    wares: Vec<Ware>,
    index: HashMap<RegionId, HashMap<String, usize>>,
    /// What was left out.
    pub unused: Unused,
}

impl Ground {
    /// Joins a recording and a book. Ticks pass the market's gate by these rules.
    #[must_use]
    pub fn of(recording: &Recording, base: &PriceBook, rules: &Rules) -> Self {
        let (known, unused) = known(recording, base);
        let periods = recording.periods.len();
        let wares: Vec<Ware> = known
            .iter()
            .map(|(_, _, pair)| {
                let series = &recording.series[*pair];
                let spot: Vec<Option<Money>> = (0..periods).map(|period| series.spot_at(period)).collect();
                let seen = spot.iter().map(|&usd| Seen { to_buy: usd, in_use: usd, age_s: 0 }).collect();
                Ware { on_demand: series.on_demand.unwrap_or(Money::MAX), spot, seen }
            })
            .collect();
        let mut index: HashMap<RegionId, HashMap<String, usize>> = HashMap::new();
        for (ware, (region, _, pair)) in known.iter().enumerate() {
            index.entry(*region).or_default().insert(pair.instance.clone(), ware);
        }
        let mut ground = Self { book: bare(base, recording), loose: Vec::new(), wares, index, unused };
        ground.see(recording, &known, rules);
        ground.stock(&known);
        ground
    }

    /// A recorded machine, by region and machine type.
    #[must_use]
    pub fn ware(&self, region: RegionId, instance: &str) -> Option<usize> {
        self.index.get(&region)?.get(instance).copied()
    }

    /// What was recorded of a machine.
    #[must_use]
    pub fn of_ware(&self, ware: usize) -> &Ware {
        &self.wares[ware]
    }

    /// Lets the recording pass the market's gate, day by day.
    fn see(&mut self, recording: &Recording, known: &[(RegionId, ShapeId, &Pair)], rules: &Rules) {
        let Some(first) = recording.periods.first() else { return };
        let mut book = self.book.clone();
        let on_sale = known.iter().zip(&self.wares);
        book.compute = on_sale
            .map(|((region, shape, _), ware)| offer(*region, *shape, Some(ware.on_demand), ware.spot[0]))
            .collect();
        book.compute.sort_by_key(|offer| offer.region);
        let mut market = Market::new(Arc::new(book), first.at, rules.clone());
        let asks: Vec<Ask> = known.iter().map(|(_, _, pair)| ask(pair)).collect();
        let wares: HashMap<&Ask, usize> = asks.iter().zip(0..).collect();
        for (period, when) in recording.periods.iter().enumerate().skip(1) {
            for (ask, ware) in asks.iter().zip(&self.wares) {
                let usd_hour = ware.spot[period];
                if usd_hour != ware.spot[period - 1] {
                    market.take(&Tick { at: when.at, ask: ask.clone(), usd_hour }, when.at);
                }
            }
            for provider in recording.providers() {
                // A provider that the book does not have has no wares either.
                let _ = market.hear(provider, when.at, when.at);
            }
            for (ask, stands) in market.standings(when.at) {
                if let Some(&ware) = wares.get(&ask) {
                    let age_s = when.at - stands.at;
                    self.wares[ware].seen[period] = Seen { to_buy: stands.to_buy, in_use: stands.in_use, age_s };
                }
            }
        }
    }

    /// Puts the machines on sale, apart from those that another of the same size is never dearer than.
    fn stock(&mut self, known: &[(RegionId, ShapeId, &Pair)]) {
        let mut sizes: BTreeMap<(RegionId, Size), Vec<usize>> = BTreeMap::new();
        for (ware, (region, shape, _)) in known.iter().enumerate() {
            sizes.entry((*region, Size::of(self.book.shape(*shape)))).or_default().push(ware);
        }
        let mut spot: BTreeSet<usize> = BTreeSet::new();
        let mut on_demand: BTreeSet<usize> = BTreeSet::new();
        for alike in sizes.values() {
            let cheapest = alike.iter().min_by_key(|ware| (self.wares[**ware].on_demand, **ware));
            on_demand.extend(cheapest);
            for &ware in alike {
                let beaten = alike.iter().any(|&rival| {
                    let (rival_ware, own) = (&self.wares[rival], &self.wares[ware]);
                    rival != ware && never_dearer(rival_ware, own) && (rival < ware || !never_dearer(own, rival_ware))
                });
                if !beaten && self.wares[ware].spot.iter().any(Option::is_some) {
                    spot.insert(ware);
                }
            }
        }
        for (ware, (region, shape, pair)) in known.iter().enumerate() {
            let price = |on_sale: &BTreeSet<usize>| on_sale.contains(&ware).then(|| self.wares[ware].on_demand);
            let (on_demand, spot) = (price(&on_demand), price(&spot));
            if on_demand.is_some() || spot.is_some() {
                self.book.compute.push(offer(*region, *shape, on_demand, spot));
            }
            if spot.is_some() {
                self.loose.push(Loose::Offer { region: Some(*region), offer: pair.instance.clone() });
            }
        }
        self.book.compute.sort_by_key(|offer| offer.region);
    }
}

/// What makes two machines equally good to everybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    amounts: (u32, u32, Option<u32>),
    kind: (u8, u8),
    gpu: (u32, String),
}

impl Size {
    fn of(shape: &Shape) -> Self {
        Self {
            amounts: (shape.vcpu_milli, shape.memory_mib, shape.disk_included_gb),
            kind: (shape.cpu_kind as u8, shape.arch as u8),
            gpu: (shape.gpu_milli, shape.gpu_model.clone()),
        }
    }
}

/// Whether one spot machine is offered whenever another is, and is never dearer, by what is paid and by what is seen.
fn never_dearer(one: &Ware, other: &Ware) -> bool {
    let dear = |usd: Option<Money>| usd.unwrap_or(Money::MAX);
    one.on_demand <= other.on_demand
        && one.spot.iter().zip(&other.spot).all(|(mine, its)| dear(*mine) <= dear(*its))
        && one.seen.iter().zip(&other.seen).all(|(mine, its)| {
            dear(mine.to_buy) <= dear(its.to_buy) && dear(mine.in_use) <= dear(its.in_use) && mine.age_s <= its.age_s
        })
}

fn ask(pair: &Pair) -> Ask {
    Ask {
        provider: pair.provider.clone(),
        region: pair.region.clone(),
        offer: pair.instance.clone(),
        purchase: Purchase::Spot,
    }
}

/// Pairs that the book has a region and a shape for, in their order.
fn known<'r>(recording: &'r Recording, base: &PriceBook) -> (Vec<(RegionId, ShapeId, &'r Pair)>, Unused) {
    let mut unused = Unused::default();
    let region = |provider: &str, code: &str| base.find_region(provider, code);
    let mut regions: HashMap<(&str, &str), Option<RegionId>> = HashMap::new();
    let shapes: HashMap<(u8, &str), ShapeId> =
        (0..).zip(&base.shapes).map(|(id, shape)| ((shape.provider.0, shape.name.as_str()), ShapeId(id))).collect();
    let mut known = Vec::new();
    for (pair, series) in &recording.series {
        let key = (pair.provider.as_str(), pair.region.as_str());
        let Some(region) = *regions.entry(key).or_insert_with(|| region(key.0, key.1)) else {
            unused.regions += 1;
            continue;
        };
        let Some(&shape) = shapes.get(&(base.region(region).provider.0, pair.instance.as_str())) else {
            unused.shapes += 1;
            continue;
        };
        if series.on_demand.is_none() {
            unused.on_demand += 1;
            continue;
        }
        known.push((region, shape, pair));
    }
    (known, unused)
}

/// The book without machines, with what else the recorded providers sell, and with flat traffic prices: the first step of
/// every ladder, and no allowance.
fn bare(base: &PriceBook, recording: &Recording) -> PriceBook {
    let mut book = base.clone();
    let names = recording.providers();
    let recorded: Vec<bool> = book.providers.iter().map(|p| names.contains(&p.name.as_str())).collect();
    let regions = book.regions.clone();
    let sells = |region: RegionId| recorded[usize::from(regions[usize::from(region.0)].provider.0)];
    book.compute.clear();
    book.managed.retain(|offer| sells(offer.region));
    book.tariffs.retain(|tariff| sells(tariff.region));
    for EgressLadder { included_gb, tiers, .. } in &mut book.ladders {
        *included_gb = Quantity::ZERO;
        tiers.truncate(1);
    }
    book
}

fn offer(region: RegionId, shape: ShapeId, on_demand: Option<Money>, spot: Option<Money>) -> ComputeOffer {
    ComputeOffer {
        shape,
        region,
        usd_hour: [on_demand, spot, None, None],
        month_cap: None,
        included_gb: Quantity::ZERO,
        source: crate::catalog::SourceId(0),
        quality: crate::units::Quality::Listed,
    }
}
