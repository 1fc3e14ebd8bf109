//! The book while it is being built: the domain types, with sources numbered in order of appearance.

use super::Error;
use super::read::Fact;
use crate::catalog::{
    ComputeOffer, CpuKind, EgressLadder, ManagedOffer, Price, RegionId, SourceId, Tariff, TransferRule, Unit,
};
use crate::units::{Arch, Money, Quality};
use std::collections::{BTreeMap, HashMap};

/// Sources seen so far.
#[derive(Default)]
pub struct Sources {
    ids: HashMap<(String, String), SourceId>,
    /// Text and date, by draft id.
    pub list: Vec<(String, String)>,
}

impl Sources {
    /// The id of a source. A figure without a date is of the year the facts were collected in.
    pub fn id(&mut self, text: &str, as_of: &str) -> SourceId {
        let known_date = as_of.len() >= 4 && as_of.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let (text, as_of) = if known_date {
            (text.to_owned(), as_of.to_owned())
        } else {
            (format!("{text} (undated; read in 2026)"), "2026".to_owned())
        };
        let text = text.replace(['\n', '\r'], " ");
        let next = SourceId(u16::try_from(self.list.len()).expect("a few thousand sources"));
        let key = (text, as_of);
        *self.ids.entry(key.clone()).or_insert_with(|| {
            self.list.push(key);
            next
        })
    }

    /// The source of a fact row, its tags written out.
    pub fn of(&mut self, fact: Fact<'_>) -> SourceId {
        let text = spelled_out(fact.get("source"));
        self.id(&text, fact.get("as_of"))
    }

    /// Text of a source.
    pub fn text(&self, id: SourceId) -> &str {
        &self.list[usize::from(id.0)].0
    }

    /// Date of a source.
    pub fn as_of(&self, id: SourceId) -> &str {
        &self.list[usize::from(id.0)].1
    }
}

/// Replaces the short tags of the fact tables by names a reader can look up.
fn spelled_out(tag: &str) -> String {
    const WORDS: [(&str, &str); 13] = [
        ("karpenter-aws", "AWS price list via aws/karpenter-provider-aws"),
        ("karpenter-azure", "Azure retail prices via Azure/karpenter-provider-azure"),
        ("coroot cloud-pricing", "AWS price list via coroot/cloud-pricing"),
        ("coroot", "AWS price list via coroot/cloud-pricing"),
        ("libcloud", "AWS price list via apache-libcloud 3.9.1"),
        ("gcosts", "GCP catalog via Cyclenerd/google-cloud-pricing-cost-calculator"),
        ("+spot:spot-advisor@", "; spot: AWS Spot Advisor of "),
        ("+spot:coroot@", "; spot: coroot/cloud-pricing of "),
        ("+spot:", "; spot: "),
        ("+ri:family-ratio", "; reserved: ratio of the family"),
        ("+family", ", corrected by family vote"),
        ("+linear", ", by family price per vCPU"),
        ("*price-cut", ", with the later us-east-1 price cut"),
    ];
    let mut text = tag.to_owned();
    if let Some((short, long)) = WORDS[..6].iter().find(|(short, _)| text.starts_with(short)) {
        text = text.replacen(short, long, 1);
    }
    for (short, long) in &WORDS[6..] {
        text = text.replace(short, long);
    }
    text
}

/// A region with the source of its facts.
pub struct DraftRegion {
    pub provider: String,
    pub code: String,
    pub city: String,
    pub country: String,
    pub continent: String,
    pub lat: f64,
    pub lon: f64,
    pub zones: Option<u8>,
    pub source: SourceId,
    /// Whether machines are on sale there.
    pub computes: bool,
}

/// A machine type with the source of its facts.
pub struct DraftShape {
    pub arch: Arch,
    pub vcpu_milli: u32,
    pub memory_mib: u32,
    pub cpu_kind: CpuKind,
    pub gpu_milli: u32,
    pub gpu_model: String,
    pub disk_gb: Option<u32>,
    pub source: SourceId,
}

/// A city with the source of its facts.
pub struct DraftCity {
    pub name: String,
    pub country: String,
    pub lat: f64,
    pub lon: f64,
    pub source: SourceId,
}

/// A measured pair of regions.
#[derive(Clone, Copy)]
pub struct DraftPair {
    pub p50_us: u32,
    pub p95_us: Option<u32>,
    pub source: SourceId,
}

/// A fitted latency model.
pub struct DraftModel {
    pub continents: (String, String),
    pub base_us: f64,
    pub us_per_km: f64,
    pub p95_factor: f64,
    pub mae_us: f64,
    pub pairs: usize,
    pub source: SourceId,
}

/// Everything collected so far.
#[derive(Default)]
pub struct Draft {
    pub sources: Sources,
    /// Sorted by (provider, code): the ordinal is the [`RegionId`].
    pub regions: Vec<DraftRegion>,
    pub region_ids: HashMap<(String, String), RegionId>,
    /// By (provider, name).
    pub shapes: BTreeMap<(String, String), DraftShape>,
    /// By (region, shape name).
    pub compute: BTreeMap<(RegionId, String), DraftOffer>,
    pub managed: Vec<ManagedOffer>,
    /// In order of preference inside a (region, item).
    pub tariffs: Vec<Tariff>,
    pub ladders: Vec<EgressLadder>,
    pub transfers: Vec<TransferRule>,
    pub cities: Vec<DraftCity>,
    pub pairs: BTreeMap<(RegionId, RegionId), DraftPair>,
    pub models: Vec<DraftModel>,
    /// Tenths of a millisecond by (earlier, later) city, and the source of all of them.
    pub city_rtt: BTreeMap<(usize, usize), u32>,
    pub city_source: Option<SourceId>,
}

/// The prices of a machine at a region, in the order of [`ComputeOffer::usd_hour`].
pub struct DraftOffer {
    pub usd_hour: [Option<Money>; 4],
    pub month_cap: Option<Money>,
    pub included_gb: u32,
    pub quality: Quality,
    pub source: SourceId,
}

const _: fn(&ComputeOffer) -> &[Option<Money>; 4] = |offer| &offer.usd_hour;

impl Draft {
    /// A region by provider and code.
    pub fn region(&self, provider: &str, code: &str) -> Option<RegionId> {
        self.region_ids.get(&(provider.to_owned(), code.to_owned())).copied()
    }

    /// What is known of a region.
    pub fn at(&self, id: RegionId) -> &DraftRegion {
        &self.regions[usize::from(id.0)]
    }

    /// The regions of a provider at which its services can be used: where it sells machines, or, for providers that
    /// sell none (object stores), all of them.
    pub fn selling(&self, provider: &str) -> Vec<RegionId> {
        let of_provider = || (0..).map(RegionId).zip(&self.regions).filter(|(_, r)| r.provider == provider);
        let with_machines: Vec<_> = of_provider().filter(|(_, r)| r.computes).map(|(id, _)| id).collect();
        if with_machines.is_empty() { of_provider().map(|(id, _)| id).collect() } else { with_machines }
    }

    /// A listed or derived price from a fact row with columns `usd`, `source`, `as_of`, `quality`.
    pub fn price(&mut self, fact: Fact<'_>, unit: Unit) -> Result<Price, Error> {
        let usd = fact.money("usd")?.ok_or_else(|| fact.error("the price is missing"))?;
        Ok(Price { usd, unit, source: self.sources.of(fact), quality: fact.quality()?, uncertainty_pct: 0 })
    }
}

/// A price that a stated rule makes from another: never better than derived.
pub fn derived(base: Price, usd: Money, unit: Unit, rule: &str, sources: &mut Sources) -> Price {
    let text = format!("{}; {rule}", sources.text(base.source));
    let as_of = sources.as_of(base.source).to_owned();
    let source = sources.id(&text, &as_of);
    Price { usd, unit, source, quality: base.quality.max(Quality::Derived), uncertainty_pct: base.uncertainty_pct }
}
