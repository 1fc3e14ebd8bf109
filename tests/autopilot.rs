//! The autopilot over a model of the world: it moves what its policy lets move, and nothing on bad prices or a wrong clock.
#![allow(clippy::format_push_string, reason = "a text to compare, not one to be quick with")]

#[path = "support/model_executor.rs"]
mod model_executor;
#[path = "support/small_book.rs"]
mod small_book;

use model_executor::{Model, World};
use placer::app::App;
use placer::catalog::PriceBook;
use placer::control::Clock;
use placer::control::autopilot::{Autopilot, News, RoundError, WithCarrier};
use placer::control::carrying::Carrier;
use placer::control::outcome::Outcome;
use placer::control::proposing::propose;
use placer::market::{Ask, Entry, Market, Rules, Tick};
use placer::plan::{Options, Placement, Plan, unpriced};
use placer::policy::{Policy, file};
use placer::problem::names;
use placer::solve::Limits;
use placer::store::{AppRow, PlanRunState, PlanState, Store};
use placer::units::{Money, Purchase};
use small_book::SHOP;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
/// A Friday at noon.
const NOON: i64 = 1_795_780_800;

/// A policy that moves on its own, whenever something is saved.
const EAGER: &str = r#"version = 1
name = "eager"
approval = "auto"
[move]
saving_usd_month_min = 1
saving_pct_min = 1
payback_hours_max = 4000
saving_per_disruption_min = 0
cool_down_hours = 0
moves_max = 100
moves_days = 7
price_age_hours_max = 48
price_stands_hours_min = 0
stop_loss_usd = 1000
"#;

/// Two clocks that tests set.
struct Clocks {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl Clocks {
    fn new() -> Self {
        Self { wall: AtomicI64::new(NOON), steady: AtomicI64::new(0) }
    }

    fn pass(&self, seconds: i64) {
        self.wall.fetch_add(seconds, Ordering::Relaxed);
        self.steady.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Clocks {
    fn now(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }

    fn steady(&self) -> i64 {
        self.steady.load(Ordering::Relaxed)
    }
}

/// A shop that is somewhere, with its store.
struct Town {
    folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
    clocks: Clocks,
    book: Arc<PriceBook>,
    policy: Policy,
}

impl Town {
    /// The shop where it is best at the book's prices.
    fn new(policy: &str) -> Self {
        let book = Arc::new(small_book::book());
        let policy =
            file::parse(policy, "eager.toml", &book.provider_names()).unwrap_or_else(|faults| panic!("{faults}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let town = Self { folder, world: Arc::default(), clocks: Clocks::new(), book, policy };
        let row = AppRow { name: "shop".into(), text: SHOP.into(), policy: String::new(), changed_at: NOON };
        town.store().put_app(&row).unwrap();
        let proposed = propose(
            (&town.app(), SHOP),
            &town.book,
            &Policy::default(),
            &Limits::default(),
            &Placement::default(),
            &Options::default(),
        );
        let plan = proposed.expect("the shop has a place").plan;
        let (_, outcome) = town.carrier(&town.store(), |c| c.begin(&plan, "test", "me")).expect("it begins");
        assert_eq!(outcome, Outcome::Finished);
        town
    }

    fn app(&self) -> App {
        placer::app::parse(SHOP, "shop.toml", &names(&self.book)).unwrap_or_else(|faults| panic!("{faults}")).app
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path()).expect("the store opens")
    }

    fn carrier<T>(&self, store: &Store, what: impl FnOnce(&Carrier<'_>) -> T) -> T {
        what(&Carrier {
            store,
            executor: &Model::new(&self.world),
            clock: &self.clocks,
            cancel: &AtomicBool::new(false),
            tell: &|_, _| {},
            retry_wait: Duration::ZERO,
        })
    }

    /// An autopilot of its own, with its own connection to the store.
    fn pilot<T>(&self, what: impl FnOnce(&mut Autopilot<'_>) -> T) -> T {
        let store = self.store();
        let carry = |_: &str, with: &mut WithCarrier<'_>| {
            self.carrier(&store, |carrier| with(carrier));
            Ok(())
        };
        let mut pilot = Autopilot {
            store: &store,
            clock: &self.clocks,
            policy: &|_| Ok(self.policy.clone()),
            carry: &carry,
            options: Options::default(),
            limits: Limits::default(),
            dry_run: false,
            market: Market::new(Arc::clone(&self.book), NOON, Rules::default()),
            floors: BTreeMap::new(),
            heard: 0,
            began: (self.clocks.now(), self.clocks.steady()),
        };
        what(&mut pilot)
    }

    /// Where the web service and the database are.
    fn whereabouts(&self) -> Vec<String> {
        let there = self.store().deployment("shop").unwrap().expect("it is somewhere").placement;
        there.seats.iter().map(|seat| format!("{}:{} {}", seat.provider, seat.region, seat.offer)).collect()
    }

    fn runs(&self) -> usize {
        self.store().plan_runs(Some("shop"), 1_000).unwrap().len()
    }
}

fn tick(at: i64, (provider, region, offer): (&str, &str, &str), usd: &str) -> Entry {
    let ask =
        Ask { provider: provider.into(), region: region.into(), offer: offer.into(), purchase: Purchase::OnDemand };
    Entry::Tick(Tick { at, ask, usd_hour: Some(Money::parse(usd).expect("a price")) })
}

/// What the shop's database costs in Frankfurt, by the book 15 cents an hour; it is in Paris for 60 dollars a month.
const FRANKFURT: (&str, &str, &str) = ("grand", "eu-1", "Grand SQL db.large");
/// Falling in steps that the gate lets pass.
const FALLING: [&str; 5] = ["0.105", "0.075", "0.053", "0.038", "0.03"];
const IN_PARIS: [&str; 2] = ["plain:nbg p2", "second:par Second DB pg-2"];
const IN_FRANKFURT: &str = "grand:eu-1 Grand SQL db.large";

/// Time passes, and each price comes after an hour.
fn prices(town: &Town, pilot: &mut Autopilot<'_>, prices: &[&str]) -> Vec<News> {
    let mut news = Vec::new();
    for usd in prices {
        town.clocks.pass(HOUR);
        news.extend(pilot.hear(&[tick(town.clocks.now(), FRANKFURT, usd)]));
    }
    news
}

#[test]
fn a_cheaper_place_is_moved_to_and_the_old_side_goes_after_its_window() {
    let town = Town::new(EAGER);
    assert_eq!(town.whereabouts(), IN_PARIS);
    town.pilot(|pilot| {
        let news = pilot.round().expect("a round");
        assert!(matches!(&news[..], [News::Decided { verdict, .. }] if verdict == "stay"), "{news:?}");
        assert!(prices(&town, pilot, &FALLING).is_empty(), "every tick is believed");
        let news = pilot.round().expect("a round");
        let [News::Decided { verdict, summary, .. }, News::Run { run: Some(run), told, .. }] = &news[..] else {
            panic!("{news:?}")
        };
        assert_eq!((verdict.as_str(), run.as_str()), ("move", "shop-2"));
        assert!(summary.contains("moving db would save") && told.contains("old sides are kept"), "{summary} {told}");
        // Nothing new while it is open, and nothing is told twice.
        assert_eq!(pilot.round().expect("a round"), []);
        town.clocks.pass(25 * HOUR);
        pilot.hear(&[tick(town.clocks.now(), FRANKFURT, "0.03")]);
        let news = pilot.round().expect("a round");
        assert!(matches!(&news[0], News::Run { told, .. } if told == "finished"), "{news:?}");
    });
    assert_eq!(town.whereabouts()[1], IN_FRANKFURT);
    let store = town.store();
    let verdicts: Vec<String> = store.decisions(Some("shop"), 10).unwrap().into_iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, ["stay", "move", "stay"]);
    assert_eq!(store.ledger(Some("shop")).unwrap().len(), 1, "the first placement is no move");
    let clearings = store.clearings(Some("shop"), 10).unwrap();
    assert!(clearings.len() >= 2);
    let sold: serde_json::Value = serde_json::from_str(&clearings.last().unwrap().detail).unwrap();
    let lots = sold.as_array().expect("a lot for each component");
    let contested = lots.iter().find(|lot| lot["runner_up"].is_object()).expect("somebody is next");
    assert_ne!(contested["runner_up"], contested["winner"], "{contested}");
    assert!(contested["margin_usd_month"].as_str().is_some_and(|usd| usd.parse::<f64>().is_ok()), "{contested}");
}

#[test]
fn a_dry_run_decides_and_does_nothing() {
    let town = Town::new(EAGER);
    town.pilot(|pilot| {
        pilot.dry_run = true;
        prices(&town, pilot, &FALLING);
        let news = pilot.round().expect("a round");
        assert!(matches!(&news[..], [News::Decided { verdict, .. }] if verdict == "move"), "{news:?}");
    });
    assert_eq!((town.whereabouts(), town.runs()), (IN_PARIS.map(String::from).to_vec(), 1));
}

#[test]
fn a_policy_that_asks_waits_for_a_person() {
    let town = Town::new(&EAGER.replace("\"auto\"", "\"ask\""));
    town.pilot(|pilot| {
        prices(&town, pilot, &FALLING);
        pilot.round().expect("a round");
        pilot.round().expect("a round");
        let plans = town.store().plans(Some("shop"), 10).unwrap();
        let [plan, _first] = &plans[..] else { panic!("{plans:?}") };
        assert_eq!((plan.state, town.runs()), (PlanState::Waiting, 1));
        assert_eq!(pilot.carry_approved(&|_| "model".into()).unwrap(), []);
        assert!(town.store().decide_plan(&plan.digest, true, "somebody", NOON).unwrap());
        let news = pilot.carry_approved(&|_| "model".into()).unwrap();
        assert!(matches!(&news[..], [News::Run { run: Some(run), .. }] if run == "shop-2"), "{news:?}");
        assert_eq!(pilot.carry_approved(&|_| "model".into()).unwrap(), [], "once");
    });
    assert_eq!(town.store().plan_runs(Some("shop"), 1).unwrap()[0].state, PlanRunState::Keeping);
}

#[test]
fn an_approved_plan_whose_beginning_is_gone_is_told_once() {
    let town = Town::new(&EAGER.replace("\"auto\"", "\"ask\""));
    town.pilot(|pilot| {
        prices(&town, pilot, &FALLING);
        pilot.round().expect("a round");
        let plan = town.store().waiting_plans("shop").unwrap().remove(0);
        assert!(town.store().decide_plan(&plan.digest, true, "somebody", NOON).unwrap());
        // Somebody takes the shop down before the autopilot comes to it.
        let there = town.store().deployment("shop").unwrap().unwrap().placement;
        let options = Options { keep_hours: 0, ..Options::default() };
        let down = unpriced(&town.app(), there, Placement::default(), &options);
        let down = Plan { app_toml: SHOP.into(), ..down };
        let (_, outcome) = town.carrier(&town.store(), |c| c.begin(&down, "test", "me")).expect("it begins");
        assert_eq!(outcome, Outcome::Finished);
        let news = pilot.carry_approved(&|_| "model".into()).unwrap();
        assert!(matches!(&news[..], [News::Run { run: None, told, .. }] if told.contains("older state")), "{news:?}");
        assert_eq!(pilot.carry_approved(&|_| "model".into()).unwrap(), []);
        assert_eq!(town.store().plan(&plan.digest).unwrap().unwrap().state, PlanState::Superseded);
    });
}

#[test]
fn two_autopilots_on_one_store_make_one_move() {
    for _ in 0..8 {
        let town = Town::new(EAGER);
        town.clocks.pass(5 * HOUR);
        let at_once = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    town.pilot(|pilot| {
                        for (hour, usd) in (1..).zip(FALLING) {
                            pilot.hear(&[tick(NOON + hour * HOUR, FRANKFURT, usd)]);
                        }
                        at_once.wait();
                        pilot.round().expect("a round");
                        pilot.round().expect("a round");
                    });
                });
            }
        });
        assert_eq!(town.runs(), 2, "the first placement, and one move");
        let sides = town.world.lock().unwrap().sides.clone();
        let serving: Vec<&str> =
            sides.values().filter(|side| side.1 == 100).map(|side| side.0.provider.as_str()).collect();
        assert_eq!(serving, ["grand", "plain"], "one side of each component");
    }
}

#[test]
fn a_price_a_hundred_times_too_low_moves_nothing() {
    let town = Town::new(EAGER);
    town.pilot(|pilot| {
        // Said once, or again and again by the same feed.
        let news = prices(&town, pilot, &["0.0015"; 6]);
        assert_eq!(news.len(), 6, "each is told: {news:?}");
        for _ in 0..3 {
            let news = pilot.round().expect("a round");
            assert!(
                news.iter().all(|piece| matches!(piece, News::Decided { verdict, .. } if verdict == "stay")),
                "{news:?}"
            );
            town.clocks.pass(MINUTE);
        }
    });
    assert_eq!((town.whereabouts(), town.runs()), (IN_PARIS.map(String::from).to_vec(), 1));
}

#[test]
fn a_silent_feed_moves_nothing() {
    let town = Town::new(EAGER);
    town.pilot(|pilot| {
        prices(&town, pilot, &FALLING);
        // Then nothing is heard for three days, before anything was decided.
        town.clocks.pass(72 * HOUR);
        let news = pilot.round().expect("a round");
        assert!(matches!(&news[..], [News::Decided { verdict, .. }] if verdict == "stay"), "{news:?}");
    });
    assert_eq!(town.runs(), 1);
}

#[test]
fn a_feed_that_flaps_on_each_tick_moves_at_most_once() {
    let town = Town::new(EAGER);
    town.pilot(|pilot| {
        prices(&town, pilot, &FALLING[..3]);
        for turn in 0..100 {
            // 1.4 times up and down again: within what the gate lets pass, and around what would pay.
            prices(&town, pilot, &[if turn % 2 == 0 { "0.038" } else { "0.053" }]);
            pilot.round().expect("a round");
        }
    });
    assert!(town.runs() <= 2, "{} runs", town.runs());
}

#[test]
fn a_clock_that_jumps_stops_everything_until_it_is_right() {
    for jump in [400 * 24 * HOUR, -24 * HOUR] {
        let town = Town::new(EAGER);
        town.pilot(|pilot| {
            prices(&town, pilot, &FALLING);
            pilot.round().expect("a round");
            assert_eq!(town.runs(), 2);
            let before = town.world.lock().unwrap().clone();
            town.clocks.wall.fetch_add(jump, Ordering::Relaxed);
            // By the jumped clock the rollback window would be over.
            let error = pilot.round().unwrap_err();
            assert!(matches!(error, RoundError::ClockJumped { by_s } if by_s == jump), "{error}");
            assert_eq!(*town.world.lock().unwrap(), before, "the old side is still there");
            town.clocks.wall.fetch_sub(jump, Ordering::Relaxed);
            pilot.round().expect("the clock is right again");
        });
        assert_eq!(town.store().plan_runs(Some("shop"), 1).unwrap()[0].state, PlanRunState::Keeping);
    }
}

/// Everything that a store keeps about decisions and moves.
fn journal(town: &Town) -> String {
    let store = town.store();
    let mut text =
        format!("{:#?}\n{:#?}\n", store.decisions(None, 1_000).unwrap(), store.clearings(None, 1_000).unwrap());
    for run in store.plan_runs(None, 100).unwrap() {
        text += &format!("{run:#?}\n{:#?}\n", store.journal(&run.id).unwrap());
    }
    text + &format!("{:#?}\n{:#?}", store.plans(None, 100).unwrap(), store.events(0, 10_000).unwrap())
}

#[test]
fn the_same_ticks_and_policy_give_the_same_journal_to_the_byte() {
    let once = || {
        let town = Town::new(EAGER);
        town.pilot(|pilot| {
            for usd in FALLING.iter().chain(&["0.0001", "0.032", "0.031"]) {
                prices(&town, pilot, &[usd]);
                pilot.round().expect("a round");
                town.clocks.pass(26 * HOUR);
                pilot.hear(&[tick(town.clocks.now(), FRANKFURT, usd)]);
                pilot.round().expect("a round");
            }
        });
        journal(&town)
    };
    let first = once();
    assert!(first.contains("Finished"), "it moved");
    assert_eq!(first, once());
}

#[test]
fn ticks_from_the_store_are_heard_once() {
    let town = Town::new(EAGER);
    town.pilot(|pilot| {
        for (hour, usd) in (1..).zip(FALLING) {
            let text = placer::market::file::json_lines(&[tick(NOON + hour * HOUR, FRANKFURT, usd)]);
            town.store().put_ticks("test", &[(NOON + hour * HOUR, text)], NOON).unwrap();
        }
        town.clocks.pass(5 * HOUR);
        let news = pilot.round().expect("a round");
        assert!(
            matches!(&news[..], [News::Decided { verdict, .. }, News::Run { .. }] if verdict == "move"),
            "{news:?}"
        );
        assert_eq!(pilot.heard, 5);
    });
}
