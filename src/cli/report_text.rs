//! The report for people, made from the canonical form and from nothing else.

use super::text::{Grid, Look, Side, amount, unit_usd, usd};
use crate::report::wire::{Action, Baseline, Component, Conflict, Excluded, Line, Path, Report, Status};
use crate::units::Money;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Reasons for offers left out that are shown; the JSON form has all of them.
const REASONS_SHOWN: usize = 8;

/// The whole report.
#[must_use]
pub fn render(report: &Report, look: Look) -> String {
    let mut text = format!("{}\n", look.strong(&headline(report)));
    if let Some(decision) = &report.decision {
        let word = match decision.action {
            Action::Stay => "Stay",
            Action::Move => "Move",
            Action::New => "New",
        };
        let _ = writeln!(text, "\n{}: {}.", look.strong(word), decision.reason);
    }
    if report.status != Status::Infeasible {
        text += &components(report, look);
        text += &paths(report, look);
        text += &charges(report, look);
        text += &transfers(report, look);
        text += &baselines(report, look);
        text += &months_and_quality(report, look);
        if !report.notes.is_empty() {
            text += &look.title("Look at this");
            text.extend(report.notes.iter().map(|note| look.bullet(note)));
        }
    }
    text += &excluded(report, look);
    text += &look.title("Assumptions");
    text.extend(report.assumptions.iter().map(|assumption| look.bullet(assumption)));
    let _ = writeln!(
        text,
        "\nPrice book of {}, oldest price of {}\nsha256 {}",
        report.price_book.as_of, report.price_book.oldest, report.price_book.digest
    );
    text
}

/// The answer in one line.
fn headline(report: &Report) -> String {
    let as_of = &report.price_book.as_of;
    let app = &report.app;
    let Some(total) = &report.total_usd_month else {
        return format!("{app}: no placement satisfies all requirements · proven · prices of {as_of}");
    };
    let total = usd(total);
    let answer = match (&report.savings, report.decision.as_ref().map(|decision| decision.action)) {
        (Some(_), Some(Action::Stay)) => format!("{total} a month, stay as you are"),
        (Some(savings), _) => {
            let today = usd(&savings.today_usd_month);
            format!("{today} -> {total} a month ({})", saves(&savings.usd_month, savings.pct))
        }
        (None, _) => format!("{total} a month"),
    };
    format!("{app}: {answer} · {} · prices of {as_of}", proof(report))
}

fn saves(saving: &str, pct: f64) -> String {
    match saving.strip_prefix('-') {
        Some(more) => format!("costs {} more, {:.1}%", usd(more), -pct),
        None => format!("saves {}, {pct:.1}%", usd(saving)),
    }
}

fn proof(report: &Report) -> String {
    match (&report.objective, report.status) {
        (_, Status::Optimal) => "proven optimal".to_owned(),
        (Some(objective), _) => format!("within {:.1}% of the best possible", objective.gap_pct),
        (None, _) => "not proven optimal".to_owned(),
    }
}

/// A cost with a mark when it follows usage.
fn cost(decimal: &str, usage_based: bool) -> String {
    if usage_based { format!("~{}", usd(decimal)) } else { usd(decimal) }
}

fn components(report: &Report, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    let percentile = common_percentile(report);
    let latency = percentile.map_or_else(|| "LATENCY".to_owned(), |p| format!("{}/BOUND", p.to_uppercase()));
    let mut grid = Grid::new(
        look,
        &[
            ("COMPONENT", Left),
            ("CHOICE", Wrapped),
            ("N", Right),
            ("PURCHASE", Left),
            ("WHERE", Left),
            ("$/MONTH", Right),
            (latency.as_str(), Right),
            ("RUNNER-UP", Left),
        ],
    );
    for component in &report.components {
        grid.row(component_row(component, percentile.is_none()));
    }
    let shared = sum(report.lines.iter().filter(|line| line.component.is_none()).map(|line| line.usd_month.as_str()));
    let last = |name: &str, cost: String| {
        let mut row = vec![String::new(); 8];
        name.clone_into(&mut row[0]);
        row[5] = cost;
        row
    };
    if shared != Money::ZERO {
        grid.row(last("(shared)", shared.to_string()));
    }
    grid.strong_row(last("total", usd(report.total_usd_month.as_deref().unwrap_or_default())));
    let note = if report.components.iter().any(|component| component.usage_based) {
        "~ follows usage that you estimated\na component's cost includes the traffic that it sends; \
         runner-up: the whole bill with that component at another provider\n"
    } else {
        "a component's cost includes the traffic that it sends; \
         runner-up: the whole bill with that component at another provider\n"
    };
    format!("\n{}{}", grid.render(), if look.markdown { format!("\n{note}") } else { note.to_owned() })
}

fn component_row(component: &Component, tell_percentile: bool) -> [String; 8] {
    let runner_up = component.runner_up.as_ref().map_or_else(
        || "none".to_owned(),
        |next| {
            let by = usd(&next.difference_usd_month);
            let sign = if by.starts_with('-') { "" } else { "+" };
            let open = if next.optimal { "" } else { " or less" };
            format!("{sign}{by}{open} {}", next.provider)
        },
    );
    let form = if component.form == "packaged" { " (self-run)" } else { "" };
    [
        component.name.clone(),
        format!("{}{form}{}", component.offer, shared_with(component)),
        component.count.to_string(),
        bought(component),
        format!("{}:{}", component.provider, component.region),
        cost(&component.usd_month, component.usage_based),
        component.latency.as_ref().map(|path| against_bound(path, tell_percentile)).unwrap_or_default(),
        runner_up,
    ]
}

/// Who else runs on the machine: `, with api and worker`.
fn shared_with(component: &Component) -> String {
    let names = &component.shares_machine_with;
    if names.is_empty() { String::new() } else { format!(", with {}", names.join(", ")) }
}

/// How it is bought: `on_demand`, or of a mixed purchase `2 reserved_1y + 3 spot`.
fn bought(component: &Component) -> String {
    if component.above_base.is_empty() {
        return component.purchase.clone();
    }
    let above: u32 = component.above_base.iter().map(|above| above.count).sum();
    let base = (component.count.saturating_sub(above), component.purchase.as_str());
    let parts = component.above_base.iter().map(|above| (above.count, above.purchase.as_str()));
    let parts = std::iter::once(base).chain(parts).filter(|(count, _)| *count > 0);
    parts.map(|(count, purchase)| format!("{count} {purchase}")).collect::<Vec<_>>().join(" + ")
}

/// The percentile by which every component's path is judged, when it is the same for all.
fn common_percentile(report: &Report) -> Option<&str> {
    let mut all = report.components.iter().filter_map(|component| component.latency.as_ref());
    let first = all.next()?.percentile.as_str();
    all.all(|path| path.percentile == first).then_some(first)
}

/// `182/250 ms` or `p95 182/250 ms`; the table of paths has the exact figures.
fn against_bound(path: &Path, tell_percentile: bool) -> String {
    let of = path.bound_ms.map(|bound| format!("/{bound:.0}")).unwrap_or_default();
    let percentile = if tell_percentile { format!("{} ", path.percentile) } else { String::new() };
    format!("{percentile}{:.0}{of} ms", path.latency_ms)
}

fn paths(report: &Report, look: Look) -> String {
    use Side::{Left, Right};
    if report.paths.is_empty() {
        return String::new();
    }
    let headings = [("PATH", Left), ("AUDIENCE", Left), ("", Left), ("LATENCY", Right), ("BOUND", Right)];
    let mut grid = Grid::new(look, &headings);
    for path in &report.paths {
        grid.row([
            path.name.clone(),
            path.audience.clone(),
            path.percentile.clone(),
            format!("{} ms", path.latency_ms),
            path.bound_ms.map_or_else(|| "none".to_owned(), |bound| format!("{bound} ms")),
        ]);
    }
    format!("{}{}", look.title("Latency"), grid.render())
}

fn is_transfer(line: &Line) -> bool {
    line.item.starts_with("transfer_") || line.item.starts_with("egress")
}

fn charges(report: &Report, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    let headings = [
        ("FOR", Left),
        ("ITEM", Left),
        ("DETAIL", Wrapped),
        ("QUANTITY", Right),
        ("UNIT", Left),
        ("PRICE", Right),
        ("$/MONTH", Right),
        ("QUALITY", Left),
    ];
    let mut grid = Grid::new(look, &headings);
    for line in report.lines.iter().filter(|line| !is_transfer(line)) {
        let place =
            if line.component.is_none() { format!(" in {}:{}", line.provider, line.region) } else { String::new() };
        grid.row([
            line.component.clone().unwrap_or_else(|| "(shared)".to_owned()),
            words(&line.item),
            format!("{}{place}{}", line.detail, if line.capped { ", monthly cap" } else { "" }),
            amount(&line.quantity),
            unit(&line.unit).to_owned(),
            unit_usd(&line.unit_usd),
            cost(&line.usd_month, line.usage_based),
            quality(&line.quality, line.uncertainty_pct),
        ]);
    }
    let total = sum(report.lines.iter().filter(|line| !is_transfer(line)).map(|line| line.usd_month.as_str()));
    let mut last = vec![String::new(); 8];
    "total".clone_into(&mut last[0]);
    last[6] = total.to_string();
    grid.strong_row(last);
    format!("{}{}", look.title("Charges"), grid.render())
}

/// A unit as people abbreviate it.
fn unit(name: &str) -> &str {
    match name {
        "gb" => "GB",
        "gb_month" => "GB-month",
        "vcpu_hour" => "vCPU-h",
        "gib_hour" => "GiB-h",
        "million_requests" => "M req",
        "operator_hour" => "op. hour",
        other => other,
    }
}

/// `public_ipv4` as people read it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn quality(quality: &str, uncertainty_pct: u8) -> String {
    if uncertainty_pct == 0 { quality.to_owned() } else { format!("{quality} ±{uncertainty_pct}%") }
}

fn transfers(report: &Report, look: Look) -> String {
    use Side::{Left, Right};
    if report.transfers.is_empty() {
        return String::new();
    }
    let headings =
        [("FROM", Left), ("TO", Left), ("GB/MONTH", Right), ("TIER", Left), ("$/GB", Right), ("$/MONTH", Right)];
    let mut grid = Grid::new(look, &headings);
    for transfer in &report.transfers {
        grid.row([
            transfer.from.clone(),
            transfer.to.clone(),
            amount(&transfer.gb),
            transfer.tier.clone(),
            unit_usd(&transfer.unit_usd),
            cost(&transfer.usd_month, true),
        ]);
    }
    let total = sum(report.transfers.iter().map(|transfer| transfer.usd_month.as_str()));
    let mut last = vec![String::new(); 6];
    "total".clone_into(&mut last[0]);
    last[5] = format!("~{total}");
    grid.strong_row(last);
    format!("{}{}", look.title("Data movement"), grid.render())
}

fn sum<'a>(decimals: impl Iterator<Item = &'a str>) -> Money {
    decimals.filter_map(|decimal| Money::parse(decimal).ok()).sum()
}

fn baselines(report: &Report, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    if report.baselines.is_empty() {
        return String::new();
    }
    let headings = [("INSTEAD", Left), ("$/MONTH", Right), ("SAVED", Right), ("", Right), ("REMARKS", Wrapped)];
    let mut grid = Grid::new(look, &headings);
    for baseline in &report.baselines {
        let total = baseline.total_usd_month.as_deref().map_or_else(|| "none".to_owned(), usd);
        let saving = baseline.saving_usd_month.as_deref().map(usd).unwrap_or_default();
        let pct = baseline.saving_pct.map(|pct| format!("{pct:.1}%")).unwrap_or_default();
        grid.row([baseline_name(baseline), total, saving, pct, remarks(baseline)]);
    }
    format!("{}{}", look.title("Compared with"), grid.render())
}

fn baseline_name(baseline: &Baseline) -> String {
    match (baseline.name.as_str(), &baseline.provider) {
        ("today", _) => "as it is today".to_owned(),
        ("cheapest_single_provider", Some(provider)) => format!("all at {provider}"),
        ("cheapest_single_provider", None) => "all at one provider".to_owned(),
        ("per_component_greedy", _) => "each component by itself".to_owned(),
        (other, _) => words(other),
    }
}

fn remarks(baseline: &Baseline) -> String {
    let mut parts = Vec::new();
    if let Some((first, rest)) = baseline.breaks.split_first() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        parts.push(format!("not allowed: {first}{more}"));
    }
    parts.extend(baseline.note.clone());
    parts.join("; ")
}

fn months_and_quality(report: &Report, look: Look) -> String {
    let mut text = look.title("How sure");
    if let Some(bills) = &report.bills {
        let month = |bill: &Option<String>| bill.as_deref().map_or_else(|| "not possible".to_owned(), usd);
        text += &look.bullet(&format!(
            "a quiet month costs {}, a typical one {}, the busiest {}",
            month(&bills.low_usd_month),
            usd(&bills.typical_usd_month),
            month(&bills.high_usd_month)
        ));
    }
    let shares = report.quality.iter().filter(|share| share.pct > 0.0).map(|share| {
        let uncertain =
            if share.uncertainty_pct > 0.0 { format!(", ±{:.0}%", share.uncertainty_pct) } else { String::new() };
        format!("{:.1}% on {} prices ({}{uncertain})", share.pct, share.quality, usd(&share.usd_month))
    });
    text += &look.bullet(&format!("the bill rests {}", shares.collect::<Vec<_>>().join(", ")));
    if let Some(note) = report.objective.as_ref().and_then(|objective| objective.note.as_ref()) {
        text += &look.bullet(&format!("optimised: {note}"));
    }
    text
}

fn excluded(report: &Report, look: Look) -> String {
    let not_in_bill: Vec<&str> =
        report.excluded.iter().filter(|x| x.scope == "bill").map(|x| x.reason.as_str()).collect();
    let mut text = look.title("Not in the bill");
    text += &look.bullet(&not_in_bill.join("; "));
    let reasons = offers_left_out(report);
    if !reasons.is_empty() {
        text += &look.title("Offers left out, over all components");
        text.extend(reasons.iter().take(REASONS_SHOWN).map(|(reason, offers)| {
            let times = if *offers == 1 { "time" } else { "times" };
            look.bullet(&format!("{} {times}: {reason}", amount(&offers.to_string())))
        }));
        if reasons.len() > REASONS_SHOWN {
            let more = reasons.len() - REASONS_SHOWN;
            text += &look.bullet(&format!("and for {more} more reasons; --format json lists all, by component"));
        }
    }
    text
}

/// Reasons over all components, the most frequent first.
fn offers_left_out(report: &Report) -> Vec<(&str, u64)> {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in report.excluded.iter().filter(|entry| entry.scope == "offers") {
        *by_reason.entry(&entry.reason).or_default() += entry.offers.unwrap_or(0);
    }
    let mut reasons: Vec<(&str, u64)> = by_reason.into_iter().collect();
    reasons.sort_by_key(|(reason, offers)| (std::cmp::Reverse(*offers), *reason));
    reasons
}

/// Why there is no placement, in plain words.
#[must_use]
pub fn conflict(report: &Report, conflict: &Conflict) -> String {
    let mut text = String::new();
    match conflict.requirements.as_slice() {
        [] => {
            let _ = writeln!(text, "{}: nothing on sale fits, even without any of its requirements", report.app);
        }
        [_] => {
            let _ = writeln!(text, "{}: this requirement cannot be met:", report.app);
        }
        _ => {
            let _ = writeln!(text, "{}: these requirements cannot be met together:", report.app);
        }
    }
    for requirement in &conflict.requirements {
        let _ = writeln!(text, "  - {}", requirement.text);
        if let Some(need) = &requirement.would_need {
            let _ = writeln!(text, "      with the others kept, possible from {need}");
        } else if let Some(total) = &requirement.total_without_usd_month {
            let _ = writeln!(text, "      without it, possible at {} a month", usd(total));
        }
    }
    if !conflict.irreducible {
        text += "  (some of these may not be needed for the contradiction)\n";
    }
    for bare in &conflict.without_offer {
        let _ = writeln!(text, "nothing on sale fits component `{}`:", bare.component);
        for Excluded { reason, offers, .. } in &bare.reasons {
            let _ = writeln!(text, "  - {} offers: {reason}", amount(&offers.unwrap_or(0).to_string()));
        }
    }
    text
}
