//! Reads price rules: tariffs, internet egress, transfers inside a provider.

use super::managed::price;
use super::rows::{Row, Rows};
use super::{BookError, Names};
use crate::catalog::{EgressLadder, Item, RegionId, Tariff, Tier, TransferBilling, TransferRule, TransferTo, Unit};
use crate::units::Quantity;

fn region<'a>(row: &mut Row<'a>, names: &Names<'a>) -> Result<RegionId, String> {
    let provider = row.text()?;
    names.region(provider, row.text()?)
}

pub fn tariffs<'a>(mut rows: Rows<'a>, names: &Names<'a>) -> Result<Vec<Tariff>, BookError> {
    let mut tariffs: Vec<Tariff> = Vec::new();
    rows.each(|row| {
        let region = region(row, names)?;
        let item = row.text()?;
        let item = Item::parse(item).ok_or_else(|| format!("`{item}` is not a tariff item"))?;
        let product = row.word()?.to_owned();
        let from = row.quantity()?;
        let unit = row.text()?;
        let unit = Unit::parse(unit).ok_or_else(|| format!("`{unit}` is not a unit"))?;
        let price = price(row, names, unit)?;
        let same = |t: &&Tariff| t.region == region && t.item == item;
        let group = tariffs.iter().rev().take_while(same);
        let last = tariffs.last().filter(same);
        if tariffs.last().is_some_and(|t| (t.region, t.item) > (region, item)) {
            return Err("the row is out of order".into());
        }
        match last {
            Some(t) if t.product == product && (t.from >= from || t.price.unit != unit) => {
                return Err("the steps of a tariff have to ascend in one unit".into());
            }
            Some(t) if t.product == product => {}
            _ if from != Quantity::ZERO => return Err("the first step of a tariff has to start at 0".into()),
            _ if group.into_iter().any(|t| t.product == product) => return Err(format!("`{product}` is there twice")),
            _ => {}
        }
        tariffs.push(Tariff { region, item, product, from, price });
        Ok(())
    })?;
    Ok(tariffs)
}

pub fn ladders<'a>(mut rows: Rows<'a>, names: &Names<'a>) -> Result<Vec<EgressLadder>, BookError> {
    let mut ladders: Vec<EgressLadder> = Vec::new();
    rows.each(|row| {
        let region = region(row, names)?;
        let to = row.word()?;
        let included_gb = row.quantity()?;
        let from = row.quantity()?;
        let tier = Tier { from, price: price(row, names, Unit::Gb)? };
        if ladders.last().is_none_or(|l| (l.region, l.to.as_str()) < (region, to)) {
            if from != Quantity::ZERO {
                return Err("the first step of a ladder has to start at 0".into());
            }
            ladders.push(EgressLadder { region, to: to.to_owned(), included_gb, tiers: vec![tier] });
            return Ok(());
        }
        match ladders.last_mut() {
            Some(l) if l.region == region && l.to == to && l.included_gb == included_gb => {
                if l.tiers.last().is_some_and(|last| last.from >= from) {
                    return Err("the steps of a ladder have to ascend".into());
                }
                l.tiers.push(tier);
                Ok(())
            }
            _ => Err("the row is a duplicate or out of order".into()),
        }
    })?;
    Ok(ladders)
}

pub fn transfers<'a>(mut rows: Rows<'a>, names: &Names<'a>) -> Result<Vec<TransferRule>, BookError> {
    let mut transfers: Vec<TransferRule> = Vec::new();
    rows.each(|row| {
        let provider = row.text()?;
        let region = names.region(provider, row.text()?)?;
        let to = row.text()?;
        let to = match to.split_once(':') {
            None if to == "zone" => TransferTo::OtherZone,
            None if to == "any" => TransferTo::AnyRegion,
            Some(("region", code)) => TransferTo::Region(names.region(provider, code)?),
            Some(("continent", word)) => TransferTo::Continent(word.to_owned()),
            _ => return Err(format!("`{to}` is not a destination")),
        };
        let billing = match price_or_internet(row, names)? {
            Some(price) => TransferBilling::Flat(price),
            None => TransferBilling::AsInternet,
        };
        if transfers.last().is_some_and(|t| (t.region, &t.to) >= (region, &to)) {
            return Err("the row is a duplicate or out of order".into());
        }
        transfers.push(TransferRule { region, to, billing });
        Ok(())
    })?;
    Ok(transfers)
}

fn price_or_internet(row: &mut Row<'_>, names: &Names<'_>) -> Result<Option<crate::catalog::Price>, String> {
    if !row.starts_with("internet,") {
        return price(row, names, Unit::Gb).map(Some);
    }
    row.text()?;
    row.quality()?;
    names.source(row)?;
    Ok(None)
}
