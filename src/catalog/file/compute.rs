//! Reads machine types and their prices: the bulk of the book.

use super::rows::Rows;
use super::{BookError, Names, Places, header, regions_of};
use crate::catalog::{ComputeOffer, CpuKind, Provider, ProviderId, Region, RegionId, Shape, ShapeId};

/// Shapes after the last one that are looked at one by one before they are searched.
const SHAPES_AHEAD: usize = 8;

/// Reads `shapes/*.csv` and `compute/*.csv`.
pub fn read(
    files: &[(&str, &str)],
    names: &Names<'_>,
    book: Places<'_>,
) -> Result<(Vec<Shape>, Vec<ComputeOffer>), BookError> {
    let of_kind = |prefix: &'static str| files.iter().filter(move |(name, _)| name.starts_with(prefix));
    let mut types = Vec::new();
    for &file in of_kind("shapes/") {
        let mut rows = Rows::open(file, header::SHAPES)?;
        let provider = provider_of_file(book.providers, &rows)?;
        shapes(&mut rows, provider, names, &mut types)?;
    }
    // No row is shorter than this.
    let bytes: usize = of_kind("compute/").map(|(_, text)| text.len()).sum();
    let mut all = Vec::with_capacity(bytes / 32);
    for &file in of_kind("compute/") {
        let mut rows = Rows::open(file, header::COMPUTE)?;
        let provider = provider_of_file(book.providers, &rows)?;
        offers(&mut rows, provider, names, book.regions, &types, &mut all)?;
    }
    Ok((types, all))
}

/// The provider that a file named `<folder>/<provider>[-<part>].csv` is about: the longest name that fits.
pub fn provider_of_file(providers: &[Provider], rows: &Rows<'_>) -> Result<ProviderId, BookError> {
    let stem = rows.file.split_once('/').map_or("", |(_, file)| file.trim_end_matches(".csv"));
    let fits = |name: &str| stem.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let ids = (0..).map(ProviderId).zip(providers);
    let found = ids.filter(|(_, p)| fits(&p.name)).max_by_key(|(_, p)| p.name.len());
    found.map(|(id, _)| id).ok_or_else(|| rows.error("the file name begins with no provider of providers.csv".into()))
}

fn shapes(
    rows: &mut Rows<'_>,
    provider: ProviderId,
    names: &Names<'_>,
    shapes: &mut Vec<Shape>,
) -> Result<(), BookError> {
    rows.each(|row| {
        let name = row.word()?;
        if shapes.last().is_some_and(|s| (s.provider, s.name.as_str()) >= (provider, name)) {
            return Err(format!("shape `{name}` is a duplicate or out of order"));
        }
        if shapes.len() >= usize::from(u16::MAX) {
            return Err("more than 65535 shapes".into());
        }
        let arch = row.arch()?;
        let vcpu_milli = row.milli()?;
        let memory_mib = row.number()?;
        let kind = row.text()?;
        let cpu_kind = CpuKind::parse(kind).ok_or_else(|| format!("`{kind}` is not a kind of processor time"))?;
        let gpu_milli = row.milli()?;
        let gpu_model = row.text()?.to_owned();
        let disk = row.text()?;
        let disk_included_gb =
            if disk.is_empty() { None } else { Some(disk.parse().map_err(|_| "disk: not a number")?) };
        names.source(row)?;
        let name = name.to_owned();
        shapes.push(Shape {
            provider,
            name,
            arch,
            vcpu_milli,
            memory_mib,
            cpu_kind,
            gpu_milli,
            gpu_model,
            disk_included_gb,
        });
        Ok(())
    })
}

fn offers(
    rows: &mut Rows<'_>,
    provider: ProviderId,
    names: &Names<'_>,
    regions: &[Region],
    shapes: &[Shape],
    offers: &mut Vec<ComputeOffer>,
) -> Result<(), BookError> {
    let regions = regions_of(regions, provider.0);
    // Shapes are sorted by provider and name, rows by region and name: the next row's shape is one of the next.
    let first = shapes.partition_point(|shape| shape.provider < provider);
    let mine = &shapes[first..shapes.partition_point(|shape| shape.provider <= provider)];
    let mut next = 0;
    // Most rows have the region of the row before.
    let mut last: Option<(&str, RegionId)> = None;
    rows.each(|row| {
        let code = row.text()?;
        let region = match last {
            Some((known, id)) if known == code => id,
            _ => {
                next = 0;
                *regions.get(code).ok_or_else(|| format!("no region `{code}` of this provider"))?
            }
        };
        last = Some((code, region));
        let name = row.text()?;
        let ahead = mine[next..].iter().take(SHAPES_AHEAD).position(|shape| shape.name == name);
        let found = match ahead {
            Some(ahead) => Ok(next + ahead),
            None => mine.binary_search_by(|shape| shape.name.as_str().cmp(name)),
        };
        let at = found.map_err(|_| format!("no shape `{name}` of this provider"))?;
        next = at + 1;
        let shape = u16::try_from(first + at).map(ShapeId).map_err(|_| "more than 65535 shapes")?;
        if offers.last().is_some_and(|o| (o.region, o.shape) >= (region, shape)) {
            return Err(format!("`{name}` at `{code}` is a duplicate or out of order"));
        }
        let usd_hour = [row.opt_money()?, row.opt_money()?, row.opt_money()?, row.opt_money()?];
        if usd_hour.iter().flatten().count() == 0 {
            return Err("the row has no price at all".into());
        }
        let month_cap = row.opt_money()?;
        let included_gb = row.quantity()?;
        let (quality, uncertainty) = row.quality()?;
        if uncertainty > 0 {
            return Err("prices of machines are listed or derived, never estimated".into());
        }
        let source = names.source(row)?;
        offers.push(ComputeOffer { shape, region, usd_hour, month_cap, included_gb, source, quality });
        Ok(())
    })
}
