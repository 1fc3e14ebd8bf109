//! Reasons: flip prices hold on both sides, against brute force on random problems and against a changed price book.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "the solver's tests use the rest of it")]
mod support;

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use placer::problem::{Assignment, LineItem, Problem, check, score};
use placer::report::explain::wire::{Explanation, Flip as WireFlip, WhyNot};
use placer::report::explain::{Dial, Direction, FOLLOWED_TIMES, Flip, Gives, Knob, find_flip};
use placer::report::frontier::trace;
use placer::solve::{Limits, Status, solve};
use placer::units::Money;
use proptest::prelude::*;
use small_book::SHOP;
use std::fs;
use support::{Features, Random, small};

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// The problem with a price moved, by code of its own.
fn turned(problem: &Problem, knob: &Knob, to: i64) -> Problem {
    let mut turned = problem.clone();
    let to = Money::from_nanos(to);
    match &knob.dial {
        Dial::Offer { place, item, .. } => {
            for choice in turned.components.iter_mut().flat_map(|c| &mut c.choices).filter(|c| c.place == *place) {
                for charge in choice.charges.iter_mut().filter(|x| x.item == *item && x.price.usd == knob.now) {
                    charge.price.usd = to;
                }
                choice.cost = choice.charges.iter().map(placer::problem::Charge::cost).sum();
            }
        }
        Dial::Egress { provider, from } => {
            for ladder in
                std::sync::Arc::make_mut(&mut turned.ladders).iter_mut().filter(|ladder| ladder.meter == *provider)
            {
                for step in ladder.steps.iter_mut().filter(|s| s.from == *from && s.price.usd == knob.now) {
                    step.price.usd = to;
                }
            }
        }
        Dial::Flat { provider, zones } => {
            let places = turned.places.len();
            let mut routes: Vec<placer::problem::Route> = turned.routes.iter().collect();
            for (at, route) in routes.iter_mut().enumerate() {
                let same = at / places == at % places;
                if let placer::problem::Route::Flat(price) = route
                    && turned.places[at / places].provider == *provider
                    && same == *zones
                    && price.usd == knob.now
                {
                    price.usd = to;
                }
            }
            turned.routes = routes.into();
        }
        Dial::Shared { place, .. } => {
            for shared in std::sync::Arc::make_mut(&mut turned.shared)
                .iter_mut()
                .filter(|s| s.place == *place && s.charge.price.usd == knob.now)
            {
                shared.charge.price.usd = to;
            }
        }
        Dial::Charge { .. } => panic!("random problems have no such charges"),
    }
    turned
}

/// The least objective over all assignments, and over those that keep a component's choice.
fn brute(problem: &Problem, component: usize, choice: usize) -> (Option<i128>, Option<i128>) {
    let (mut all, mut kept): (Option<i128>, Option<i128>) = (None, None);
    let mut assignment: Assignment = vec![0; problem.components.len()];
    loop {
        if check(problem, &assignment).is_empty()
            && let Some(bill) = score(problem, &assignment)
        {
            let value = bill.objective;
            all = Some(all.map_or(value, |best| best.min(value)));
            if assignment[component] == choice {
                kept = Some(kept.map_or(value, |best| best.min(value)));
            }
        }
        let Some(next) = (0..assignment.len()).find(|&c| assignment[c] + 1 < problem.components[c].choices.len())
        else {
            return (all, kept);
        };
        assignment[next] += 1;
        assignment[..next].fill(0);
    }
}

fn assert_flips(problem: &Problem, knob: &Knob, direction: Direction, answer: &Assignment, component: usize) {
    let flip = find_flip(problem, (knob, direction), answer, Gives::Component(component), &Limits::default());
    let at = |price: i64| brute(&turned(problem, knob, price), component, answer[component]);
    let step = if direction == Direction::Rises { 1 } else { -1 };
    let stays = |price: i64| {
        let (all, kept) = at(price);
        assert_eq!(all, kept, "{knob:?} at {price} ({direction:?}): the choice is still part of a best answer");
    };
    match flip.expect("no internal error") {
        Flip::Never => {
            stays(if direction == Direction::Rises { knob.now.nanos() * FOLLOWED_TIMES } else { 0 });
        }
        Flip::At { holds, total, .. } => {
            stays(holds.nanos());
            stays(i64::midpoint(holds.nanos(), knob.now.nanos()));
            let (all, kept) = at(holds.nanos() + step);
            assert!(kept.is_none_or(|kept| all.is_some_and(|all| all < kept)), "{knob:?} gives way at {holds:?}");
            assert_eq!(total.is_some(), all.is_some());
        }
        Flip::Open => panic!("a small problem is within the limits"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// The price at which a choice gives way is exact: by brute force it is part of a best answer up to there, and of
    /// none a nano-dollar beyond.
    #[test]
    fn flip_prices_are_exact(seed in any::<u64>(), bits in 0_u16..64) {
        // Without budgets: with them a price can make everything impossible, which is tested on its own.
        let problem = small(seed, 3, 4, 4, Features::from_bits(bits));
        let solution = solve(&problem, &Limits::default());
        if solution.status != Status::Optimal {
            return Ok(());
        }
        let bill = score(&problem, &solution.assignment).expect("an optimal answer has a bill");
        let picked = problem.picked(&solution.assignment);
        let r = &mut Random(seed);
        for knob in Knob::all(&problem, &picked, &bill).iter().take(3) {
            let component = r.below(problem.components.len());
            assert_flips(&problem, knob, Direction::Rises, &solution.assignment, component);
        }
        let component = r.below(problem.components.len());
        let choices = &problem.components[component].choices;
        let rival = &choices[r.below(choices.len())];
        if let Some(knob) = Knob::of_offer(rival).filter(|knob| knob.now > Money::ZERO) {
            assert_flips(&problem, &knob, Direction::Falls, &solution.assignment, component);
        }
    }
}

/// All pairs (latency, bill) that nothing beats, by trying everything.
fn pareto(problem: &Problem, measured: &[usize]) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = Vec::new();
    let mut assignment: Assignment = vec![0; problem.components.len()];
    loop {
        if check(problem, &assignment).is_empty()
            && let Some(bill) = score(problem, &assignment)
        {
            let latency = measured.iter().map(|&at| bill.path_latency_us[at]).max().expect("a path is measured");
            all.push((bill.total.nanos(), latency));
        }
        let Some(next) = (0..assignment.len()).find(|&c| assignment[c] + 1 < problem.components[c].choices.len())
        else {
            break;
        };
        assignment[next] += 1;
        assignment[..next].fill(0);
    }
    all.sort_unstable();
    let mut points: Vec<(i64, i64)> = Vec::new();
    for (total, latency) in all {
        if points.last().is_none_or(|last| latency < last.1) {
            points.push((total, latency));
        }
    }
    points
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// The frontier has every point that brute force finds, and no other.
    #[test]
    fn the_frontier_is_complete(seed in any::<u64>(), bits in 0_u16..32, one in any::<bool>()) {
        let mut problem = small(seed, 4, 5, 4, Features { paths: true, ..Features::from_bits(bits) });
        let measured: Vec<usize> = if one { vec![0] } else { (0..problem.paths.len()).collect() };
        for &at in &measured {
            problem.paths[at].bound = None;
        }
        let (found, complete) = trace(&problem, &measured, &Limits::default(), 10_000).expect("no internal error");
        prop_assert!(complete);
        let found: Vec<(i64, i64)> =
            found.iter().map(|point| (point.bill.total.nanos(), point.latency.micros())).collect();
        prop_assert_eq!(found, pareto(&problem, &measured));
    }
}

#[test]
fn the_frontier_as_table_json_and_pictures() {
    let run = |args: &[&str]| {
        let args: Vec<&str> = ["frontier", "app.toml"].iter().chain(args).copied().collect();
        let (out, err, code) = placer(&small_book::sealed(), SHOP, &args);
        assert_eq!((err.as_str(), code), ("", 0));
        out
    };
    insta::assert_snapshot!("frontier_table", run(&[]));
    let json: placer::report::frontier::wire::Frontier =
        serde_json::from_str(&run(&["--format", "json", "--path", "open a page"])).expect("the canonical form");
    assert!(json.complete && json.points.len() > 1, "{json:?}");
    assert_eq!(json.points.iter().filter(|point| point.cheapest_allowed).count(), 1);
    let recommended = explain(SHOP, &["--component", "db"]).total_usd_month;
    let allowed = json.points.iter().find(|point| point.cheapest_allowed).expect("one is allowed");
    assert_eq!(Some(allowed.total_usd_month.clone()), recommended);
    let svg = run(&["--format", "svg"]);
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert_eq!(svg.matches("<circle").count(), json.points.len(), "a dot for every point");
    let html = run(&["--format", "html"]);
    assert!(html.contains("<svg") && !html.contains("http-equiv") && !html.contains("<script"), "self-contained");
    let (_, err, code) = placer(&small_book::sealed(), SHOP, &["frontier", "app.toml", "--path", "open page"]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean `open a page`?"), "{err}");
}

#[test]
fn every_price_of_a_bill_is_a_knob_or_free() {
    let problem = small(7, 4, 4, 4, Features::from_bits(0b1001));
    let solution = solve(&problem, &Limits::default());
    let picked = problem.picked(&solution.assignment);
    let bill = score(&problem, &solution.assignment).expect("a bill");
    for line in bill.lines.iter().filter(|line| line.cost > Money::ZERO) {
        assert!(Knob::of_line(&problem, &picked, line).is_some() || line.item == LineItem::EgressIncluded, "{line:?}");
    }
}

/// Runs placer in a folder with a book and an application.
fn placer(book: &[u8], app: &str, args: &[&str]) -> (String, String, i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.toml"), app).expect("the application is written");
    fs::write(folder.path().join("book"), book).expect("the book is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    command.current_dir(folder.path()).args(args).args(["--price-book", "book"]);
    let output = command.output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

fn explain(app: &str, args: &[&str]) -> Explanation {
    let args: Vec<&str> = ["explain", "app.toml", "--format", "json"].iter().chain(args).copied().collect();
    let (out, err, code) = placer(&small_book::sealed(), app, &args);
    assert!(code == 0 || code == 3, "{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// `name -> provider:region offer` of every component that `recommend` picks with an edited book.
fn recommended(edit: (&str, &str, &str)) -> Vec<(String, String)> {
    let book = small_book::sealed_with(&[edit]);
    let (out, err, _) = placer(&book, SHOP, &["recommend", "app.toml", "--format", "json"]);
    let report: placer::report::wire::Report = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {err}"));
    let named = report.components.into_iter().map(|c| (c.name, format!("{}:{} {}", c.provider, c.region, c.offer)));
    named.collect()
}

fn nanos(decimal: &str) -> i64 {
    Money::parse(decimal).expect("a price").nanos()
}

fn decimal(nanos: i64) -> String {
    Money::from_nanos(nanos).to_decimal()
}

/// A nano-dollar before the stated flip price the answer is the same (at it, two may cost the same), a nano-dollar after
/// it is what the explanation says.
fn assert_flips_in_the_book(flip: &WireFlip, edit: &dyn Fn(&str) -> (&'static str, String, String)) {
    assert_eq!(flip.outcome, "flips", "{flip:?}");
    let holds = nanos(flip.holds_until_usd.as_ref().expect("a price"));
    let step = if flip.direction == "rises" { 1 } else { -1 };
    let with = |price: i64| {
        let (file, from, to) = edit(&decimal(price));
        recommended((file, &from, &to))
    };
    let (before, after) = (with(holds - step), with(holds + step));
    for moved in &flip.moved {
        let name = |c: &placer::report::wire::BaselineComponent| format!("{}:{} {}", c.provider, c.region, c.offer);
        assert!(before.contains(&(moved.from.name.clone(), name(&moved.from))), "{before:?} {flip:?}");
        assert!(after.contains(&(moved.to.name.clone(), name(&moved.to))), "{after:?} {flip:?}");
    }
    assert!(!flip.moved.is_empty());
}

#[test]
fn flip_prices_hold_in_a_changed_price_book() {
    let all = explain(SHOP, &[]);
    let component = |name: &str| all.components.iter().find(|c| c.chosen.name == name).expect("the component");
    let machine = component("web").stays.as_ref().expect("web runs on machines");
    assert_eq!((machine.offer.as_deref(), machine.unit.as_str()), (Some("p2"), "month"), "{machine:?}");
    // The cap is what is paid; the hourly price moves in proportion, rounded up.
    assert_flips_in_the_book(machine, &|cap| {
        let hourly = (8_000_000 * i128::from(nanos(cap)) + 4_999_999_999) / 5_000_000_000;
        let hourly = decimal(i64::try_from(hourly).expect("a price"));
        ("compute/plain.csv", "nbg,p2,0.008,,,,5,".into(), format!("nbg,p2,{hourly},,,,{cap},"))
    });
    let tier = component("db").stays.as_ref().expect("the database is a tier");
    assert_eq!(tier.offer.as_deref(), Some("Second DB pg-2"));
    assert_flips_in_the_book(tier, &|usd| ("managed/second.csv", "month,60,".into(), format!("month,{usd},")));
    let egress =
        all.prices.iter().find(|flip| flip.price == "second egress").expect("the database answers over the internet");
    assert_flips_in_the_book(egress, &|usd| {
        ("egress.csv", "second,par,*,0,0,0.01,".into(), format!("second,par,*,0,0,{usd},"))
    });
    let rival = component("db").rivals.iter().find(|rival| rival.choice.region == "eu-1").expect("a rival");
    let falls = rival.takes_over.as_ref().expect("it is followed");
    assert_flips_in_the_book(falls, &|usd| {
        ("managed/grand.csv", "2,8192,0,hour,0.15,".into(), format!("2,8192,0,hour,{usd},"))
    });
}

fn why_not(app: &str, args: &[&str]) -> WhyNot {
    let mut all = explain(app, args).why_not;
    assert_eq!(all.len(), 1, "one component is asked about");
    all.swap_remove(0)
}

#[test]
fn why_not_is_answered_by_what_forbids_it_or_by_what_it_costs() {
    let dearer = why_not(SHOP, &["--component", "db", "--why-not", "grand:eu-1"]);
    assert_eq!(dearer.verdict, "dearer");
    let sum: Money = dearer.differences.iter().map(|d| Money::parse(&d.difference_usd_month).expect("money")).sum();
    assert_eq!(Some(sum.to_decimal()), dearer.difference_usd_month, "the lines add up to the difference");
    assert!(dearer.optimal && dearer.takes_over.is_some());
    let chosen = why_not(SHOP, &["--component", "db", "--why-not", "second"]);
    assert_eq!(chosen.verdict, "chosen");
    let tight = SHOP.replace("p95_ms = 120", "p95_ms = 60");
    let far = why_not(&tight, &["--component", "db", "--why-not", "grand:us-1"]);
    assert_eq!(far.verdict, "forbidden", "the path takes too long: {far:?}");
    let conflict = far.conflict.expect("a conflict");
    assert!(conflict.requirements.iter().any(|r| r.kind == "path" && r.would_need.is_some()), "{conflict:?}");
    let small = why_not(SHOP, &["--component", "web", "--why-not", "g1.small@grand:eu-1"]);
    assert_eq!((small.verdict.as_str(), small.reasons[0].reason.as_str()), ("excluded", "too small"));
    let rule = format!("{SHOP}\n[constraints]\ncountries = {{ allow = [\"DE\"] }}\n");
    let abroad = why_not(&rule, &["--component", "db", "--why-not", "second:par"]);
    assert_eq!(abroad.verdict, "excluded");
    assert_eq!(abroad.rules, ["everything only in countries DE"]);
}

#[test]
fn requirements_have_a_price_and_a_nearest_relaxation() {
    // In Germany alone the shop costs more than with a database in Paris.
    let app = format!("{SHOP}\n[constraints]\ncountries = {{ allow = [\"DE\"] }}\n");
    let all = explain(&app, &["--component", "db"]);
    let residency = all.requirements.iter().find(|r| r.kind == "place").expect("the rule");
    assert!(residency.binds && residency.optimal);
    assert_eq!(residency.next_value.as_deref(), Some("also allow FR"));
    let free = explain(SHOP, &["--component", "db"]);
    assert_eq!(residency.total_without_usd_month, free.total_usd_month);
    let costs = |r: &placer::report::explain::wire::Requirement| r.costs_usd_month.clone();
    let path = free.requirements.iter().find(|r| r.kind == "path").expect("the bound");
    assert!(!path.binds && costs(path).as_deref() == Some("0.00"), "{path:?}");
}

#[test]
fn a_path_bound_has_a_price_and_the_next_bound_is_exact() {
    let tight = SHOP.replace("p95_ms = 120", "p95_ms = 60");
    let all = explain(&tight, &[]);
    let path = all.requirements.iter().find(|r| r.kind == "path").expect("the bound");
    assert!(path.binds, "a tighter bound costs something: {path:?}");
    let next = path.next_value.as_ref().expect("a looser bound helps");
    let next_ms: f64 = next.split(' ').next().and_then(|ms| ms.parse().ok()).expect("milliseconds");
    let at = |ms: f64| {
        explain(&SHOP.replace("p95_ms = 120", &format!("p95_ms = {ms}")), &["--component", "db"]).total_usd_month
    };
    assert_eq!(at(next_ms), path.next_total_usd_month, "at the stated bound the bill is the stated one");
    assert_eq!(at(next_ms - 0.001), all.total_usd_month, "a microsecond less changes nothing");
}

#[test]
fn the_text_of_an_explanation() {
    let run = |args: &[&str]| {
        let args: Vec<&str> = ["explain", "app.toml"].iter().chain(args).copied().collect();
        let (out, err, code) = placer(&small_book::sealed(), SHOP, &args);
        assert_eq!((err.as_str(), code), ("", 0));
        out
    };
    assert!(run(&[]).lines().all(|line| line.chars().count() <= 120), "lines fit a terminal of 120 columns");
    insta::assert_snapshot!("explain_all", run(&[]));
    insta::assert_snapshot!("explain_why_not", run(&["--why-not", "grand:eu-1"]));
    assert!(run(&["--format", "markdown"]).contains("### db"));
}

#[test]
fn unknown_names_are_answered_with_the_nearest_one() {
    let refused = |args: &[&str]| {
        let args: Vec<&str> = ["explain", "app.toml"].iter().chain(args).copied().collect();
        let (out, err, code) = placer(&small_book::sealed(), SHOP, &args);
        assert_eq!((out.as_str(), code), ("", 2), "{err}");
        err
    };
    assert!(refused(&["--component", "wbe"]).contains("did you mean `web`?"));
    assert!(refused(&["--why-not", "grand:eu-2"]).contains("did you mean `eu-1`?"));
    assert!(refused(&["--why-not", "grant:eu-1"]).contains("did you mean `grand`?"));
    assert!(refused(&["--why-not", "g1.larg"]).contains("did you mean `g1.large`?"));
    assert!(refused(&["--why-not", "g1.larg@grand"]).contains("did you mean `g1.large`?"));
}

#[test]
fn an_infeasible_application_is_answered_with_its_conflict() {
    let app = SHOP.replace("p95_ms = 120", "p95_ms = 2");
    let all = explain(&app, &[]);
    assert_eq!(all.total_usd_month, None);
    assert!(all.conflict.is_some_and(|conflict| conflict.irreducible && !conflict.requirements.is_empty()));
}
