//! `placer offers`: what is on sale, row by row.

use super::args::{ListFormat, OffersArgs};
use super::failure::Failure;
use super::text::{Side, unit_usd};
use super::{input, lists, nearest, place};
use crate::catalog::{
    ComputeOffer, EgressLadder, Item, ManagedKind, ManagedOffer, Price, PriceBook, RegionId, Tariff, Tier, Unit,
};
use crate::units::{Arch, HOURS_PER_MONTH, Money, Purchase, Quantity, format_scaled};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Columns of the CSV form; scripts rely on them.
const CSV: [&str; 12] = [
    "provider",
    "region",
    "offer",
    "kind",
    "purchase",
    "vcpu",
    "memory_gib",
    "arch",
    "usd_hour",
    "source",
    "as_of",
    "quality",
];
/// The kind of internet traffic, which is no [`Item`].
const EGRESS: &str = "internet_egress";
/// A group of kinds: everything that starts with this.
const SERVERLESS: &str = "serverless";

/// One price of one thing at one place.
#[derive(Debug, Serialize)]
struct Row<'a> {
    provider: &'a str,
    region: &'a str,
    offer: Cow<'a, str>,
    kind: &'static str,
    purchase: Purchase,
    /// Per node.
    vcpu: Option<String>,
    memory_gib: Option<String>,
    arch: Option<Arch>,
    usd_hour: Option<String>,
    source: &'a str,
    as_of: &'a str,
    quality: &'static str,
    uncertainty_pct: u8,
    /// The price as it is published.
    usd: String,
    unit: &'static str,
    /// The price holds from this many units a month.
    from: Option<String>,
    month_cap_usd: Option<String>,
    included_gb: Option<String>,
    cpu: Option<&'static str>,
    accelerator: Option<String>,
    storage_usd_gb_month: Option<String>,
}

/// What is asked for, resolved.
struct Wanted {
    regions: Vec<RegionId>,
    kind: Option<String>,
}

impl Wanted {
    fn kind(&self, kind: &str) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind || (wanted == SERVERLESS && kind.starts_with(SERVERLESS)))
    }
}

/// Runs the command.
pub fn run(args: &OffersArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let wanted = resolve(args, &book)?;
    match args.format {
        ListFormat::Csv => lists::csv(&CSV, rows(&book, &wanted).map(|row| csv_row(&row)), out),
        ListFormat::Json => lists::json(rows(&book, &wanted), out),
        ListFormat::Table => {
            table(&book, &wanted, out)?;
            place::tell_freshness(args.book.price_book.as_deref(), &book, out)
        }
    }
}

fn resolve(args: &OffersArgs, book: &PriceBook) -> Result<Wanted, Failure> {
    let kind = args.kind.as_ref().map(|kind| known_kind(kind)).transpose()?;
    let regions = regions(book, args.provider.as_deref(), args.region.as_deref())?;
    Ok(Wanted { regions, kind })
}

fn known_kind(kind: &str) -> Result<String, Failure> {
    let managed = ManagedKind::ALL.into_iter().map(ManagedKind::as_str);
    let items = Item::ALL.into_iter().map(Item::as_str);
    let all: Vec<&str> = ["compute", SERVERLESS, EGRESS].into_iter().chain(managed).chain(items).collect();
    if all.contains(&kind) { Ok(kind.to_owned()) } else { Err(nearest::unknown("kind", kind, all)) }
}

/// The regions of a provider, or those that a code names.
pub fn regions(book: &PriceBook, provider: Option<&str>, region: Option<&str>) -> Result<Vec<RegionId>, Failure> {
    let (provider, code) = match region.and_then(|region| region.split_once(':')) {
        Some((named, code)) => (provider.or(Some(named)), Some(code)),
        None => (provider, region),
    };
    if let Some(name) = provider
        && book.find_provider(name).is_none()
    {
        return Err(nearest::unknown("provider", name, book.providers.iter().map(|p| p.name.as_str())));
    }
    let at_provider = |id: &RegionId| provider.is_none_or(|name| book.provider_of(*id).name == name);
    let of_provider: Vec<RegionId> = book.region_ids().filter(at_provider).collect();
    let Some(code) = code else { return Ok(of_provider) };
    let found: Vec<RegionId> = of_provider.iter().copied().filter(|&id| book.region(id).code == code).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let what = provider.map_or_else(|| "region".to_owned(), |name| format!("region of {name} named"));
    Err(nearest::unknown(&what, code, of_provider.iter().map(|&id| book.region(id).code.as_str())))
}

fn rows<'a>(book: &'a PriceBook, wanted: &'a Wanted) -> impl Iterator<Item = Row<'a>> {
    wanted.regions.iter().flat_map(move |&id| {
        let compute = wanted.kind("compute").then(|| book.compute_at(id)).into_iter().flatten();
        let managed = book.managed_at(id).iter().filter(|offer| wanted.kind(offer.kind.as_str()));
        let tariffs = of_region(&book.tariffs, id, |tariff| tariff.region);
        let tariffs = tariffs.iter().filter(|tariff| wanted.kind(tariff.item.as_str()));
        let ladders = of_region(&book.ladders, id, |ladder| ladder.region);
        let ladders = wanted.kind(EGRESS).then_some(ladders).into_iter().flatten();
        compute
            .flat_map(move |offer| compute_rows(book, offer))
            .chain(managed.map(move |offer| managed_row(book, offer)))
            .chain(tariffs.map(move |tariff| tariff_row(book, tariff)))
            .chain(ladders.flat_map(move |ladder| ladder.tiers.iter().map(move |tier| egress_row(book, ladder, tier))))
    })
}

/// The part of a slice sorted by region that belongs to one.
fn of_region<T>(sorted: &[T], id: RegionId, key: impl Fn(&T) -> RegionId) -> &[T] {
    let start = sorted.partition_point(|x| key(x) < id);
    let end = sorted.partition_point(|x| key(x) <= id);
    &sorted[start..end]
}

/// A row with what every price has.
fn base<'a>(book: &'a PriceBook, id: RegionId, kind: &'static str, offer: Cow<'a, str>, price: &Price) -> Row<'a> {
    let source = book.source(price.source);
    Row {
        provider: &book.provider_of(id).name,
        region: &book.region(id).code,
        offer,
        kind,
        purchase: Purchase::OnDemand,
        vcpu: None,
        memory_gib: None,
        arch: None,
        usd_hour: usd_hour(price).map(Money::to_decimal),
        source: &source.text,
        as_of: &source.as_of,
        quality: price.quality.as_str(),
        uncertainty_pct: price.uncertainty_pct,
        usd: price.usd.to_decimal(),
        unit: price.unit.as_str(),
        from: None,
        month_cap_usd: None,
        included_gb: None,
        cpu: None,
        accelerator: None,
        storage_usd_gb_month: None,
    }
}

/// Dollars per hour of what is sold by time; a price per month is divided by the hours of a month.
fn usd_hour(price: &Price) -> Option<Money> {
    match price.unit {
        Unit::Hour => Some(price.usd),
        Unit::Month => Some(Money::from_nanos((price.usd.nanos() + HOURS_PER_MONTH / 2).div_euclid(HOURS_PER_MONTH))),
        _ => None,
    }
}

fn vcpu(milli: u32) -> Option<String> {
    (milli > 0).then(|| format_scaled(i64::from(milli), 3, 0))
}

/// GiB, exact: a MiB is 1/1024 of it, which ends within ten digits.
fn memory_gib(mib: u32) -> Option<String> {
    let scaled = i64::from(mib) * 10_i64.pow(10) / 1024;
    (mib > 0).then(|| format_scaled(scaled, 10, 0))
}

fn some_gb(quantity: Quantity) -> Option<String> {
    (quantity > Quantity::ZERO).then(|| quantity.to_decimal())
}

fn compute_rows<'a>(book: &'a PriceBook, offer: &'a ComputeOffer) -> impl Iterator<Item = Row<'a>> {
    let shape = book.shape(offer.shape);
    let accelerators = format_scaled(i64::from(shape.gpu_milli), 3, 0);
    let sold = Purchase::ALL.into_iter().filter_map(|purchase| Some((purchase, offer.price(purchase)?)));
    sold.map(move |(purchase, price)| Row {
        purchase,
        vcpu: vcpu(shape.vcpu_milli),
        memory_gib: memory_gib(shape.memory_mib),
        arch: Some(shape.arch),
        month_cap_usd: offer.month_cap.filter(|_| purchase == Purchase::OnDemand).map(Money::to_decimal),
        included_gb: some_gb(offer.included_gb),
        cpu: Some(shape.cpu_kind.as_str()),
        accelerator: (shape.gpu_milli > 0).then(|| format!("{accelerators} x {}", shape.gpu_model)),
        ..base(book, offer.region, "compute", Cow::Borrowed(&shape.name), &price)
    })
}

fn managed_row<'a>(book: &'a PriceBook, offer: &'a ManagedOffer) -> Row<'a> {
    Row {
        vcpu: vcpu(offer.vcpu_milli),
        memory_gib: memory_gib(offer.memory_mib),
        month_cap_usd: offer.month_cap.map(Money::to_decimal),
        storage_usd_gb_month: offer.storage.map(|price| price.usd.to_decimal()),
        ..base(book, offer.region, offer.kind.as_str(), Cow::Owned(offer.name()), &offer.price)
    }
}

fn tariff_row<'a>(book: &'a PriceBook, tariff: &'a Tariff) -> Row<'a> {
    Row {
        from: Some(tariff.from.to_decimal()),
        ..base(book, tariff.region, tariff.item.as_str(), Cow::Borrowed(&tariff.product), &tariff.price)
    }
}

fn egress_row<'a>(book: &'a PriceBook, ladder: &'a EgressLadder, tier: &'a Tier) -> Row<'a> {
    let offer = if ladder.to == "*" {
        Cow::Borrowed("internet egress")
    } else {
        Cow::Owned(format!("internet egress to {}", ladder.to))
    };
    Row {
        from: Some(tier.from.to_decimal()),
        included_gb: some_gb(ladder.included_gb),
        ..base(book, ladder.region, EGRESS, offer, &tier.price)
    }
}

fn csv_row<'a>(row: &Row<'a>) -> [Cow<'a, str>; 12] {
    let owned = |text: &Option<String>| Cow::Owned(text.clone().unwrap_or_default());
    [
        Cow::Borrowed(row.provider),
        Cow::Borrowed(row.region),
        row.offer.clone(),
        Cow::Borrowed(row.kind),
        Cow::Borrowed(row.purchase.as_str()),
        owned(&row.vcpu),
        owned(&row.memory_gib),
        Cow::Borrowed(row.arch.map_or("", Arch::as_str)),
        owned(&row.usd_hour),
        Cow::Borrowed(row.source),
        Cow::Borrowed(row.as_of),
        Cow::Borrowed(row.quality),
    ]
}

fn table(book: &PriceBook, wanted: &Wanted, out: &mut dyn Write) -> Result<(), Failure> {
    use Side::{Left, Right};
    let heading = [
        ("PROVIDER", Left),
        ("REGION", Left),
        ("KIND", Left),
        ("OFFER", Left),
        ("PURCHASE", Left),
        ("VCPU", Right),
        ("GIB", Right),
        ("ARCH", Left),
        ("PRICE", Right),
        ("PER", Left),
        ("FROM", Right),
        ("QUALITY", Left),
        ("AS OF", Left),
    ];
    let texts = |row: Row| -> [String; 13] {
        let quality = match row.uncertainty_pct {
            0 => row.quality.to_owned(),
            pct => format!("{} ±{pct}%", row.quality),
        };
        [
            row.provider.to_owned(),
            row.region.to_owned(),
            row.kind.to_owned(),
            row.offer.into_owned(),
            row.purchase.as_str().to_owned(),
            row.vcpu.unwrap_or_default(),
            row.memory_gib.unwrap_or_default(),
            row.arch.map_or("", Arch::as_str).to_owned(),
            unit_usd(&row.usd),
            row.unit.replace('_', " "),
            row.from.filter(|from| from != "0").unwrap_or_default(),
            quality,
            row.as_of.to_owned(),
        ]
    };
    lists::columns(&heading, || rows(book, wanted).map(texts), out)
}
