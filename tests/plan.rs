//! Plans: the steps of any move, carried out and taken back on a model of two sides, and the command as people use it.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use placer::app::{self, App, Names};
use placer::plan::{
    Action, Check, Circumstances, Decision, Haul, Options, PastMove, Placement, Plan, Seat, Step, Undo, Verdict,
    carried, decide, digest, paid_for, plan, read, to_json,
};
use placer::policy::{Approval, Moves, Policy, Window};
use placer::problem::lower::{Options as Lowering, lower};
use placer::problem::{Form, Problem};
use placer::units::{Money, Purchase, Quantity};
use proptest::prelude::*;
use small_book::{SHOP, SHOP_TODAY};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

const KINDS: [&str; 6] = ["service", "postgres", "worker", "redis", "object_storage", "load_balancer"];

/// An application of `kinds` whose components call one another by `links`, in circles too.
fn app_of(kinds: &[usize], links: &[(usize, usize)]) -> App {
    let mut text =
        "version = 1\nname = \"any\"\n[[audience]]\nname = \"all\"\ncity = \"Berlin\"\nshare = 100\n".to_owned();
    for (c, kind) in kinds.iter().enumerate() {
        let kind = KINDS[*kind];
        let needs = match kind {
            "load_balancer" => String::new(),
            "object_storage" => "disk_gb = 40\n".to_owned(),
            "service" | "worker" => "image = \"any:1\"\ncpu = 1\nmemory_gib = 1\n".to_owned(),
            _ => format!("cpu = 1\nmemory_gib = 1\ndisk_gb = {}\n", 10 * (c + 1)),
        };
        let _ = write!(text, "[[component]]\nname = \"c{c}\"\nkind = \"{kind}\"\n{needs}");
    }
    let mut seen = Vec::new();
    for &(a, b) in links {
        let (a, b) = (a % kinds.len(), b % kinds.len());
        if a != b && !seen.contains(&(a, b)) && !seen.contains(&(b, a)) {
            let _ = write!(text, "[[link]]\nfrom = \"c{a}\"\nto = \"c{b}\"\nrequest_gb_month = 1\n");
            seen.push((a, b));
        }
    }
    let names = Names { cities: vec![("Berlin".into(), "DE".into())], ..Names::default() };
    app::parse(&text, "any.toml", &names).unwrap_or_else(|faults| panic!("{faults}\n{text}")).app
}

fn shop() -> (App, Problem) {
    let book = small_book::book();
    let city = |name: &str, country: &str| (name.to_owned(), country.to_owned());
    let names = Names { cities: vec![city("Berlin", "DE")], ..Names::default() };
    let app = app::parse(SHOP, "shop.toml", &names).unwrap_or_else(|faults| panic!("{faults}")).app;
    let problem = lower(&app, &book, &Policy::default(), &Lowering::default()).expect("the shop is lowered");
    (app, problem)
}

/// A seat of a component at one of three regions, as one of two offers.
fn seat(app: &App, component: usize, at: usize) -> Seat {
    let (provider, region) = [("grand", "eu-1"), ("grand", "us-1"), ("plain", "nbg")][at % 3];
    Seat {
        component: format!("c{component}"),
        kind: app.components[component].kind,
        provider: provider.into(),
        region: region.into(),
        offer: format!("size {}", at / 3),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: Some(Form::Machines),
        machine_of: None,
        usd_month: Some(Money::from_dollars(73)),
    }
}

/// Where each component is, by a number: 6 is nowhere.
fn placement(app: &App, at: &[usize]) -> Placement {
    let seats = at.iter().enumerate().filter(|(_, at)| **at < 6).map(|(c, at)| seat(app, c, *at)).collect();
    Placement { seats, usd_month: Some(Money::from_dollars(100)) }
}

/// Both sides of a component.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sides {
    old: Option<Seat>,
    new: Option<Seat>,
    ready: bool,
    copying: bool,
    same_data: bool,
    /// Percent of the traffic on the new side.
    weight: u8,
    drained: bool,
    kept: bool,
}

/// Carries a step out on the model, which refuses what would hurt.
fn carry_out(step: &Step, sides: &mut Sides) {
    match &step.action {
        Action::Provision(seat) => {
            assert_eq!(sides.new, None, "{}: made once", step.name);
            sides.new = Some(seat.clone());
        }
        Action::Verify => {
            assert!(sides.new.is_some());
            sides.ready = true;
        }
        Action::Copy(_) => {
            assert!(sides.ready && sides.old.is_some() && sides.weight == 0, "{}", step.name);
            sides.copying = true;
        }
        Action::VerifyData => {
            assert!(sides.copying);
            sides.same_data = true;
        }
        Action::Shift { percent } => {
            assert!(sides.ready, "{}: to something that answers", step.name);
            assert!(!sides.copying || sides.same_data, "{}: with verified data", step.name);
            assert!(*percent > sides.weight && *percent <= 100);
            sides.weight = *percent;
        }
        Action::Drain => {
            assert!(sides.new.is_none() || sides.weight == 100, "{}: after the last shift", step.name);
            sides.drained = true;
        }
        Action::Keep { .. } => {
            assert!(sides.drained);
            sides.kept = true;
        }
        Action::Retire(seat) => {
            assert!(sides.kept && sides.drained, "{}: kept before", step.name);
            assert_eq!(sides.old.as_ref(), Some(seat));
            sides.old = None;
        }
    }
}

fn take_back(step: &Step, sides: &mut Sides) {
    match (step.undo, &step.action) {
        (Undo::Nothing, Action::Verify) => sides.ready = false,
        (Undo::Nothing, Action::VerifyData) => sides.same_data = false,
        (Undo::Nothing, Action::Keep { .. }) => sides.kept = false,
        (Undo::RetireNew, Action::Provision(_)) => sides.new = None,
        (Undo::StopCopy, Action::Copy(_)) => sides.copying = false,
        (Undo::ShiftBack { percent }, Action::Shift { .. }) => sides.weight = percent,
        (Undo::Resume, Action::Drain) => sides.drained = false,
        (undo, action) => panic!("{undo:?} does not undo {action:?}"),
    }
}

fn start(plan: &Plan) -> BTreeMap<String, Sides> {
    let sides = |m: &placer::plan::Moved| (m.component.clone(), Sides { old: m.from.clone(), ..Sides::default() });
    plan.moved.iter().map(sides).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_can_be_carried_out_and_taken_back_at_every_point(
        kinds in prop::collection::vec(0_usize..KINDS.len(), 1..6),
        links in prop::collection::vec((0_usize..6, 0_usize..6), 0..8),
        at in prop::collection::vec((0_usize..7, 0_usize..7), 6),
        stop in any::<prop::sample::Index>(),
    ) {
        let app = app_of(&kinds, &links);
        let (_, problem) = shop();
        let count = kinds.len();
        let from: Vec<usize> = at[..count].iter().map(|at| at.0).collect();
        let to: Vec<usize> = at[..count].iter().map(|at| at.1).collect();
        let (from, to) = (placement(&app, &from), placement(&app, &to));
        let plan = plan(&app, &problem, from.clone(), to.clone(), &Options::default());
        prop_assert_eq!(plan.steps.is_empty(), digest(&from) == digest(&to));

        // Carried out: each after what it needs, and in the end the new side is all there is.
        let mut sides = start(&plan);
        for (ordinal, step) in plan.steps.iter().enumerate() {
            prop_assert!(step.after.iter().all(|before| *before < ordinal));
            carry_out(step, sides.get_mut(&step.component).unwrap());
        }
        for m in &plan.moved {
            let done = &sides[&m.component];
            prop_assert_eq!(&done.old, &None);
            prop_assert_eq!(&done.new, &m.to);
            prop_assert!(m.to.is_none() || done.weight == 100);
        }
        let mut keys: Vec<&str> = plan.steps.iter().map(|step| step.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), plan.steps.len());

        // Stopped anywhere before the point of no return: undone in reverse, all is as it was.
        let last = plan.steps.iter().position(|step| step.undo == Undo::Never).unwrap_or(plan.steps.len());
        let stop = stop.index(last + 1).min(last);
        let mut sides = start(&plan);
        for step in &plan.steps[..stop] {
            carry_out(step, sides.get_mut(&step.component).unwrap());
        }
        for step in plan.steps[..stop].iter().rev() {
            take_back(step, sides.get_mut(&step.component).unwrap());
        }
        prop_assert_eq!(sides, start(&plan));
        prop_assert!(plan.steps[last..].iter().all(|step| matches!(step.action, Action::Retire(_))));

        // Called before caller, where there is no circle.
        let position = |name: String| plan.steps.iter().position(|step| step.name == name);
        for link in app.links.iter().filter(|_| app.links.len() == 1) {
            let (caller, called) = (format!("c{}", link.from), format!("c{}", link.to));
            let (a, b) = (position(format!("{called}/verify")), position(format!("{caller}/provision")));
            prop_assert!(a.is_none() || b.is_none() || a < b);
            let (a, b) = (position(format!("{caller}/retire")), position(format!("{called}/retire")));
            prop_assert!(a.is_none() || b.is_none() || a < b);
        }

        // Written and read: the same, and a changed byte is told.
        let text = to_json(&plan).unwrap();
        prop_assert_eq!(read(text.as_bytes()).unwrap(), plan);
    }

    #[test]
    fn a_changed_plan_is_refused(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let app = app_of(&[0, 1], &[(0, 1)]);
        let (_, problem) = shop();
        let plan = plan(&app, &problem, placement(&app, &[0, 1]), placement(&app, &[2, 4]), &Options::default());
        let text = to_json(&plan).unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        // White space may change; nothing else may.
        let squeezed = |bytes: &[u8]| bytes.iter().filter(|b| !b.is_ascii_whitespace()).copied().collect::<Vec<_>>();
        if squeezed(&bytes) != squeezed(text.as_bytes()) {
            prop_assert!(read(&bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// The arithmetic by hand. The database leaves grand's Frankfurt for Paris with 50 GB: egress at 9 cents a GB is $4.50. The old
/// side stays for 24 hours of 730: 73 dollars a month are 10 cents an hour, $2.40. The new side runs beside it for an hour
/// (provisioning), 10 minutes (verifying), 1800 + 50 x 100 s (copying), 900 + 50 x 20 s (comparing) and three shifts of 10
/// minutes: 14,700 s at 10 cents an hour are 40 5/6 cents.
#[test]
fn the_cost_of_a_move_is_what_the_arithmetic_says() {
    let (shop, problem) = shop();
    let db = |provider: &str, region: &str, usd| Placement {
        seats: vec![Seat {
            component: "db".into(),
            kind: app::Kind::Postgres,
            provider: provider.into(),
            region: region.into(),
            form: Some(Form::Managed),
            usd_month: Some(Money::from_dollars(usd)),
            ..seat(&shop, 1, 0)
        }],
        usd_month: Some(Money::from_dollars(usd)),
    };
    let plan = plan(&shop, &problem, db("grand", "eu-1", 73), db("second", "par", 73), &Options::default());
    let cost = |name: &str| plan.steps.iter().find(|step| step.name == name).expect(name).cost;
    assert_eq!(cost("db/copy"), Some(Money::parse("4.5").unwrap()));
    assert_eq!(cost("db/keep"), Some(Money::parse("2.4").unwrap()));
    assert_eq!(cost("db/provision"), Some(Money::parse("0.408333334").unwrap()));
    assert_eq!(plan.cost(), Some(Money::parse("7.308333334").unwrap()));
    assert_eq!(plan.data(), Quantity::from_units(50));
    assert_eq!(plan.payback_hours(), None, "nothing is saved");
    let unknown = Placement { usd_month: None, ..db("nowhere", "x", 1) };
    let plan = crate::plan(&shop, &problem, unknown, db("second", "par", 73), &Options::default());
    assert_eq!((plan.cost(), plan.saving_month()), (None, None), "what is not known is not zero");
}

/// Standard output, standard error and the exit code of `placer plan` in a folder with the small book and a shop.
fn command(app: &str, more: &[&str]) -> (String, String, i32, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.toml"), app).expect("the application is written");
    fs::write(folder.path().join("book"), small_book::sealed()).expect("the book is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    command.current_dir(folder.path()).env_remove("NO_COLOR").args(["plan", "app.toml", "--price-book", "book"]);
    let output = command.args(more).output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1), folder)
}

#[test]
fn the_plan_reads_like_a_terraform_plan() {
    let (out, err, code, folder) = command(&format!("{SHOP}{SHOP_TODAY}"), &["-o", "plan.json"]);
    assert_eq!((err.as_str(), code), ("", 0));
    insta::assert_snapshot!("plan_table", out);
    let plan = read(&fs::read(folder.path().join("plan.json")).unwrap()).expect("the file is a plan");
    assert_eq!(plan.app, "shop");
    let (json, ..) = command(&format!("{SHOP}{SHOP_TODAY}"), &["--format", "json"]);
    assert_eq!(read(json.as_bytes()).unwrap(), plan);
}

#[test]
fn a_new_application_is_only_added_and_a_settled_one_stays() {
    let (out, _, code, _) = command(SHOP, &[]);
    assert_eq!(code, 0);
    assert!(out.starts_with("shop: 2 to add, 0 to move, 0 to remove"), "{out}");
    // Whatever is recommended is where the shop is from now on.
    let (json, ..) = command(SHOP, &["--format", "json"]);
    let plan = read(json.as_bytes()).unwrap();
    let entry = |seat: &Seat| {
        let Seat { component, provider, region, offer, count, .. } = seat;
        format!(
            "\n[[today]]\ncomponent = \"{component}\"\nprovider = \"{provider}\"\nregion = \"{region}\"\noffer = \
             \"{offer}\"\ncount = {count}\n"
        )
    };
    let today: String = plan.to.seats.iter().map(entry).collect();
    let (out, _, code, _) = command(&format!("{SHOP}{today}"), &[]);
    assert_eq!((out.as_str(), code), ("shop: nothing to do, everything stays where it is\n", 0));
}

#[test]
fn an_impossible_application_has_no_plan() {
    let (out, err, code, folder) = command(&SHOP.replace("p95_ms = 120", "p95_ms = 1"), &["-o", "plan.json"]);
    assert_eq!((out.as_str(), code), ("", 3), "{err}");
    assert!(err.contains("open a page"), "{err}");
    assert!(!folder.path().join("plan.json").exists());
}

#[test]
fn what_is_no_plan_is_told() {
    let told = |text: &str| read(text.as_bytes()).expect_err("it is refused").to_string();
    assert!(told("").contains("`placer plan APP -o FILE` writes one"));
    assert!(told("{\"format\": 1}").contains("format"));
    let (json, ..) = command(SHOP, &["--format", "json"]);
    assert!(told(&json.replacen("\"version\": 1", "\"version\": 2", 1)).contains("version 2"));
    assert!(told(&json.replacen("\"count\": ", "\"count\": 1", 1)).contains("was changed after it was made"));
    assert!(told(&json.replacen("\"app\"", "\"ape\"", 1)).contains("ape"));
}

/// A move of one component that saves 50 of 100 dollars a month, and the policy that lets it pass.
fn worthwhile() -> (Plan, Moves) {
    let app = app_of(&[0, 1], &[(0, 1)]);
    let (_, problem) = shop();
    let from = placement(&app, &[0, 1]);
    let to = Placement { usd_month: Some(Money::from_dollars(50)), ..placement(&app, &[2, 1]) };
    let moves = Moves { approval: Approval::Auto, price_age_hours_max: 24, ..Moves::default() };
    (plan(&app, &problem, from, to, &Options::default()), moves)
}

/// 2026-11-27, a Friday, at noon.
const NOW: i64 = 1_795_780_800;

fn decided(plan: &Plan, moves: &Moves, past: &[PastMove], prices_at: Option<i64>) -> Decision {
    decide(plan, moves, &Circumstances { now: NOW, prices_at, past })
}

#[test]
fn a_move_that_is_worth_it_passes_and_each_rule_alone_stops_it() {
    let (plan, moves) = worthwhile();
    let fresh = Some(NOW - 3_600);
    let good = decided(&plan, &moves, &[], fresh);
    assert_eq!(good.verdict, Verdict::Move, "{good:?}");
    for (approval, verdict) in [(Approval::Observe, Verdict::Observe), (Approval::Ask, Verdict::Ask)] {
        assert_eq!(decided(&plan, &Moves { approval, ..moves.clone() }, &[], fresh).verdict, verdict);
    }
    let past = |at: i64, usd: i64| PastMove { component: "c0".into(), at: NOW - at, gain: Money::from_dollars(usd) };
    let other = |at: i64| PastMove { component: "c1".into(), ..past(at, 0) };
    let lunch = Window { days: vec![4], from_min: 13 * 60, to_min: 14 * 60 };
    let m = || moves.clone();
    let cases: Vec<(&str, Moves, Vec<PastMove>, Option<i64>)> = vec![
        ("saving", Moves { saving_min: Money::from_dollars(51), ..m() }, vec![], fresh),
        ("share", Moves { saving_ppm_min: 500_001, ..m() }, vec![], fresh),
        ("payback", Moves { payback_hours_max: 1, ..m() }, vec![], fresh),
        // One component of a weight of 4 moves: 25 % disturbed, 50 % saved.
        ("disturbance", Moves { score_milli_min: 2_001, ..m() }, vec![], fresh),
        ("cool-down", m(), vec![past(71 * 3_600, 0)], fresh),
        ("pace", Moves { moves_max: 2, ..m() }, vec![other(1), other(2)], fresh),
        ("window", Moves { windows: vec![lunch], ..m() }, vec![], fresh),
        ("never", Moves { never: vec!["c0".into()], ..m() }, vec![], fresh),
        ("never kind", Moves { never_kinds: vec![app::Kind::Service], ..m() }, vec![], fresh),
        ("stale", m(), vec![], Some(NOW - 25 * 3_600)),
        ("no date", m(), vec![], None),
        ("a clock that jumped", m(), vec![], Some(NOW + 2 * 3_600)),
        ("stop-loss", m(), vec![past(10 * 86_400, -201)], fresh),
    ];
    for (name, moves, past, prices_at) in cases {
        let decision = decided(&plan, &moves, &past, prices_at);
        let broken = decision.checks.iter().filter(|check| !check.holds()).count();
        assert_eq!((decision.verdict, broken), (Verdict::Stay, 1), "{name}: {decision:?}");
    }
    let rested = [past(73 * 3_600, 0), past(31 * 86_400, -1_000)];
    assert_eq!(decided(&plan, &moves, &rested, fresh).verdict, Verdict::Move, "what is long past does not count");
}

#[test]
fn what_is_not_known_moves_nothing_and_what_stays_says_why() {
    let (plan, moves) = worthwhile();
    let blind = Plan { from: Placement { usd_month: None, ..plan.from.clone() }, ..plan.clone() };
    assert_eq!(decided(&blind, &moves, &[], Some(NOW)).verdict, Verdict::Stay);
    let nothing = Plan { moved: vec![], steps: vec![], ..plan };
    let decision = decided(&nothing, &moves, &[], Some(NOW));
    assert_eq!((decision.verdict, decision.checks), (Verdict::Stay, vec![Check::Better { holds: false }]));
}

#[test]
fn the_command_says_what_a_policy_decides() {
    let (out, err, code, folder) = command(&format!("{SHOP}{SHOP_TODAY}"), &["--policy", "balanced"]);
    assert_eq!((err.as_str(), code), ("", 0));
    // The small book is of February 2026.
    assert!(out.contains("policy `balanced`: stay") && out.contains("no: the prices are "), "{out}");
    assert!(out.contains("yes: it saves $233.95 a month (at least $10.00)"), "{out}");
    fs::write(folder.path().join("p.toml"), "version = 1\nname = \"x\"\napprovel = \"auto\"\n").unwrap();
    let (_, err, code, _) = command(SHOP, &["--policy", "balancd"]);
    assert!(code == 2 && err.contains("did you mean `balanced`"), "{err}");
    let (_, err, code, _) = command(SHOP, &["--policy", "nowhere.toml"]);
    assert!(code == 2 && err.contains("nowhere.toml"), "{err}");
    // What a policy refuses is no candidate.
    let only = "version = 1\nname = \"only grand\"\n[allow]\nproviders = { allow = [\"grand\"] }\n";
    let path = folder.path().join("grand.toml");
    fs::write(&path, only).unwrap();
    let (json, err, code, _) = command(SHOP, &["--policy", path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    assert!(read(json.as_bytes()).unwrap().to.seats.iter().all(|seat| seat.provider == "grand"));
}

#[test]
fn a_haul_says_what_the_steps_of_a_move_cost() {
    let (app, problem) = shop();
    let at = |assignment: &[usize]| Placement::of(&app, &problem, &assignment.to_vec(), Money::ZERO);
    let options = Options::default();
    let choices = |component: usize| problem.components[component].choices.len();
    for (web, db) in (0..choices(0)).flat_map(|web| (0..choices(1)).map(move |db| (web, db))) {
        for (to_web, to_db) in (0..choices(0)).flat_map(|web| (0..choices(1)).map(move |db| (web, db))) {
            let (from, to) = ([web, db], [to_web, to_db]);
            let made = plan(&app, &problem, at(&from), at(&to), &options);
            let cost = |component: usize| {
                let name = &problem.components[component].name;
                let side = |of: [usize; 2]| &problem.components[component].choices[of[component]];
                if from[component] == to[component] {
                    return Some(Money::ZERO);
                }
                let haul = Haul::of(&app, name, &options);
                let carry =
                    haul.data.map_or(Some(Money::ZERO), |gb| carried(&problem, side(from).place, side(to).place, gb));
                Some(paid_for(side(to).cost, haul.overlap_s)? + paid_for(side(from).cost, haul.keep_s)? + carry?)
            };
            assert_eq!(made.cost(), (0..2).map(cost).sum::<Option<Money>>(), "{from:?} {to:?}");
        }
    }
}
