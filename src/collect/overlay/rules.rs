//! Figures over the files that all providers share: tariffs, egress, transfers. A ladder is replaced as a whole.

use super::sources::Sources;
use super::{Figure, Files, letter, money, put, rows};
use crate::catalog::{Item, header};
use crate::collect::gate::{Thing, Value};
use crate::collect::observation::TransferTarget;
use crate::units::{Money, Quantity};
use std::collections::BTreeMap;

/// Steps of one product, as rows.
type Product = (String, Vec<String>);

/// `tariffs.csv`: `provider,region,item,product,from,unit,usd,quality,source`. The products of an item keep their order
/// of preference; a new one goes to its end.
pub fn tariffs(files: &mut Files, figures: &[Figure], sources: &mut Sources) {
    let mut all: BTreeMap<(String, String, Item), Vec<Product>> = BTreeMap::new();
    for row in rows(files, "tariffs.csv") {
        let words: Vec<&str> = row.splitn(5, ',').collect();
        let &[provider, region, item, product, _] = &words[..] else { continue };
        let Some(item) = Item::parse(item) else { continue };
        let products = all.entry((provider.to_owned(), region.to_owned(), item)).or_default();
        match products.last_mut().filter(|(name, _)| name == product) {
            Some((_, steps)) => steps.push(row.to_owned()),
            None => products.push((product.to_owned(), vec![row.to_owned()])),
        }
    }
    for figure in figures {
        let Thing::Tariff(item, product) = &figure.key.thing else { continue };
        let (provider, region) = (&figure.key.provider, &figure.key.region);
        let products = all.entry((provider.clone(), region.clone(), *item)).or_default();
        let at = products.iter().position(|(name, _)| name == product);
        let old = at.and_then(|at| products[at].1.first()).and_then(|row| row.rsplit(',').next());
        if old.is_some_and(|id| !sources.is_newer(figure, id)) {
            continue;
        }
        let Some(Value::Steps { unit, steps, .. }) = &figure.value else {
            if let Some(at) = at {
                products.remove(at);
            }
            continue;
        };
        let (quality, id) = (letter(figure.quality), sources.of(figure));
        let row = |(from, usd): &(Quantity, Money)| {
            let price = format!("{},{},{quality},{id}", unit.as_str(), money(*usd));
            format!("{provider},{region},{},{product},{},{price}", item.as_str(), from.to_decimal())
        };
        let steps: Vec<String> = steps.iter().map(row).collect();
        match at {
            Some(at) => products[at].1 = steps,
            None => products.push((product.clone(), steps)),
        }
    }
    let rows = all.into_values().flatten().flat_map(|(_, steps)| steps);
    put(files, "tariffs.csv", header::TARIFFS, rows);
}

/// `egress.csv`: `provider,region,to,included_gb,from,usd,quality,source`.
pub fn egress(files: &mut Files, figures: &[Figure], sources: &mut Sources) {
    let mut all: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
    for row in rows(files, "egress.csv") {
        let mut words = row.split(',').map(str::to_owned);
        let (Some(provider), Some(region), Some(to)) = (words.next(), words.next(), words.next()) else { continue };
        all.entry((provider, region, to)).or_default().push(row.to_owned());
    }
    for figure in figures {
        let Thing::Egress(to) = &figure.key.thing else { continue };
        let (provider, region) = (&figure.key.provider, &figure.key.region);
        let key = (provider.clone(), region.clone(), to.clone());
        let old = all.get(&key).and_then(|rows| rows.first()).and_then(|row| row.rsplit(',').next());
        if old.is_some_and(|id| !sources.is_newer(figure, id)) {
            continue;
        }
        let Some(Value::Steps { included_gb, steps, .. }) = &figure.value else {
            all.remove(&key);
            continue;
        };
        let (quality, id, included) = (letter(figure.quality), sources.of(figure), included_gb.to_decimal());
        let row = |(from, usd): &(Quantity, Money)| {
            format!("{provider},{region},{to},{included},{},{},{quality},{id}", from.to_decimal(), money(*usd))
        };
        all.insert(key, steps.iter().map(row).collect());
    }
    put(files, "egress.csv", header::EGRESS, all.into_values().flatten());
}

/// `transfers.csv`: `provider,region,to,usd,quality,source`, in the order of `TransferTo`.
pub fn transfers(files: &mut Files, figures: &[Figure], sources: &mut Sources) {
    let rank = |to: &str| match to.split_once(':') {
        None if to == "zone" => (0, String::new()),
        Some(("region", code)) => (1, code.to_owned()),
        Some((_, word)) => (2, word.to_owned()),
        None => (3, String::new()),
    };
    let mut all: BTreeMap<(String, String, (u8, String)), String> = BTreeMap::new();
    for row in rows(files, "transfers.csv") {
        let words: Vec<&str> = row.splitn(4, ',').collect();
        let &[provider, region, to, _] = &words[..] else { continue };
        all.insert((provider.to_owned(), region.to_owned(), rank(to)), row.to_owned());
    }
    for figure in figures {
        let Thing::Transfer(target) = &figure.key.thing else { continue };
        let to = match target {
            TransferTarget::OtherZone => "zone".to_owned(),
            TransferTarget::AnyRegion => "any".to_owned(),
            TransferTarget::Region(code) => format!("region:{code}"),
        };
        let (provider, region) = (&figure.key.provider, &figure.key.region);
        let key = (provider.clone(), region.clone(), rank(&to));
        let old = all.get(&key).and_then(|row| row.rsplit(',').next());
        if old.is_some_and(|id| !sources.is_newer(figure, id)) {
            continue;
        }
        let Some(Value::Price(usd, _)) = &figure.value else {
            all.remove(&key);
            continue;
        };
        let (quality, id) = (letter(figure.quality), sources.of(figure));
        all.insert(key, format!("{provider},{region},{to},{},{quality},{id}", money(*usd)));
    }
    put(files, "transfers.csv", header::TRANSFERS, all.into_values());
}
