//! The second stage: a complete run as a whole, against what was known before it.

use super::index::BookIndex;
use super::intake::{Candidate, Intake, Refusal};
use super::key::{Key, Thing, Value};
use crate::collect::observation::{ShapeFact, TransferTarget};
use crate::units::{Money, Purchase};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A price more than this many times, or less than this part of, its last value waits for a second run.
pub const OUTLIER_FACTOR: i64 = 2;
/// The same for spot prices, which do move.
pub const SPOT_OUTLIER_FACTOR: i64 = 5;
/// A price this many times off the median of its size family, both per vCPU and per GiB, waits for a second run.
pub const FAMILY_FACTOR: i64 = 4;
/// Families smaller than this have no median worth the name.
const FAMILY_MIN: usize = 4;
/// A second observation confirms the first within this many percent.
const WITNESS_PCT: i64 = 10;
/// A run that brings less than this share of the last complete one is partial, in percent.
const COMPLETE_PCT: usize = 50;
/// Below this many rows shares say nothing.
const COMPLETE_ROWS_MIN: usize = 10;

/// What was known before the run.
#[derive(Debug, Default)]
pub struct Memory {
    /// The last accepted values.
    pub last: HashMap<Key, Value>,
    /// Values that wait for a second run.
    pub waiting: HashMap<Key, Value>,
    /// Keys that the last complete run of this source brought; 0 when there was none.
    pub complete_rows: usize,
}

/// What becomes of a run.
#[derive(Debug, Default)]
pub struct Judged {
    /// These pass.
    pub accepted: Vec<Candidate>,
    /// These wait for a second run, with the reason.
    pub waiting: Vec<(Candidate, String)>,
    /// These were refused, in either stage.
    pub refusals: Vec<Refusal>,
    /// How many were refused, kept in the list or not.
    pub refused: usize,
    /// Rows of something else, by reason.
    pub skipped: BTreeMap<&'static str, usize>,
    /// Keys that the run brought: accepted, waiting, or refused here.
    pub rows: usize,
    /// Keys whose rows were refused: they are still published, so their last value stays.
    pub held: BTreeSet<Key>,
    /// Rows were refused that name no key: nothing may be taken for withdrawn.
    pub unnamed_refusals: bool,
}

/// Looks at a complete run.
///
/// # Errors
/// The run is empty or partial, in words: nothing of it may change anything.
pub fn judge(intake: Intake<'_>, index: &BookIndex<'_>, memory: &Memory) -> Result<Judged, String> {
    let mut judged =
        Judged { refusals: intake.refusals, refused: intake.refused, skipped: intake.skipped, ..Judged::default() };
    let keyed = by_key(intake.candidates);
    judged.rows = keyed.len();
    if keyed.is_empty() {
        return Err("it brought no row that could be used".into());
    }
    let complete = memory.complete_rows;
    if complete >= COMPLETE_ROWS_MIN && keyed.len() * 100 < complete * COMPLETE_PCT {
        return Err(format!("it brought {} rows, the last complete run {complete}: it is partial", keyed.len()));
    }
    let mut whole = Vec::with_capacity(keyed.len());
    for (key, candidates) in keyed {
        let what = key.to_string();
        let raw = candidates.iter().map(|c| c.raw.as_str()).collect::<Vec<_>>().join(" | ");
        let ladder = matches!(key.thing, Thing::Tariff(..) | Thing::Egress(_));
        let one = if ladder && intake.broken.contains(&key) {
            Err("a step of it was refused: without it the others state a wrong price".to_owned())
        } else {
            unite(candidates)
        };
        match one {
            Ok(candidate) => whole.push(candidate),
            Err(reason) => {
                judged.refuse(what, &raw, reason);
                judged.held.insert(key);
            }
        }
    }
    let whole = judged.known(whole, index);
    let run = Run::new(&whole, index, memory);
    let verdicts: Vec<Option<String>> = whole.iter().map(|candidate| run.suspicion(candidate)).collect();
    for (candidate, suspicion) in whole.into_iter().zip(verdicts) {
        let witnessed = memory.waiting.get(&candidate.key).is_some_and(|first| confirms(first, &candidate.value));
        match suspicion {
            Some(reason) if !witnessed => judged.waiting.push((candidate, reason)),
            _ => judged.accepted.push(candidate),
        }
    }
    Ok(judged)
}

impl Judged {
    fn refuse(&mut self, what: String, raw: &str, reason: String) {
        self.refused += 1;
        if self.refusals.len() < super::intake::REFUSALS_MAX {
            self.refusals.push(Refusal { what, raw: crate::collect::source::shorten(raw), reason });
        }
    }

    /// Those whose region and machine type the book knows, or the run describes. Of the others, one refusal for each
    /// region and shape.
    fn known(&mut self, whole: Vec<Candidate>, index: &BookIndex<'_>) -> Vec<Candidate> {
        let described = |thing: fn(&Key) -> Option<String>| -> BTreeSet<String> {
            whole.iter().filter_map(|candidate| thing(&candidate.key)).collect()
        };
        let regions = described(|key| (key.thing == Thing::Region).then(|| key.region.clone()));
        let shapes = described(|key| if let Thing::Shape(name) = &key.thing { Some(name.clone()) } else { None });
        let region_known = |code: &str| index.has_region(code) || regions.contains(code);
        let shape_known = |name: &str| index.has_shape(name) || shapes.contains(name);
        let mut unknown: BTreeMap<(String, &'static str), (String, usize)> = BTreeMap::new();
        let mut kept = Vec::with_capacity(whole.len());
        for candidate in whole {
            let missing = match &candidate.key {
                Key { region, .. } if !region.is_empty() && !region_known(region) => {
                    Some((format!("region {region}"), "the book does not know it and the source does not place it"))
                }
                Key { thing: Thing::Transfer(TransferTarget::Region(to)), .. } if !region_known(to) => {
                    Some((format!("region {to}"), "the book does not know it and the source does not place it"))
                }
                Key {
                    thing: Thing::Compute(shape, _) | Thing::MonthCap(shape) | Thing::IncludedTraffic(shape),
                    ..
                } if !shape_known(shape) => {
                    Some((format!("shape {shape}"), "neither the book nor the source says how it is made"))
                }
                // What the book knows of a region stays as it is.
                Key { thing: Thing::Region, region, .. } if index.has_region(region) => continue,
                _ => None,
            };
            match missing {
                None => kept.push(candidate),
                Some(key) => unknown.entry(key).or_insert_with(|| (candidate.raw, 0)).1 += 1,
            }
        }
        for ((what, reason), (raw, rows)) in unknown {
            self.refuse(what, &raw, format!("{reason} ({rows} rows)"));
        }
        kept
    }
}

fn by_key(candidates: Vec<Candidate>) -> BTreeMap<Key, Vec<Candidate>> {
    let mut keyed: BTreeMap<Key, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        keyed.entry(candidate.key.clone()).or_default().push(candidate);
    }
    keyed
}

/// One candidate of all that have the same key.
fn unite(mut candidates: Vec<Candidate>) -> Result<Candidate, String> {
    if candidates.iter().any(|c| !c.general) {
        candidates.retain(|c| !c.general);
    }
    let mut rest = candidates.into_iter();
    let mut first = rest.next().ok_or("nothing")?;
    for other in rest {
        match (&mut first.value, &other.value) {
            (
                Value::Steps { unit, included_gb, steps },
                Value::Steps { unit: other_unit, included_gb: other_gb, steps: more },
            ) => {
                if (&*unit, &*included_gb) != (other_unit, other_gb) {
                    return Err("its steps differ in unit or in what is included".into());
                }
                steps.extend(more);
                first.native = format!("{}; {}", first.native, other.native);
                first.quality = first.quality.max(other.quality);
            }
            (mine, other) if mine == other => {}
            (mine, other) => return Err(format!("it is there twice with different values: {mine:?} and {other:?}")),
        }
    }
    if let Value::Steps { steps, .. } = &mut first.value {
        steps.sort_unstable();
        steps.dedup();
        if steps.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("a step is there twice with different prices".into());
        }
        if steps.first().is_none_or(|(from, _)| from.micros() != 0) {
            return Err("its first step does not start at 0".into());
        }
    }
    Ok(first)
}

/// Whether a second observation says what the first one said.
fn confirms(first: &Value, second: &Value) -> bool {
    match (first.usd(), second.usd()) {
        (Some(a), Some(b)) if first.unit() == second.unit() => {
            let (low, high) = (a.min(b).nanos(), a.max(b).nanos());
            i128::from(high) * 100 <= i128::from(low) * i128::from(100 + WITNESS_PCT)
        }
        _ => first == second,
    }
}

/// Whether two prices are more than a factor apart.
fn apart(a: Money, b: Money, factor: i64) -> bool {
    let (low, high) = (i128::from(a.min(b).nanos()), i128::from(a.max(b).nanos()));
    high > low * i128::from(factor)
}

/// A place, a way to buy and a family name.
type Family = (String, Purchase, String);

/// The run's own prices, to hold others against.
struct Run<'a> {
    index: &'a BookIndex<'a>,
    memory: &'a Memory,
    values: HashMap<&'a Key, &'a Value>,
    shapes: HashMap<&'a str, &'a ShapeFact>,
    /// Medians of price per vCPU and per GiB.
    families: HashMap<Family, (i64, i64)>,
}

impl<'a> Run<'a> {
    fn new(whole: &'a [Candidate], index: &'a BookIndex<'a>, memory: &'a Memory) -> Self {
        let values = whole.iter().map(|c| (&c.key, &c.value)).collect();
        let shapes = whole.iter().filter_map(|c| match &c.value {
            Value::Shape(shape) => Some((shape.name.as_str(), shape)),
            _ => None,
        });
        let mut run = Self { index, memory, values, shapes: shapes.collect(), families: HashMap::new() };
        let mut members: HashMap<Family, (Vec<i64>, Vec<i64>)> = HashMap::new();
        for candidate in whole {
            if let Some((family, per_vcpu, per_gib)) = run.member(candidate) {
                let prices = members.entry(family).or_default();
                prices.0.push(per_vcpu);
                prices.1.push(per_gib);
            }
        }
        let median = |mut prices: Vec<i64>| {
            prices.sort_unstable();
            prices[prices.len() / 2]
        };
        let large = members.into_iter().filter(|(_, prices)| prices.0.len() >= FAMILY_MIN);
        run.families = large.map(|(family, (a, b))| (family, (median(a), median(b)))).collect();
        run
    }

    /// A machine without accelerators: its family, and its price per vCPU and per GiB in nano-dollars.
    fn member(&self, candidate: &Candidate) -> Option<(Family, i64, i64)> {
        let (Thing::Compute(name, purchase), Value::Price(usd, _)) = (&candidate.key.thing, &candidate.value) else {
            return None;
        };
        let shape = self.shapes.get(name.as_str()).map(|shape| (*shape).clone()).or_else(|| self.index.shape(name))?;
        if shape.gpu_milli > 0 || shape.vcpu_milli == 0 || shape.memory_mib == 0 {
            return None;
        }
        let per = |part: u32, whole: i64| {
            i64::try_from(i128::from(usd.nanos()) * i128::from(whole) / i128::from(part)).unwrap_or(i64::MAX)
        };
        let family = (candidate.key.region.clone(), *purchase, family(name));
        Some((family, per(shape.vcpu_milli, 1000), per(shape.memory_mib, 1024)))
    }

    /// What was known of a key before: the last accepted value, else the book's.
    fn before(&self, key: &Key) -> Option<Value> {
        self.memory.last.get(key).cloned().or_else(|| self.index.value(key))
    }

    /// What is known of a key now: the run's own value, else what was known before.
    fn now(&self, key: &Key) -> Option<Value> {
        self.values.get(key).map(|value| (*value).clone()).or_else(|| self.before(key))
    }

    /// Why a candidate should wait for a second witness; `None` when nothing speaks against it.
    fn suspicion(&self, candidate: &Candidate) -> Option<String> {
        let key = &candidate.key;
        let before = self.before(key);
        if let (Value::Shape(_), Some(last)) = (&candidate.value, &before) {
            return (*last != candidate.value).then(|| "the machine type is made otherwise than before".to_owned());
        }
        let usd = candidate.value.usd()?;
        if let Some((last, unit)) = before.as_ref().and_then(|value| Some((value.usd()?, value.unit()))) {
            let spot = matches!(key.thing, Thing::Compute(_, Purchase::Spot));
            let factor = if spot { SPOT_OUTLIER_FACTOR } else { OUTLIER_FACTOR };
            if unit != candidate.value.unit() {
                return Some("it is priced in another unit than before".into());
            }
            if apart(usd, last, factor) {
                return Some(format!("more than {factor} times off its last value {}", last.to_decimal()));
            }
            return self.sibling(key, usd);
        }
        if let Some((family, per_vcpu, per_gib)) = self.member(candidate)
            && let Some(&(median_vcpu, median_gib)) = self.families.get(&family)
        {
            let off = |a, b| apart(Money::from_nanos(a), Money::from_nanos(b), FAMILY_FACTOR);
            if off(per_vcpu, median_vcpu) && off(per_gib, median_gib) {
                return Some(format!("more than {FAMILY_FACTOR} times off its size family `{}`", family.2));
            }
        }
        self.sibling(key, usd)
    }

    /// Holds a price against the on-demand price of the same machine: spot and commitments are never much dearer, and
    /// a month's cap is a few hundred hours.
    fn sibling(&self, key: &Key, usd: Money) -> Option<String> {
        let shape = match &key.thing {
            Thing::Compute(_, Purchase::OnDemand) => return None,
            Thing::Compute(shape, _) | Thing::MonthCap(shape) => shape,
            _ => return None,
        };
        let thing = Thing::Compute(shape.clone(), Purchase::OnDemand);
        let hour = self.now(&Key { thing, ..key.clone() })?.usd()?;
        let ratio_pct = i128::from(usd.nanos()) * 100 / i128::from(hour.nanos().max(1));
        if let Thing::MonthCap(_) = &key.thing {
            // A month has 672 to 744 hours; the most generous cap known is at 360.
            return (!(20_000..=80_000).contains(&ratio_pct))
                .then(|| format!("a month's cap of {ratio_pct} % of the hourly price"));
        }
        (ratio_pct > 120).then(|| format!("{ratio_pct} % of the on-demand price"))
    }
}

/// The size family of a machine type: its name without the size. What comes before the last dot, or else the name
/// without digits, but for the first word when it has letters and digits (`n2-standard-8` is `n2-standard-`).
fn family(name: &str) -> String {
    if let Some((family, _)) = name.rsplit_once('.') {
        return family.to_owned();
    }
    let end = name.find(['-', '_']).filter(|&end| name[..end].bytes().any(|b| b.is_ascii_alphabetic()));
    let (first, rest) = name.split_at(end.unwrap_or(0));
    let letters = rest.chars().filter(|c| !c.is_ascii_digit());
    first.chars().chain(letters).collect()
}
