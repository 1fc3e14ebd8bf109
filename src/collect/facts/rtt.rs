//! Measured round-trip times, and the distance models fitted to them.

use super::Error;
use super::draft::{Draft, DraftModel, DraftPair};
use super::read::Table;
use crate::catalog::{RegionId, SourceId, great_circle_km};
use std::collections::{BTreeMap, HashMap};

/// Fewer measured pairs than this make no model of their own.
const MODEL_PAIRS_MIN: usize = 8;

/// No tail is modelled nearer to the median: Azure's p95 of 2026 over all averages of 2022 and 2023 has this median.
const P95_FACTOR_MIN: f64 = 1.05;

/// Fills the draft's pairs, models and city times.
pub fn rtt(draft: &mut Draft, pairs: &Table, p95: &Table, cities: &Table) -> Result<(), Error> {
    measured(draft, pairs)?;
    let ratios = tails(draft, p95)?;
    models(draft, &ratios);
    city_times(draft, cities)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a round trip is between 1 us and 2 s")]
fn micros(ms: f64) -> u32 {
    (ms * 1000.0).round().clamp(1.0, 2_000_000.0) as u32
}

/// The newest source of a pair wins; its two directions are averaged.
fn measured(draft: &mut Draft, table: &Table) -> Result<(), Error> {
    let mut newest: BTreeMap<(RegionId, RegionId), (String, SourceId, Vec<f64>)> = BTreeMap::new();
    for fact in table.rows() {
        let from = draft.region(fact.get("from_provider"), fact.get("from_region"));
        let to = draft.region(fact.get("to_provider"), fact.get("to_region"));
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from == to {
            continue;
        }
        let ms = fact.float("rtt_ms_avg")?;
        if ms <= 0.0 {
            return Err(fact.error("a round trip takes time"));
        }
        let as_of = fact.get("as_of").to_owned();
        let source = draft.sources.of(fact);
        let entry = newest.entry((from.min(to), from.max(to))).or_insert_with(|| (as_of.clone(), source, Vec::new()));
        if as_of > entry.0 {
            *entry = (as_of.clone(), source, Vec::new());
        }
        if as_of == entry.0 {
            entry.2.push(ms);
        }
    }
    for (pair, (_, source, times)) in newest {
        let p50_us = micros(mean(&times));
        draft.pairs.insert(pair, DraftPair { p50_us, p95_us: None, source });
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand values")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

/// Two continent words in order.
type Continents = (String, String);

fn continents(draft: &Draft, (a, b): (RegionId, RegionId)) -> Continents {
    let (a, b) = (draft.at(a).continent.clone(), draft.at(b).continent.clone());
    if a <= b { (a, b) } else { (b, a) }
}

/// Sets the 95th percentile of pairs where it is published; returns its ratios to the median by continents.
fn tails(draft: &mut Draft, table: &Table) -> Result<BTreeMap<Continents, Vec<f64>>, Error> {
    let mut times: BTreeMap<(RegionId, RegionId), Vec<f64>> = BTreeMap::new();
    for fact in table.rows() {
        let from = draft.region(fact.get("src_provider"), fact.get("src_region"));
        let to = draft.region(fact.get("dst_provider"), fact.get("dst_region"));
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            times.entry((from.min(to), from.max(to))).or_default().push(fact.float("rtt_p95_ms")?);
        }
    }
    let mut ratios: BTreeMap<Continents, Vec<f64>> = BTreeMap::new();
    for (pair, p95) in times {
        let p95_us = micros(mean(&p95));
        let key = continents(draft, pair);
        if let Some(known) = draft.pairs.get_mut(&pair) {
            ratios.entry(key).or_default().push(f64::from(p95_us) / f64::from(known.p50_us));
            // The two tables are of different years: a tail below the median says that the route has changed.
            known.p95_us = Some(p95_us).filter(|&us| us >= known.p50_us);
        }
    }
    Ok(ratios)
}

fn models(draft: &mut Draft, ratios: &BTreeMap<Continents, Vec<f64>>) {
    let mut samples: BTreeMap<Continents, Vec<(f64, f64)>> = BTreeMap::new();
    for (&pair, known) in &draft.pairs {
        let (a, b) = (draft.at(pair.0), draft.at(pair.1));
        let km = great_circle_km((a.lat, a.lon), (b.lat, b.lon));
        samples.entry(continents(draft, pair)).or_default().push((km, f64::from(known.p50_us)));
    }
    let mut every: Vec<f64> = ratios.values().flatten().copied().collect();
    let general = median(&mut every).max(P95_FACTOR_MIN);
    let all: Vec<(f64, f64)> = samples.values().flatten().copied().collect();
    let source = draft.sources.id(
        "line fitted by least squares to the measured pairs of latency.csv; p95 factor: median of Azure's published \
         p95 of 2026-07 over the measured medians",
        "2026-11-22",
    );
    let star = ("*".to_owned(), "*".to_owned());
    for (continents, samples) in std::iter::once((star, all)).chain(samples) {
        if samples.len() < MODEL_PAIRS_MIN {
            continue;
        }
        let tail = ratios.get(&continents).filter(|r| r.len() >= MODEL_PAIRS_MIN);
        let p95_factor = tail.map_or(general, |r| median(&mut r.clone()).max(P95_FACTOR_MIN));
        let (base_us, us_per_km) = line(&samples);
        let misses: Vec<f64> = samples.iter().map(|(km, us)| (base_us + us_per_km * km - us).abs()).collect();
        let mae_us = mean(&misses);
        let pairs = samples.len();
        draft.models.push(DraftModel { continents, base_us, us_per_km, p95_factor, mae_us, pairs, source });
    }
}

/// Least squares with neither base nor slope below zero, nor below light in fibre.
fn line(samples: &[(f64, f64)]) -> (f64, f64) {
    let (km, us): (Vec<f64>, Vec<f64>) = samples.iter().copied().unzip();
    let (mean_km, mean_us) = (mean(&km), mean(&us));
    let products: Vec<f64> = samples.iter().map(|(x, y)| (x - mean_km) * (y - mean_us)).collect();
    let squares: Vec<f64> = km.iter().map(|x| (x - mean_km) * (x - mean_km)).collect();
    let slope = mean(&products) / mean(&squares).max(1e-9);
    let base = mean_us - slope * mean_km;
    if base >= 0.0 && slope >= 0.0 {
        return (base, slope);
    }
    if base < 0.0 {
        let xy: Vec<f64> = samples.iter().map(|(x, y)| x * y).collect();
        let xx: Vec<f64> = km.iter().map(|x| x * x).collect();
        return (0.0, mean(&xy) / mean(&xx).max(1e-9));
    }
    (mean_us, 0.0)
}

fn city_times(draft: &mut Draft, table: &Table) -> Result<(), Error> {
    let ids: HashMap<(String, String), usize> =
        draft.cities.iter().zip(0..).map(|(c, at)| ((c.country.clone(), c.name.clone()), at)).collect();
    let find = |city: &str, country: &str| ids.get(&(country.to_owned(), city.to_owned())).copied();
    let mut times: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for fact in table.rows() {
        let from = find(fact.get("from_city"), fact.get("from_country"));
        let to = find(fact.get("to_city"), fact.get("to_country"));
        draft.city_source.get_or_insert(draft.sources.of(fact));
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from != to {
            times.entry((from.min(to), from.max(to))).or_default().push(fact.float("rtt_ms")?);
        }
    }
    for (pair, values) in times {
        draft.city_rtt.insert(pair, micros(mean(&values)).div_ceil(100));
    }
    Ok(())
}
