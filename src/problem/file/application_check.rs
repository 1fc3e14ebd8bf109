//! Whether a document in the application form makes sense: sizes, ordinals, signs, and sums that fit.

use super::application::{ChoiceRow, FORMAT, File, FlowRow, LadderRow, PathRow, RouteKind, Target};
use super::{FileError, VERSION, application_groups as groups, shown};
use std::collections::BTreeSet;

/// Most places: tables hold a number for every two of them.
const PLACES_MAX: usize = 2_000;
/// No bill may reach this, in nano-dollars (over a billion dollars a month), nor may latency weighted by its price.
const BILL_MAX: i128 = 1 << 60;
/// No latency may reach this, in microseconds (12 days).
const LATENCY_MAX: i128 = 1 << 40;

pub(super) type Checked = Result<(), FileError>;

pub(super) fn fault(path: impl Into<String>, message: impl Into<String>) -> Checked {
    Err(FileError::said(path, message))
}

/// An ordinal of a list of `count`.
pub(super) fn ordinal(path: impl Fn() -> String, what: &str, ordinal: usize, count: usize) -> Checked {
    if ordinal < count {
        return Ok(());
    }
    fault(path(), format!("there is no {what} {ordinal}: there are {count}, numbered from 0"))
}

pub(super) fn not_negative(path: impl Fn() -> String, value: i64) -> Checked {
    if value >= 0 { Ok(()) } else { fault(path(), format!("{value} is negative")) }
}

pub(super) fn check(file: &File) -> Checked {
    if file.format != FORMAT {
        return fault("format", format!("`{}` is not `{FORMAT}`", shown(&file.format)));
    }
    if file.version != VERSION {
        return fault("version", format!("version {} is not known; this is version {VERSION}", file.version));
    }
    let places = file.places.len();
    if !(1..=PLACES_MAX).contains(&places) {
        return fault("places", format!("there are {places} places; there must be 1 to {PLACES_MAX}"));
    }
    if file.components.is_empty() {
        return fault("components", "there is no component to place");
    }
    if file.budget_nanos.is_some_and(|budget| budget < 0) {
        return fault("budget_nanos", "the budget is negative");
    }
    for (p, place) in file.places.iter().enumerate() {
        ordinal(|| format!("places[{p}].provider"), "provider", place.provider, file.providers.len())?;
        if place.zones == 0 {
            return fault(format!("places[{p}].zones"), "a place has at least one zone");
        }
    }
    tables(file)?;
    for (l, ladder) in file.ladders.iter().enumerate() {
        check_ladder(file, l, ladder)?;
    }
    for (c, component) in file.components.iter().enumerate() {
        for (v, choice) in component.choices.iter().enumerate() {
            check_choice(file, &|| format!("components[{c}].choices[{v}]"), choice)?;
        }
    }
    groups::check(file)?;
    for (f, flow) in file.flows.iter().enumerate() {
        check_flow(file, f, flow)?;
    }
    shared(file)?;
    for (r, relation) in file.relations.iter().enumerate() {
        ordinal(|| format!("relations[{r}].a"), "component", relation.a, file.components.len())?;
        ordinal(|| format!("relations[{r}].b"), "component", relation.b, file.components.len())?;
    }
    for (p, path) in file.paths.iter().enumerate() {
        check_path(file, p, path)?;
    }
    bill(file)?;
    latency(file)
}

/// A table with a row for each place and a number for each place in it, or with rows of any number.
fn rows<T>(name: &str, table: &[Vec<T>], places: usize, square: bool) -> Checked {
    if square && table.len() != places {
        return fault(name, format!("there are {} rows for {places} places", table.len()));
    }
    let wrong = table.iter().position(|row| row.len() != places);
    wrong.map_or(Ok(()), |row| {
        fault(format!("{name}[{row}]"), format!("there are {} entries for {places} places", table[row].len()))
    })
}

fn tables(file: &File) -> Checked {
    let places = file.places.len();
    rows("routes", &file.routes, places, true)?;
    rows("internet", &file.internet, places, false)?;
    rows("rtt_us.p50", &file.rtt_us.p50, places, true)?;
    rows("rtt_us.p95", &file.rtt_us.p95, places, true)?;
    for (name, table) in [("routes", &file.routes), ("internet", &file.internet)] {
        for (r, row) in table.iter().enumerate() {
            for (at, &code) in row.iter().enumerate() {
                ordinal(|| format!("{name}[{r}][{at}]"), "entry of `route_kinds`", code, file.route_kinds.len())?;
            }
        }
    }
    for (k, kind) in file.route_kinds.iter().enumerate() {
        match *kind {
            RouteKind::FlatNanosPerGb(nanos) => not_negative(|| format!("route_kinds[{k}]"), nanos)?,
            RouteKind::Ladder(l) => ordinal(|| format!("route_kinds[{k}]"), "ladder", l, file.ladders.len())?,
            RouteKind::Unknown => {}
        }
    }
    Ok(())
}

fn check_ladder(file: &File, l: usize, ladder: &LadderRow) -> Checked {
    ordinal(|| format!("ladders[{l}].provider"), "provider", ladder.provider, file.providers.len())?;
    not_negative(|| format!("ladders[{l}].included_micro_gb"), ladder.included_micro_gb)?;
    if ladder.steps.first().is_none_or(|step| step.from_micro_gb != 0) {
        return fault(format!("ladders[{l}].steps"), "the first step must begin at 0");
    }
    for (s, step) in ladder.steps.iter().enumerate() {
        not_negative(|| format!("ladders[{l}].steps[{s}].nanos_per_gb"), step.nanos_per_gb)?;
        if s > 0 && step.from_micro_gb <= ladder.steps[s - 1].from_micro_gb {
            return fault(format!("ladders[{l}].steps[{s}].from_micro_gb"), "steps must ascend");
        }
    }
    Ok(())
}

fn check_choice(file: &File, path: &dyn Fn() -> String, choice: &ChoiceRow) -> Checked {
    ordinal(|| format!("{}.place", path()), "place", choice.place, file.places.len())?;
    not_negative(|| format!("{}.cost_nanos", path()), choice.cost_nanos)?;
    for included in [choice.own_micro_gb, choice.pooled_micro_gb].into_iter().flatten() {
        not_negative(path, included)?;
    }
    if choice.own_micro_gb.is_some() && choice.pooled_micro_gb.is_some() {
        return fault(path(), "included traffic is either the machine's own or pooled, not both");
    }
    if choice.needs.windows(2).any(|pair| pair[0] >= pair[1]) {
        return fault(format!("{}.needs", path()), "a need is listed twice, or needs do not ascend");
    }
    Ok(())
}

fn check_flow(file: &File, f: usize, flow: &FlowRow) -> Checked {
    let path = |member: &'static str| move || format!("flows[{f}].{member}");
    ordinal(path("from"), "component", flow.from, file.components.len())?;
    match flow.to {
        Target::Component(c) => ordinal(path("to.component"), "component", c, file.components.len())?,
        Target::Internet(class) => ordinal(path("to.internet"), "row of `internet`", class, file.internet.len())?,
    }
    if flow.micro_gb > 0 { Ok(()) } else { fault(path("micro_gb")(), "a flow carries more than nothing") }
}

fn shared(file: &File) -> Checked {
    let mut seen = BTreeSet::new();
    for (s, shared) in file.shared.iter().enumerate() {
        ordinal(|| format!("shared[{s}].place"), "place", shared.place, file.places.len())?;
        not_negative(|| format!("shared[{s}].cost_nanos"), shared.cost_nanos)?;
        if !seen.insert((shared.place, shared.need)) {
            return fault(format!("shared[{s}]"), "this need was priced at this place before");
        }
    }
    Ok(())
}

fn check_path(file: &File, p: usize, path: &PathRow) -> Checked {
    not_negative(|| format!("paths[{p}].constant_us"), path.constant_us)?;
    not_negative(|| format!("paths[{p}].nanos_per_us"), path.nanos_per_us)?;
    if let Some(entry) = &path.entry {
        let at = || format!("paths[{p}].entry.component");
        ordinal(at, "component", entry.component, file.components.len())?;
        if entry.us.len() != file.places.len() {
            let message = format!("there are {} entries for {} places", entry.us.len(), file.places.len());
            return fault(format!("paths[{p}].entry.us"), message);
        }
        if let Some(at) = entry.us.iter().position(|&us| us < 0) {
            return fault(format!("paths[{p}].entry.us[{at}]"), "a latency is negative");
        }
    }
    for (h, hop) in path.hops.iter().enumerate() {
        ordinal(|| format!("paths[{p}].hops[{h}].a"), "component", hop.a, file.components.len())?;
        ordinal(|| format!("paths[{p}].hops[{h}].b"), "component", hop.b, file.components.len())?;
        not_negative(|| format!("paths[{p}].hops[{h}].round_trips_milli"), hop.round_trips_milli)?;
    }
    Ok(())
}

/// The dearest bill that could be drawn up must fit.
fn bill(file: &File) -> Checked {
    let dearest = |c: &super::application::ComponentRow| {
        c.choices.iter().map(|choice| i128::from(choice.cost_nanos)).max().unwrap_or(0)
    };
    let machines: i128 = file.components.iter().map(dearest).sum();
    let shared: i128 = file.shared.iter().map(|shared| i128::from(shared.cost_nanos)).sum();
    let flat = file.route_kinds.iter().map(|kind| if let RouteKind::FlatNanosPerGb(n) = kind { *n } else { 0 });
    let steps = file.ladders.iter().flat_map(|ladder| ladder.steps.iter().map(|step| step.nanos_per_gb));
    let dearest_gb = i128::from(flat.chain(steps).max().unwrap_or(0));
    let volume: i128 = file.flows.iter().map(|flow| i128::from(flow.micro_gb)).sum();
    // A product of two 63-bit integers and sums of at most 2^32 of them stay within 127 bits.
    let traffic = (volume / 1_000_000 + 1) * dearest_gb;
    let included = file.components.iter().flat_map(|c| &c.choices).filter_map(|choice| choice.pooled_micro_gb);
    let pooled: i128 = included.map(i128::from).sum::<i128>() + groups::most_pooled(file);
    if pooled >= BILL_MAX || volume >= BILL_MAX {
        return fault("", "traffic adds up to more than 2^60 millionths of a GB, the limit of this form");
    }
    if machines.saturating_add(groups::dearest(file)).saturating_add(shared + traffic) < BILL_MAX {
        return Ok(());
    }
    fault("", "a bill could exceed 2^60 nano-dollars (a billion dollars a month), the limit of this form")
}

fn latency(file: &File) -> Checked {
    let slowest = |table: &[Vec<u32>]| table.iter().flatten().copied().max().unwrap_or(0);
    let rtt = i128::from(slowest(&file.rtt_us.p50).max(slowest(&file.rtt_us.p95)));
    let mut weighted = 0_i128;
    for (p, path) in file.paths.iter().enumerate() {
        let entry = path.entry.as_ref().and_then(|entry| entry.us.iter().max().copied()).unwrap_or(0);
        let trips: i128 = path.hops.iter().map(|hop| i128::from(hop.round_trips_milli)).sum();
        let longest = i128::from(path.constant_us) + i128::from(entry) + trips * rtt / 1000;
        if longest >= LATENCY_MAX {
            return fault(format!("paths[{p}]"), "the latency could exceed 2^40 microseconds, the limit of this form");
        }
        weighted += longest * i128::from(path.nanos_per_us);
    }
    if weighted < BILL_MAX {
        return Ok(());
    }
    fault("paths", "latency times its price could exceed 2^60 nano-dollars, the limit of this form")
}
