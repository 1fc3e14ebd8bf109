//! Figures over the files that each provider has of its own: shapes, machine prices, managed tiers.

use super::sources::Sources;
use super::{Figure, Files, letter, milli, money, put, take_rows};
use crate::catalog::header;
use crate::collect::gate::{Thing, Value};
use crate::collect::observation::ManagedTier;
use crate::units::Purchase;
use std::collections::BTreeMap;

/// The fields of a row.
type Fields = Vec<String>;

fn fields(row: &str) -> Fields {
    row.split(',').map(str::to_owned).collect()
}

/// `shapes/<provider>.csv`: a described shape replaces or adds its row.
pub fn shapes(files: &mut Files, provider: &str, figures: &[&Figure], sources: &mut Sources) {
    let new = |figure: &&&Figure| matches!((&figure.key.thing, &figure.value), (Thing::Shape(_), Some(_)));
    if !figures.iter().any(|figure| new(&figure)) {
        return;
    }
    let mut rows: BTreeMap<String, Fields> = BTreeMap::new();
    for row in take_rows(files, "shapes", provider) {
        let row = fields(&row);
        rows.insert(row[0].clone(), row);
    }
    for figure in figures {
        let Some(Value::Shape(shape)) = &figure.value else { continue };
        let old = rows.get(&shape.name).and_then(|row| row.get(8));
        if old.is_some_and(|id| !sources.is_newer(figure, id)) {
            continue;
        }
        let row = vec![
            shape.name.clone(),
            shape.arch.as_str().to_owned(),
            milli(shape.vcpu_milli),
            shape.memory_mib.to_string(),
            shape.cpu_kind.as_str().to_owned(),
            milli(shape.gpu_milli),
            shape.gpu_model.clone(),
            shape.disk_included_gb.map(|gb| gb.to_string()).unwrap_or_default(),
            sources.of(figure).to_string(),
        ];
        rows.insert(shape.name.clone(), row);
    }
    let name = format!("shapes/{provider}.csv");
    put(files, &name, header::SHAPES, rows.into_values().map(|row| row.join(",")));
}

/// What the figures say of one machine at one region.
#[derive(Default)]
struct Machine<'a> {
    prices: [Option<&'a Figure>; 4],
    cap: Option<&'a Figure>,
    included: Option<&'a Figure>,
}

/// `compute/<provider>.csv`: every purchase option is a figure of its own; a row without any price goes.
pub fn compute(files: &mut Files, provider: &str, figures: &[&Figure], sources: &mut Sources) {
    let mut machines: BTreeMap<(String, String), Machine<'_>> = BTreeMap::new();
    for &figure in figures {
        let (Thing::Compute(shape, _) | Thing::MonthCap(shape) | Thing::IncludedTraffic(shape)) = &figure.key.thing
        else {
            continue;
        };
        let machine = machines.entry((figure.key.region.clone(), shape.clone())).or_default();
        match &figure.key.thing {
            Thing::Compute(_, purchase) => machine.prices[*purchase as usize] = Some(figure),
            Thing::MonthCap(_) => machine.cap = Some(figure),
            _ => machine.included = Some(figure),
        }
    }
    if machines.is_empty() {
        return;
    }
    let mut rows: BTreeMap<(String, String), Fields> = BTreeMap::new();
    for row in take_rows(files, "compute", provider) {
        let row = fields(&row);
        rows.insert((row[0].clone(), row[1].clone()), row);
    }
    for (key, machine) in machines {
        let row = rows.entry(key.clone()).or_insert_with(|| {
            let empty = ["", "", "", "", "", "0", "", ""].map(str::to_owned);
            [key.0.clone(), key.1.clone()].into_iter().chain(empty).collect()
        });
        machine.lay_over(row, sources);
        if row[2..6].iter().all(String::is_empty) {
            rows.remove(&key);
        }
    }
    let name = format!("compute/{provider}.csv");
    put(files, &name, header::COMPUTE, rows.into_values().map(|row| row.join(",")));
}

impl Machine<'_> {
    /// The row is `region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source`. It has
    /// one source for all its columns: the text says which column is whose.
    fn lay_over(&self, row: &mut Fields, sources: &mut Sources) {
        const PRICES: usize = 2;
        let (cap, included, quality, source) = (6, 7, 8, 9);
        let (old_date, old_text) = sources.get(&row[source]);
        let (old_date, old_text) = (old_date.to_owned(), old_text.to_owned());
        let newer = |figure: &&Figure| figure.date >= old_date;
        let mut kept = Vec::new();
        let mut added = Vec::new();
        let mut head = None;
        for purchase in Purchase::ALL {
            let at = purchase as usize;
            let cell = &mut row[PRICES + at];
            let Some(figure) = self.prices[at].filter(newer) else {
                if !cell.is_empty() {
                    kept.push(purchase);
                }
                continue;
            };
            let Some(Value::Price(usd, _)) = &figure.value else {
                cell.clear();
                continue;
            };
            *cell = money(*usd);
            if purchase == Purchase::OnDemand || (head.is_none() && old_text.is_empty()) {
                head = Some(figure);
            } else {
                added.push((purchase, figure));
            }
        }
        let set = |cell: &mut String, figure: Option<&Figure>| match figure.filter(newer).map(|f| &f.value) {
            Some(Some(Value::Price(usd, _))) => *cell = money(*usd),
            Some(Some(Value::Amount(gb))) => *cell = gb.to_decimal(),
            Some(None) => cell.clear(),
            _ => {}
        };
        set(&mut row[cap], self.cap);
        set(&mut row[included], self.included);
        if row[included].is_empty() {
            row[included].push('0');
        }
        let (mut text, date) = match head {
            Some(figure) => {
                letter(figure.quality).clone_into(&mut row[quality]);
                let rest: Vec<&str> = kept.iter().map(|p| p.as_str()).collect();
                let old = if rest.is_empty() || old_text.is_empty() {
                    String::new()
                } else {
                    format!("; {} as before: {old_text} of {old_date}", rest.join(" and "))
                };
                (figure.source.clone() + &old, figure.date.clone())
            }
            None => (old_text.clone(), old_date.clone()),
        };
        for (purchase, figure) in added {
            text = without(&text, purchase.as_str());
            text = format!("{text}; {}: {} of {}", purchase.as_str(), figure.source, figure.date);
        }
        if text != old_text || date != old_date {
            row[source] = sources.id(&date, &text).to_string();
        }
    }
}

/// A source's text without its part about one purchase option (`...; spot: AWS Spot Advisor of 2025-06-28; ...`).
fn without(text: &str, option: &str) -> String {
    let Some(start) = text.find(&format!("; {option}: ")) else { return text.to_owned() };
    let rest = &text[start + 2..];
    let end = rest.find("; ").map_or(text.len(), |end| start + 2 + end);
    format!("{}{}", &text[..start], &text[end..])
}

/// `managed/<provider>.csv`: tier, cap and storage are figures of their own; a tier that is withdrawn goes.
pub fn managed(files: &mut Files, provider: &str, figures: &[&Figure], sources: &mut Sources) {
    let tier = |figure: &Figure| match &figure.key.thing {
        Thing::Managed(tier) | Thing::ManagedMonthCap(tier) | Thing::ManagedStorage(tier) => Some(tier.clone()),
        _ => None,
    };
    if !figures.iter().any(|figure| tier(figure).is_some()) {
        return;
    }
    let mut rows: BTreeMap<(String, ManagedTier), Fields> = BTreeMap::new();
    for row in take_rows(files, "managed", provider) {
        let row = fields(&row);
        if let Some(kind) = crate::catalog::ManagedKind::parse(&row[1]) {
            let (product, tier, multi_zone) = (row[2].clone(), row[3].clone(), row[6] == "1");
            rows.insert((row[0].clone(), ManagedTier { kind, product, tier, multi_zone }), row);
        }
    }
    // Tiers first: caps and storage are of rows that exist.
    let is_tier = |figure: &&&Figure| matches!(figure.key.thing, Thing::Managed(_));
    let parts = figures.iter().filter(|figure| !is_tier(figure));
    for figure in figures.iter().filter(is_tier).chain(parts) {
        let Some(tier) = tier(figure) else { continue };
        let key = (figure.key.region.clone(), tier);
        match &figure.key.thing {
            Thing::Managed(_) => lay_tier(&mut rows, &key, figure, sources),
            Thing::ManagedMonthCap(_) => {
                let cap = match &figure.value {
                    Some(Value::Price(usd, _)) => money(*usd),
                    _ => String::new(),
                };
                if let Some(row) = rows.get_mut(&key).filter(|row| sources.is_newer(figure, &row[10])) {
                    row[11] = cap;
                }
            }
            _ => lay_storage(&mut rows, &key, figure, sources),
        }
    }
    let name = format!("managed/{provider}.csv");
    put(files, &name, header::MANAGED, rows.into_values().map(|row| row.join(",")));
}

/// Managed rows by region and tier, which is the order of the file.
type Managed = BTreeMap<(String, ManagedTier), Fields>;

/// `region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,storage_usd,storage_quality,
/// storage_source,storage_included_gb`
fn lay_tier(rows: &mut Managed, key: &(String, ManagedTier), figure: &Figure, sources: &mut Sources) {
    if rows.get(key).is_some_and(|row| !sources.is_newer(figure, &row[10])) {
        return;
    }
    let Some(Value::Managed { usd, unit, vcpu_milli, memory_mib, storage_included_gb }) = &figure.value else {
        rows.remove(key);
        return;
    };
    let tier = &key.1;
    let mut row = vec![
        key.0.clone(),
        tier.kind.as_str().to_owned(),
        tier.product.clone(),
        tier.tier.clone(),
        milli(*vcpu_milli),
        memory_mib.to_string(),
        u8::from(tier.multi_zone).to_string(),
        unit.as_str().to_owned(),
        money(*usd),
        letter(figure.quality).to_owned(),
        sources.of(figure).to_string(),
    ];
    // What the figure does not speak of stays: the cap and the price of storage.
    let rest = rows.get(key).map_or_else(|| vec![String::new(); 4], |old| old[11..15].to_vec());
    row.extend(rest);
    row.push(storage_included_gb.to_decimal());
    rows.insert(key.clone(), row);
}

fn lay_storage(rows: &mut Managed, key: &(String, ManagedTier), figure: &Figure, sources: &mut Sources) {
    let id = sources.of(figure).to_string();
    let of = |at: &(String, ManagedTier)| {
        let (mine, other) = (&key.1, &at.1);
        let same = (mine.kind, &mine.product, mine.multi_zone) == (other.kind, &other.product, other.multi_zone);
        at.0 == key.0 && same && (mine.tier.is_empty() || mine.tier == other.tier)
    };
    for (_, row) in rows.iter_mut().filter(|(at, _)| of(at)) {
        if !row[14].is_empty() && !sources.is_newer(figure, &row[14]) {
            continue;
        }
        match &figure.value {
            Some(Value::Price(usd, _)) => {
                row[12] = money(*usd);
                letter(figure.quality).clone_into(&mut row[13]);
                row[14].clone_from(&id);
            }
            _ => row[12..15].iter_mut().for_each(String::clear),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn the_part_of_an_option_is_cut_out() {
        let text = "list; spot: advisor of 2025-06-28; reserved: ratio of the family";
        assert_eq!(without(text, "spot"), "list; reserved: ratio of the family");
        assert_eq!(without(text, "reserved"), "list; spot: advisor of 2025-06-28");
        assert_eq!(without("list", "spot"), "list");
    }
}
