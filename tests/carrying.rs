//! Plans carried out: the journal before each effect, every step failing, a process dying at every point, and who may carry.

#[path = "support/model_executor.rs"]
mod model_executor;
#[path = "support/small_book.rs"]
mod small_book;

use model_executor::{Model, Trouble, World};
use placer::app::{self, App, Names};
use placer::control::Clock;
use placer::control::carrying::Carrier;
use placer::control::outcome::{Outcome, Refused};
use placer::exec::{Executor as _, differences};
use placer::plan::run::{End, Entry, Event, Next, Progress};
use placer::plan::{Action, Options, Placement, Plan, Seat, Undo, digest, plan, plan_digest, to_json};
use placer::policy::Policy;
use placer::problem::lower::{Options as Lowering, lower};
use placer::problem::{Form, Problem};
use placer::store::{PlanRow, PlanRunState, PlanState, Store};
use placer::units::{Money, Purchase};
use proptest::prelude::*;
use small_book::SHOP;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A clock that tests set; every look takes a second.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn steady(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

const HOUR: i64 = 3_600;

fn shop() -> (App, Problem) {
    let names = Names { cities: vec![("Berlin".into(), "DE".into())], ..Names::default() };
    let app = app::parse(SHOP, "shop.toml", &names).unwrap_or_else(|faults| panic!("{faults}")).app;
    let problem = lower(&app, &small_book::book(), &Policy::default(), &Lowering::default()).expect("it is lowered");
    (app, problem)
}

/// The shop at one of three regions.
fn at(region: usize) -> Placement {
    let (app, _) = shop();
    let (provider, region) = [("grand", "eu-1"), ("grand", "us-1"), ("second", "par")][region];
    let seat = |component: &app::Component| Seat {
        component: component.name.clone(),
        kind: component.kind,
        provider: provider.into(),
        region: region.into(),
        offer: "any".into(),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: Some(Form::Machines),
        machine_of: None,
        usd_month: Some(Money::from_dollars(73)),
    };
    let usd = if provider == "second" { 100 } else { 146 };
    Placement { seats: app.components.iter().map(seat).collect(), usd_month: Some(Money::from_dollars(usd)) }
}

fn way(from: Placement, to: Placement) -> Plan {
    let (app, problem) = shop();
    let options = Options { keep_hours: 24, weights: vec![50, 100] };
    Plan { app_toml: SHOP.into(), ..plan(&app, &problem, from, to, &options) }
}

/// A store, a world and a clock.
struct Bench {
    folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
    clock: TestClock,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, world: Arc::default(), clock: TestClock(AtomicI64::new(1_795_000_000)) }
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path()).expect("the store opens")
    }

    /// A new process with its own connection to the store.
    fn process<T>(&self, model: &Model, what: impl FnOnce(&Carrier<'_>) -> T) -> T {
        what(&Carrier {
            store: &self.store(),
            executor: model,
            clock: &self.clock,
            cancel: &model.dead,
            tell: &|_, _| {},
            retry_wait: Duration::ZERO,
        })
    }

    /// The shop put somewhere, finished.
    fn settled(region: usize) -> Self {
        let bench = Self::new();
        let begun =
            bench.process(&Model::new(&bench.world), |c| c.begin(&way(Placement::default(), at(region)), "test", "me"));
        assert_eq!(begun.expect("it begins"), ("shop-1".into(), Outcome::Finished));
        bench
    }

    fn world(&self) -> World {
        self.world.lock().unwrap().clone()
    }

    /// What is there agrees with the journal.
    fn agrees(&self, run: &str, plan: &Plan) {
        let progress = Progress::of(plan, &self.store().journal(run).unwrap()).expect("the journal is in order");
        let seen = Model::new(&self.world).observe("shop").unwrap();
        // In the middle of a shift no side of a store takes writes by the model; at rest exactly one does.
        assert_eq!(differences(&progress.sides(plan), &seen), [], "{run}");
    }
}

#[test]
fn an_application_goes_up_moves_and_is_rolled_back() {
    let bench = Bench::settled(0);
    assert_eq!(digest(&bench.store().deployment("shop").unwrap().unwrap().placement), digest(&at(0)));
    let before = bench.world();
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world);
    let (run, outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    let Outcome::Keeping { until } = outcome else { panic!("{outcome:?}") };
    assert!(until > bench.clock.now() + 23 * HOUR);
    bench.agrees(&run, &plan);
    let whole = bench.world().sides.values().filter(|side| side.1 == 100).count();
    assert_eq!(whole, 2, "one side of each component");

    // While the old sides are kept nothing else begins, and going on waits.
    let refused = bench.process(&model, |c| c.begin(&plan, "again", "me")).unwrap_err();
    assert!(refused.to_string().contains("placer runs finish shop-2"), "{refused}");
    assert_eq!(bench.process(&model, |c| c.go_on(&run)).unwrap(), Outcome::Keeping { until });
    let back = bench.process(&model, |c| c.turn_back(&run, "asked for")).expect("it goes back");
    assert_eq!(back, Outcome::RolledBack { why: "asked for".into() });
    assert_eq!(bench.world(), before);
    assert_eq!(digest(&bench.store().deployment("shop").unwrap().unwrap().placement), digest(&at(0)));
    // Once more is harmless.
    assert_eq!(bench.process(&model, |c| c.turn_back(&run, "asked for")).unwrap(), back);
}

#[test]
fn after_the_rollback_window_the_old_sides_go() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world);
    let (run, _) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    bench.clock.0.fetch_add(25 * HOUR, Ordering::Relaxed);
    assert_eq!(bench.process(&model, |c| c.go_on(&run)).unwrap(), Outcome::Finished);
    bench.agrees(&run, &plan);
    let seats: Vec<String> = bench.world().sides.values().map(|side| side.0.provider.clone()).collect();
    assert_eq!(seats, ["second", "second"]);
    let late = bench.process(&model, |c| c.turn_back(&run, "asked for")).unwrap_err();
    assert!(matches!(late, Refused::TooLate { .. }), "{late}");
    // 46 dollars a month are saved from now on, what the move has cost is known, and both are in the ledger.
    let ledger = bench.store().ledger(Some("shop")).unwrap();
    let row = ledger.iter().find(|row| row.run == run).expect("the run is in the ledger");
    assert_eq!(row.saving_month_nanos, Some(Money::from_dollars(46).nanos()));
    assert_eq!(row.cost_nanos, plan.cost().map(Money::nanos));
    let month = row.gain_nanos(row.at + 730 * HOUR).unwrap();
    assert_eq!(month, Money::from_dollars(46).nanos() - row.cost_nanos.unwrap());
}

#[test]
fn the_journal_is_written_before_each_effect() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let folder = bench.folder.path().to_owned();
    let steps: Vec<String> = plan.steps.iter().map(|step| step.name.clone()).collect();
    let mut model = Model::new(&bench.world);
    model.before = Box::new(move |name| {
        let store = Store::open(&folder).expect("readers never wait");
        let last = store.journal("shop-2").expect("readable").pop().expect("it has begun");
        let ordinal = |name: &str| steps.iter().position(|step| step == name).expect("a step of the plan");
        let expected = match name.strip_prefix("undo:") {
            Some(name) => Event::Undoing { step: ordinal(name) },
            None => Event::Doing { step: ordinal(name) },
        };
        assert_eq!(last.event, expected, "{name}");
    });
    let (run, _) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    bench.process(&model, |c| c.turn_back(&run, "asked for")).expect("it goes back");
    let journal = bench.store().journal(&run).unwrap();
    let done = journal.iter().filter(|entry| matches!(entry.event, Event::Done { .. })).count();
    assert_eq!(done, plan.steps.iter().filter(|step| step.undo != Undo::Never).count());
    assert_eq!(journal.last().unwrap().event, Event::Ended(End::RolledBack));
}

#[test]
fn whatever_step_fails_everything_is_as_before() {
    let plan = way(at(0), at(2));
    for step in plan.steps.iter().filter(|step| step.undo != Undo::Never) {
        for trouble in [Trouble::Fails, Trouble::FailsAfter] {
            let bench = Bench::settled(0);
            let before = bench.world();
            let model = Model::new(&bench.world).troubled(&step.name, trouble);
            let (run, outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
            let Outcome::RolledBack { why } = outcome else { panic!("{}: {outcome:?}", step.name) };
            assert_eq!(why, format!("{}: trouble on order", step.name));
            assert_eq!(bench.world(), before, "{} {trouble:?}", step.name);
            assert_eq!(bench.store().plan_run(&run).unwrap().unwrap().state, PlanRunState::RolledBack);
            // And another plan may begin.
            let again = bench.process(&Model::new(&bench.world), |c| c.begin(&plan, "again", "me"));
            assert!(matches!(again, Ok((_, Outcome::Keeping { .. }))), "{again:?}");
        }
    }
}

#[test]
fn an_old_side_that_does_not_go_leaves_the_run_for_a_person() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world).troubled("web/retire", Trouble::Fails);
    let (run, _) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    let stuck = bench.process(&model, |c| c.resume(&run, true)).unwrap();
    assert!(matches!(&stuck, Outcome::Stuck { step, .. } if step == "web/retire"), "{stuck:?}");
    assert_eq!(bench.store().plan_run(&run).unwrap().unwrap().state, PlanRunState::Stuck);
    let late = bench.process(&model, |c| c.turn_back(&run, "asked for")).unwrap_err();
    assert!(matches!(late, Refused::TooLate { .. }), "{late}");
    // The cause is mended, and somebody says so.
    let mended = bench.process(&Model::new(&bench.world), |c| c.resume(&run, false)).unwrap();
    assert_eq!(mended, Outcome::Finished);
    bench.agrees(&run, &plan);
}

#[test]
fn what_cannot_be_taken_back_is_tried_again_then_left_for_a_person() {
    let bench = Bench::settled(0);
    let before = bench.world();
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world);
    let (run, _) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    let model = Model::new(&bench.world).troubled("undo:db/shift-100", Trouble::Fails);
    let stuck = bench.process(&model, |c| c.turn_back(&run, "asked for")).unwrap();
    assert!(matches!(&stuck, Outcome::Stuck { step, .. } if step == "db/shift-100"), "{stuck:?}");
    let back = bench.process(&Model::new(&bench.world), |c| c.turn_back(&run, "once more")).unwrap();
    assert_eq!(back, Outcome::RolledBack { why: "asked for".into() });
    assert_eq!(bench.world(), before);
}

#[test]
fn what_passes_is_tried_again() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world).troubled("db/copy", Trouble::Passes(2));
    let (run, outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    assert!(matches!(outcome, Outcome::Keeping { .. }), "{outcome:?}");
    let journal = bench.store().journal(&run).unwrap();
    let failed = journal.iter().filter(|entry| matches!(entry.event, Event::Failed { passing: true, .. })).count();
    assert_eq!(failed, 2);
    let bench = Bench::settled(0);
    let model = Model::new(&bench.world).troubled("db/copy", Trouble::Passes(3));
    let (_, outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    assert!(matches!(outcome, Outcome::RolledBack { .. }), "{outcome:?}");
}

/// The process dies before or after any effect, forward or back; the next one finishes, and all is as if it had not died.
#[test]
fn a_process_that_dies_anywhere_is_gone_on_with() {
    let plan = way(at(0), at(2));
    let back = |step: &placer::plan::Step| !matches!(step.undo, Undo::Never | Undo::Nothing);
    let undos = plan.steps.iter().filter(|step| back(step)).map(|step| format!("undo:{}", step.name));
    let names: Vec<String> = plan.steps.iter().map(|step| step.name.clone()).chain(undos).collect();
    for name in &names {
        for trouble in [Trouble::DiesBefore, Trouble::DiesAfter] {
            let bench = Bench::settled(0);
            let before = bench.world();
            let model = Model::new(&bench.world).troubled(name, trouble);
            let backwards = name.starts_with("undo:");
            let (run, mut outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
            if name.ends_with("/retire") || backwards {
                outcome = if backwards {
                    bench.process(&model, |c| c.turn_back(&run, "asked for")).unwrap()
                } else {
                    bench.process(&model, |c| c.resume(&run, true)).unwrap()
                };
            }
            assert_eq!(outcome, Outcome::Interrupted, "{name} {trouble:?}");
            // The next process.
            let next = Model::new(&bench.world);
            match bench.process(&next, |c| c.go_on(&run)).unwrap() {
                Outcome::RolledBack { .. } if backwards => assert_eq!(bench.world(), before, "{name} {trouble:?}"),
                Outcome::Keeping { .. } | Outcome::Finished if !backwards => {}
                other => panic!("{name} {trouble:?}: {other:?}"),
            }
            bench.agrees(&run, &plan);
            assert_eq!(bench.world().copying.len(), usize::from(!backwards && !name.ends_with("/retire")), "{name}");
        }
    }
}

#[test]
fn the_next_plan_first_finishes_what_a_crash_left_behind() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let model = Model::new(&bench.world).troubled("db/copy", Trouble::DiesAfter);
    let (run, outcome) = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    assert_eq!((run.as_str(), outcome), ("shop-2", Outcome::Interrupted));
    let refused = bench.process(&Model::new(&bench.world), |c| c.begin(&way(at(0), at(1)), "other", "me")).unwrap_err();
    assert!(matches!(refused, Refused::Open { .. }), "{refused}");
    bench.agrees(&run, &plan);
    let progress = Progress::of(&plan, &bench.store().journal(&run).unwrap()).unwrap();
    assert!(matches!(progress.next(&plan, 0), Next::Wait { .. }));
}

#[test]
fn plans_for_an_older_state_and_rejected_ones_are_refused() {
    let bench = Bench::settled(0);
    let model = Model::new(&bench.world);
    let refused = bench.process(&model, |c| c.begin(&way(at(1), at(2)), "old", "me")).unwrap_err();
    assert!(matches!(refused, Refused::OldState { .. }), "{refused}");
    assert!(refused.to_string().contains("grand:us-1"), "{refused}");
    let refused = bench.process(&model, |c| c.begin(&way(Placement::default(), at(2)), "old", "me")).unwrap_err();
    assert!(matches!(refused, Refused::OldState { .. }), "{refused}");
    let plan = way(at(0), at(2));
    let row = PlanRow {
        digest: plan_digest(&plan).unwrap(),
        app: "shop".into(),
        document: to_json(&plan).unwrap(),
        reason: "asked".into(),
        state: PlanState::Waiting,
        made_at: 1,
        decided_at: None,
        decided_by: None,
    };
    bench.store().put_plan(&row).unwrap();
    assert!(bench.store().decide_plan(&row.digest, false, "somebody", 2).unwrap());
    assert!(!bench.store().decide_plan(&row.digest, true, "somebody else", 3).unwrap(), "decided once");
    let refused = bench.process(&model, |c| c.begin(&plan, "cheaper", "me")).unwrap_err();
    assert!(refused.to_string().contains("rejected by somebody"), "{refused}");
    assert_eq!(bench.store().plan_runs(Some("shop"), 10).unwrap().len(), 1);
}

#[test]
fn what_the_executor_cannot_do_is_told_before_anything_is_done() {
    let bench = Bench::settled(0);
    let mut to = at(2);
    to.seats[0].provider = "nowhere".into();
    let refused = bench.process(&Model::new(&bench.world), |c| c.begin(&way(at(0), to), "x", "me")).unwrap_err();
    assert!(refused.to_string().contains("set NOWHERE_TOKEN"), "{refused}");
    let plan = Plan { app_toml: String::new(), ..way(at(0), at(2)) };
    let refused = bench.process(&Model::new(&bench.world), |c| c.begin(&plan, "x", "me")).unwrap_err();
    assert!(matches!(refused, Refused::NoApp { .. }), "{refused}");
    assert_eq!(bench.store().plan_runs(None, 10).unwrap().len(), 1);
}

#[test]
fn one_process_at_a_time_carries_an_application() {
    let bench = Bench::settled(0);
    let (mine, other) = (bench.store(), bench.store());
    let lock = mine.lock_app("shop").unwrap().expect("nobody has it");
    assert!(other.lock_app("shop").unwrap().is_none());
    assert!(other.is_locked("shop").unwrap());
    let refused = bench.process(&Model::new(&bench.world), |c| c.begin(&way(at(0), at(2)), "x", "me")).unwrap_err();
    assert!(matches!(refused, Refused::Busy { .. }), "{refused}");
    let first = lock.fence();
    drop(lock);
    assert!(!other.is_locked("shop").unwrap());
    assert!(other.lock_app("shop").unwrap().expect("it is free").fence() > first);
}

/// A holder whose lock was lost (its file was deleted, say) writes nothing any more once another one has begun.
#[test]
fn who_was_overtaken_can_do_nothing_any_more() {
    let bench = Bench::settled(0);
    let plan = way(at(0), at(2));
    let folder = bench.folder.path().to_owned();
    let model = Model::new(&bench.world);
    let taken = Arc::new(Mutex::new(None));
    let (hold, lost) = (Arc::clone(&taken), folder.clone());
    let mut slow = Model::new(&bench.world);
    slow.before = Box::new(move |name| {
        if name == "db/verify" && hold.lock().unwrap().is_none() {
            fs::remove_file(Path::new(&lost).join("locks/shop.lock")).expect("the lock's file is lost");
            let store = Store::open(&lost).expect("it opens");
            *hold.lock().unwrap() = Some(store.lock_app("shop").unwrap().expect("its file is another one now"));
        }
    });
    let (run, outcome) = bench.process(&slow, |c| c.begin(&plan, "cheaper", "me")).expect("it begins");
    assert_eq!(outcome, Outcome::TakenOver);
    let journal = bench.store().journal(&run).unwrap();
    assert!(matches!(journal.last().unwrap().event, Event::Doing { .. }), "nothing was written after the loss");
    *taken.lock().unwrap() = None;
    assert!(matches!(bench.process(&model, |c| c.go_on(&run)).unwrap(), Outcome::Keeping { .. }));
    bench.agrees(&run, &plan);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever entries come in whatever order: a journal is read or refused, never a panic, and what is next is a step of
    /// the plan.
    #[test]
    fn journals_that_nobody_wrote_are_refused(picks in prop::collection::vec((0_usize..9, 0_usize..30), 0..40)) {
        let plan = way(at(0), at(2));
        let event = |(kind, step): (usize, usize)| match kind {
            0 => Event::Doing { step },
            1 => Event::Done { step, note: String::new() },
            2 => Event::Failed { step, why: "x".into(), passing: step % 2 == 0 },
            3 => Event::TurnedBack { why: "x".into() },
            4 => Event::Undoing { step },
            5 => Event::Undone { step, note: String::new() },
            6 => Event::UndoFailed { step, why: "x".into() },
            7 => Event::Resumed { now: step % 2 == 0 },
            _ => Event::Began,
        };
        let mut entries = vec![Entry { at: 0, event: Event::Began }];
        entries.extend(picks.into_iter().map(|pick| Entry { at: 1, event: event(pick) }));
        for entry in &entries {
            prop_assert_eq!(&Event::read(&entry.event.to_json()).unwrap(), &entry.event);
        }
        if let Ok(progress) = Progress::of(&plan, &entries) {
            match progress.next(&plan, 2) {
                Next::Do(step) | Next::Undo(step) | Next::Stuck { step, .. } => prop_assert!(step < plan.steps.len()),
                _ => {}
            }
            let retired = |seat: &Seat| plan.steps.iter().zip(&progress.steps).any(|(step, state)| {
                matches!(&step.action, Action::Retire(of) if of == seat) && matches!(state, placer::plan::run::StepState::Done { .. })
            });
            let sides = progress.sides(&plan);
            for seat in plan.from.seats.iter().filter(|seat| !retired(seat)) {
                prop_assert!(sides.iter().any(|side| side.seat == *seat), "an old side that nobody took away is there");
            }
        }
    }
}
