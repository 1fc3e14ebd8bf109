//! The report as people and scripts get it, on a small price book that never moves.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use placer::report::wire::{Action, Component, Report, Status};
use placer::units::{Money, Quantity};
use small_book::{SHOP, SHOP_TODAY};
use std::fs;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// Runs `placer recommend` on an application, and gives standard output, standard error and the exit code.
fn recommend(app: &str, format: &str) -> (String, String, i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.toml"), app).expect("the application is written");
    fs::write(folder.path().join("book"), small_book::sealed()).expect("the book is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    command.current_dir(folder.path()).env_remove("NO_COLOR");
    let output = command.args(["recommend", "app.toml", "--price-book", "book", "--format", format]).output();
    let output = output.expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

fn report(app: &str) -> Report {
    let (out, err, code) = recommend(app, "json");
    assert!(code == 0 || code == 3, "{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn money(decimal: &str) -> Money {
    Money::parse(decimal).unwrap_or_else(|error| panic!("{decimal}: {error}"))
}

fn sum<'a>(decimals: impl IntoIterator<Item = &'a String>) -> Money {
    decimals.into_iter().map(|decimal| money(decimal)).sum()
}

/// What holds for every report with a placement.
fn assert_adds_up(report: &Report) {
    let total = money(report.total_usd_month.as_ref().expect("there is a total"));
    assert_eq!(sum(report.lines.iter().map(|line| &line.usd_month)), total, "the lines add up to the total");
    for component in &report.components {
        let own = || report.lines.iter().filter(|line| line.component.as_ref() == Some(&component.name));
        assert_eq!(sum(own().map(|line| &line.usd_month)), money(&component.usd_month), "{}", component.name);
    }
    let shared = report.lines.iter().filter(|line| line.component.is_none());
    let parts = sum(report.components.iter().map(|component| &component.usd_month));
    assert_eq!(parts + sum(shared.map(|line| &line.usd_month)), total, "components and shared lines add up");
    let moved = sum(report.transfers.iter().map(|transfer| &transfer.usd_month));
    assert_eq!(moved, sum(report.components.iter().map(|component| &component.transfer_usd_month)));
    assert_eq!(sum(report.quality.iter().map(|share| &share.usd_month)), total, "the shares add up");
    if let Some(bound) = &report.lower_bound_usd_month {
        assert!(money(bound) <= total);
        let by_cost = report.objective.as_ref().is_some_and(|objective| objective.kind == "cost");
        assert!(report.status != Status::Optimal || !by_cost || money(bound) == total, "optimal: the bound is met");
    }
    for line in &report.lines {
        assert!(!line.source.is_empty(), "every line says where its price is from: {line:?}");
        assert!(Quantity::parse(&line.quantity).is_ok_and(|quantity| quantity > Quantity::ZERO), "{line:?}");
    }
    for component in &report.components {
        let Some(next) = &component.runner_up else { continue };
        assert_ne!(next.provider, component.provider);
        assert_eq!(money(&next.total_usd_month) - total, money(&next.difference_usd_month));
    }
    for baseline in &report.baselines {
        let Some(bill) = &baseline.total_usd_month else { continue };
        let saving = baseline.saving_usd_month.as_ref().expect("a bill has a saving");
        assert_eq!(money(bill) - total, money(saving));
        // With another objective than cost, something may well be cheaper.
        let by_cost = report.objective.as_ref().is_some_and(|objective| objective.kind == "cost");
        let proven = report.status == Status::Optimal && by_cost;
        assert!(!baseline.valid || !proven || money(bill) >= total, "{baseline:?}");
    }
}

#[test]
fn the_table_is_what_a_finops_engineer_signs() {
    let (out, err, code) = recommend(&format!("{SHOP}{SHOP_TODAY}"), "table");
    assert_eq!((err.as_str(), code), ("", 0));
    assert!(out.lines().all(|line| line.chars().count() <= 120), "lines fit a terminal of 120 columns");
    assert!(!out.contains('\u{1b}'), "no colours where there is no terminal");
    insta::assert_snapshot!(out);
}

#[test]
fn the_json_form_is_canonical() {
    let (out, err, code) = recommend(&format!("{SHOP}{SHOP_TODAY}"), "json");
    assert_eq!((err.as_str(), code), ("", 0));
    insta::assert_snapshot!(out);
    let again = recommend(&format!("{SHOP}{SHOP_TODAY}"), "json").0;
    assert_eq!(out, again, "the same input gives the same bytes");
}

#[test]
fn the_markdown_form_has_tables() {
    let (out, _, code) = recommend(SHOP, "markdown");
    assert_eq!(code, 0);
    assert!(out.contains("| COMPONENT") && out.contains("### Data movement"), "{out}");
}

#[test]
fn every_report_adds_up() {
    let placed = format!("{SHOP}{SHOP_TODAY}");
    let aim = |word: &str| format!("{SHOP}usd_per_ms = 0.5\n{SHOP_TODAY}\n[objective]\nminimize = \"{word}\"\n");
    let spread = SHOP.replace("replicas = { min = 1, typical = 2, max = 3 }", "replicas = 2\nspread = \"providers\"");
    for app in [SHOP.to_owned(), placed, spread, aim("cost_and_latency")] {
        let report = report(&app);
        assert_ne!(report.status, Status::Infeasible, "{:?}", report.conflict);
        assert_adds_up(&report);
    }
}

#[test]
fn other_objectives_say_what_their_bound_is_on() {
    let report = report(&format!("{SHOP}\n[objective]\nminimize = \"latency\"\n"));
    assert_adds_up(&report);
    // The bound on the bill is what the cheapest placement within the bounds costs, however slow.
    let cheapest = self::report(SHOP).total_usd_month;
    assert_eq!(report.lower_bound_usd_month, cheapest);
    let objective = report.objective.expect("there is a placement");
    assert_eq!((objective.kind.as_str(), objective.unit.as_str()), ("latency", "ms"));
    assert_eq!(objective.value, objective.lower_bound);
    assert!((objective.value.parse::<f64>().expect("a number") - report.paths[0].latency_ms).abs() < 0.1);
}

#[test]
fn a_move_is_recommended_with_what_it_saves() {
    let report = report(&format!("{SHOP}{SHOP_TODAY}"));
    assert_eq!(report.decision.as_ref().map(|decision| decision.action), Some(Action::Move));
    let savings = report.savings.expect("today is known");
    assert!(money(&savings.usd_month) > Money::ZERO && savings.pct > 0.0);
    let names: Vec<&str> = report.baselines.iter().map(|baseline| baseline.name.as_str()).collect();
    assert_eq!(names, ["today", "cheapest_single_provider", "per_component_greedy"]);
}

#[test]
fn what_is_best_already_stays() {
    let best = report(SHOP);
    let today = |component: &Component| {
        let Component { name, provider, region, offer, .. } = component;
        format!(
            "\n[[today]]\ncomponent = \"{name}\"\nprovider = \"{provider}\"\nregion = \"{region}\"\noffer = \"{offer}\"\n"
        )
    };
    let app = format!("{SHOP}{}", best.components.iter().map(today).collect::<Vec<_>>().concat());
    let stay = report(&app);
    assert_eq!(stay.decision.map(|decision| decision.action), Some(Action::Stay));
    assert_eq!(stay.total_usd_month, best.total_usd_month);
    assert!(stay.components.iter().all(|component| component.today));
    let (table, _, _) = recommend(&app, "table");
    assert!(table.lines().next().is_some_and(|line| line.contains("stay as you are")), "{table}");
}

#[test]
fn todays_placement_is_priced_even_where_the_rules_refuse_it() {
    let rule = "\n[constraints]\nproviders = { deny = [\"grand\"] }\n";
    let report = report(&format!("{SHOP}{SHOP_TODAY}{rule}"));
    let today = &report.baselines[0];
    assert_eq!(today.name, "today");
    assert!(today.total_usd_month.is_some() && !today.valid && !today.breaks.is_empty(), "{today:?}");
    assert_eq!(report.decision.as_ref().map(|decision| decision.action), Some(Action::Move));
    assert!(report.savings.is_some());
}

#[test]
fn a_conflict_is_told_in_plain_words() {
    let app = SHOP.replace("city = \"Berlin\"", "city = \"Sydney\"").replace("p95_ms = 120", "p95_ms = 20");
    let app = format!("{app}\n[constraints]\ncountries = {{ allow = [\"DE\"] }}\n");
    let (out, err, code) = recommend(&app, "table");
    assert_eq!(code, 3);
    assert!(out.starts_with("shop: no placement satisfies all requirements"), "{out}");
    insta::assert_snapshot!(err);
    let report = report(&app);
    assert_eq!((report.status, report.total_usd_month), (Status::Infeasible, None));
    assert!(report.conflict.is_some_and(|conflict| conflict.irreducible && !conflict.requirements.is_empty()));
}

#[test]
fn a_conflict_names_every_requirement_that_is_needed_for_it() {
    let rules = "\n[budget]\nusd_month = 100\n\n[constraints]\ncountries = { allow = [\"DE\"] }\n";
    let report = report(&format!("{SHOP}{rules}"));
    let conflict = report.conflict.expect("nothing in Germany costs so little");
    let texts: Vec<&str> = conflict.requirements.iter().map(|requirement| requirement.text.as_str()).collect();
    assert_eq!(texts, ["everything only in countries DE", "a budget of $100.00 a month"]);
    let without = |at: usize| conflict.requirements[at].total_without_usd_month.as_deref();
    assert_eq!((without(0), without(1)), (Some("84.00"), Some("140.50")));
}

/// Two services that may share a machine, and workers with a base.
const PACKED: &str = r#"version = 1
name = "packed"

[[audience]]
name = "germany"
city = "Berlin"

[[component]]
name = "web"
kind = "service"
image = "example/web:1"
cpu = 0.5
memory_gib = 1
users_gb_month = 50
run_on = ["machines"]
share_machine = "small"

[[component]]
name = "mail"
kind = "worker"
image = "example/mail:1"
cpu = 0.5
memory_gib = 1
disk_gb = 30
outbound_gb_month = 1
share_machine = "small"

[[component]]
name = "work"
kind = "worker"
image = "example/work:1"
cpu = 2
memory_gib = 8
replicas = { min = 2, typical = 5, max = 8 }
purchase = ["on_demand", "spot", "reserved_1y"]
mixed = { on_demand_above_base = 20 }
constraints.providers = { allow = ["grand"] }

[[link]]
from = "web"
to = "mail"
request_gb_month = 1
p95_ms = 10
"#;

#[test]
fn shared_machines_and_mixed_purchases_are_told() {
    let report = report(PACKED);
    assert_adds_up(&report);
    assert_eq!(report.components[0].shares_machine_with, ["mail"]);
    let above: Vec<(&str, u32)> =
        report.components[2].above_base.iter().map(|above| (above.purchase.as_str(), above.count)).collect();
    assert_eq!((report.components[2].purchase.as_str(), report.components[2].count), ("reserved_1y", 5));
    assert_eq!(above, [("on_demand", 1), ("spot", 2)]);
    insta::assert_snapshot!(recommend(PACKED, "table").0);
}
