//! The market: its gate against feeds that lie, fall silent, flap or have lost the time, and its book against one that is
//! sealed anew with the same prices.
#![allow(clippy::unnecessary_wraps, clippy::cast_sign_loss, reason = "figures of a test as the market takes them")]

#[path = "support/small_book.rs"]
mod small_book;

use placer::app::{self, App, Names};
use placer::catalog::PriceBook;
use placer::market::file::{csv, json_lines, read};
use placer::market::{Ask, Doubt, Entry, Market, Refusal, Rules, Standing, Taken, Tick};
use placer::policy::Policy;
use placer::problem::lower::{Options, lower};
use placer::solve::{Limits, solve};
use placer::units::{Money, Purchase};
use proptest::prelude::*;
use small_book::SHOP;
use std::sync::Arc;

/// 27 November 2026, noon.
const NOON: i64 = 1_795_780_800;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).unwrap())
}

fn ask(provider: &str, region: &str, offer: &str, purchase: Purchase) -> Ask {
    Ask { provider: provider.into(), region: region.into(), offer: offer.into(), purchase }
}

/// 0.04 in the book; 0.1 on demand.
fn spot() -> Ask {
    ask("grand", "eu-1", "g1.large", Purchase::Spot)
}

fn on_demand() -> Ask {
    ask("grand", "eu-1", "g1.large", Purchase::OnDemand)
}

fn tick(at: i64, ask: Ask, usd_hour: Option<Money>) -> Tick {
    Tick { at, ask, usd_hour }
}

fn market() -> Market {
    Market::new(Arc::new(small_book::book()), NOON - HOUR, Rules::default())
}

fn stands(market: &Market, ask: &Ask, now: i64) -> Standing {
    market.standing(ask, now).unwrap()
}

/// Takes a price at its own time.
fn at(market: &mut Market, at: i64, ask: Ask, price: &str) -> Taken {
    market.take(&tick(at, ask, usd(price)), at)
}

fn is_changed(taken: &Taken) -> bool {
    matches!(taken, Taken::Changed { .. })
}

#[test]
fn a_price_a_hundred_times_too_low_never_counts_however_often_it_is_said() {
    let mut market = market();
    for minutes in 0..10 {
        let taken = at(&mut market, NOON + minutes * MINUTE, spot(), "0.0004");
        assert!(matches!(taken, Taken::Refused(Refusal::Absurd { factor: 64, .. })), "{taken:?}");
        let taken = at(&mut market, NOON + minutes * MINUTE, on_demand(), "0.001");
        assert!(matches!(taken, Taken::Refused(Refusal::Absurd { factor: 8, .. })), "{taken:?}");
    }
    let now = NOON + 10 * MINUTE;
    assert_eq!(stands(&market, &spot(), now).to_buy, usd("0.04"));
    assert_eq!(market.book(now, &[]).digest, small_book::book().digest);
    let told = Refusal::Absurd { usd: usd("0.0004").unwrap(), reference: usd("0.1").unwrap(), factor: 64 }.to_string();
    assert_eq!(told, "$0.0004 an hour is more than 64 times off $0.10 an hour for this machine in the price book");
}

#[test]
fn a_jump_waits_for_a_second_witness_of_another_time() {
    let mut market = market();
    let first = at(&mut market, NOON, spot(), "0.01");
    assert!(matches!(&first, Taken::Waits(w) if matches!(w.doubt, Doubt::Jump { .. })), "{first:?}");
    // In doubt, who would buy sees the dearer price, who has it the lower one.
    let doubted = stands(&market, &spot(), NOON);
    assert_eq!((doubted.last, doubted.to_buy, doubted.in_use), (usd("0.04"), usd("0.04"), usd("0.01")));
    // The same moment said twice, or a minute not yet over, is one witness.
    assert!(matches!(at(&mut market, NOON, spot(), "0.01"), Taken::Waits(_)));
    assert!(matches!(at(&mut market, NOON + 59, spot(), "0.01"), Taken::Waits(_)));
    // Another price that is as far off is no second witness of the first, but the first of its own.
    assert!(matches!(at(&mut market, NOON + 5 * MINUTE, spot(), "0.2"), Taken::Waits(_)));
    let doubted = stands(&market, &spot(), NOON + 5 * MINUTE);
    assert_eq!((doubted.to_buy, doubted.in_use), (usd("0.2"), usd("0.04")));
    // A price within the band ends the doubt; and a second witness within a tenth makes it count.
    assert_eq!(at(&mut market, NOON + 6 * MINUTE, spot(), "0.04"), Taken::Same);
    assert_eq!(stands(&market, &spot(), NOON + 6 * MINUTE).waiting, None);
    assert!(matches!(at(&mut market, NOON + 7 * MINUTE, spot(), "0.01"), Taken::Waits(_)));
    let taken = at(&mut market, NOON + 8 * MINUTE, spot(), "0.0105");
    assert_eq!(taken, Taken::Changed { from: usd("0.04"), to: usd("0.0105") });
}

#[test]
fn a_feed_that_tells_changes_only_is_its_own_second_witness_when_it_is_heard_again() {
    let mut market = market();
    assert!(matches!(market.take(&tick(NOON, spot(), None), NOON), Taken::Waits(_)));
    assert_eq!((stands(&market, &spot(), NOON).to_buy, stands(&market, &spot(), NOON).in_use), (None, usd("0.04")));
    market.hear("grand", NOON, NOON).unwrap();
    assert!(stands(&market, &spot(), NOON).waiting.is_some(), "the same moment is no second witness");
    market.hear("grand", NOON + DAY, NOON + DAY).unwrap();
    let closed = stands(&market, &spot(), NOON + DAY);
    assert_eq!((closed.last, closed.in_use, closed.at), (None, None, NOON + DAY));
    // It opens again: a price that goes with the on-demand one is believed at once, another one waits.
    assert!(matches!(at(&mut market, NOON + 2 * DAY, spot(), "0.12"), Taken::Waits(_)));
    assert!(is_changed(&at(&mut market, NOON + 2 * DAY + 1, spot(), "0.03")));
}

#[test]
fn a_silent_feed_makes_its_asks_stale_and_no_others() {
    let mut market = market();
    let other = ask("second", "par", "s2", Purchase::OnDemand);
    assert!(is_changed(&at(&mut market, NOON, spot(), "0.035")));
    assert!(is_changed(&at(&mut market, NOON, other.clone(), "0.019")));
    for day in 1..=3 {
        market.hear("second", NOON + day * DAY, NOON + day * DAY).unwrap();
    }
    let now = NOON + 3 * DAY;
    let silent = stands(&market, &spot(), now);
    assert_eq!((silent.stale_s, silent.at), (Some(3 * DAY), NOON));
    assert_eq!((silent.to_buy, silent.in_use), (None, usd("0.035")));
    assert_eq!(stands(&market, &other, now).stale_s, None);
    assert_eq!(stands(&market, &other, now).at, now);
    // Decisions get the oldest time.
    assert_eq!(market.prices_at([&spot(), &other], now), Some(NOON));
    assert_eq!(market.prices_at([&other], now), Some(now));
    assert_eq!(market.prices_at([&on_demand()], now), Some(NOON - HOUR));
    assert_eq!(market.prices_at([], now), None);
    // Nobody is sent there, but who is there has a price.
    let offered = |book: &PriceBook| {
        let large = |o: &&placer::catalog::ComputeOffer| book.shape(o.shape).name == "g1.large";
        book.compute.iter().find(large).unwrap().usd_hour[Purchase::Spot as usize]
    };
    assert_eq!(offered(&market.book(now, &[])), None);
    assert_eq!(offered(&market.book(now, &[spot()])), usd("0.035"));
    market.hear("grand", now, now).unwrap();
    assert_eq!(offered(&market.book(now, &[])), usd("0.035"));
}

#[test]
fn a_feed_that_flaps_on_each_tick_is_damped_until_it_has_stood_still() {
    for step in [10, MINUTE, 10 * MINUTE, 6 * HOUR, DAY] {
        let mut market = market();
        let last = 20;
        for n in 0..=last {
            let price = if n % 2 == 0 { "0.02" } else { "0.04" };
            assert_ne!(at(&mut market, NOON + n * step, spot(), price), Taken::Same, "tick {n}");
            let seen = stands(&market, &spot(), NOON + n * step);
            // The first fall cannot be told from any other; from the second on decisions see the dearer price.
            assert_eq!(seen.to_buy, if n == 0 { usd("0.02") } else { usd("0.04") }, "tick {n} of {step} s");
            if n >= 2 {
                assert!(seen.damped.is_some_and(|damped| damped.turns >= 2));
                assert_eq!(seen.in_use, usd("0.02"));
            }
        }
        let still = |hours: i64| stands(&market, &spot(), NOON + last * step + hours * HOUR);
        assert_eq!(still(35).to_buy, usd("0.04"));
        assert_eq!(still(35).in_use, usd("0.02"));
        assert_eq!((still(36).to_buy, still(36).damped), (usd("0.02"), None));
    }
}

#[test]
fn a_lower_price_counts_when_it_has_stood_long_enough() {
    let rules = Rules { stand_s: 24 * HOUR, ..Rules::default() };
    let mut market = Market::new(Arc::new(small_book::book()), NOON - HOUR, rules);
    assert!(is_changed(&at(&mut market, NOON, spot(), "0.03")));
    let to_buy = |market: &Market, hours: i64| stands(market, &spot(), NOON + hours * HOUR).to_buy;
    assert_eq!([0, 23, 24].map(|hours| to_buy(&market, hours)), [usd("0.04"), usd("0.04"), usd("0.03")]);
    // What is in use has the price that is paid; a rise counts at once.
    assert_eq!(stands(&market, &spot(), NOON).in_use, usd("0.03"));
    assert!(is_changed(&at(&mut market, NOON + 30 * HOUR, spot(), "0.05")));
    assert_eq!(to_buy(&market, 30), usd("0.05"));
}

#[test]
fn a_price_that_trembles_or_runs_one_way_is_not_damped() {
    let mut market = market();
    for (n, price) in (1..).zip(["0.0409", "0.04", "0.0409", "0.04", "0.05", "0.06", "0.07", "0.0690", "0.08", "0.02"])
    {
        let taken = at(&mut market, NOON + n * MINUTE, spot(), price);
        let seen = stands(&market, &spot(), NOON + n * MINUTE);
        assert_eq!(seen.damped, None, "{price}");
        assert!(is_changed(&taken) && seen.to_buy == usd(price) || matches!(taken, Taken::Waits(_)));
    }
}

#[test]
fn a_clock_that_jumps_moves_nothing() {
    let mut market = market();
    assert!(is_changed(&at(&mut market, NOON, spot(), "0.035")));
    // From the future, and back into the past.
    let ahead = market.take(&tick(NOON + DAY, spot(), usd("0.03")), NOON + MINUTE);
    assert_eq!(ahead, Taken::Refused(Refusal::Ahead { ahead_s: DAY - MINUTE }));
    let behind = market.take(&tick(NOON - MINUTE, spot(), usd("0.03")), NOON + MINUTE);
    assert_eq!(behind, Taken::Refused(Refusal::Behind { behind_s: MINUTE }));
    let twice = market.take(&tick(NOON, spot(), usd("0.03")), NOON + MINUTE);
    assert_eq!(twice, Taken::Refused(Refusal::Twice { usd: usd("0.035") }));
    let old = market.take(&tick(NOON - 2 * HOUR, on_demand(), usd("0.09")), NOON);
    assert_eq!(old, Taken::Refused(Refusal::Behind { behind_s: HOUR }));
    assert!(market.hear("grand", NOON + DAY, NOON).is_err());
    // This machine's own clock jumps a month ahead: all is stale, and says so.
    let later = NOON + 30 * DAY;
    assert_eq!(stands(&market, &spot(), later).to_buy, None);
    // A tick comes by that clock; then the clock is put right. Its price is of a moment that has not come.
    assert!(is_changed(&at(&mut market, later, spot(), "0.02")));
    let now = NOON + HOUR;
    let wrong = stands(&market, &spot(), now);
    assert_eq!((wrong.to_buy, wrong.stale_s), (None, Some(now - later)));
    assert_eq!(market.prices_at([&spot(), &on_demand()], now), Some(later), "a decision refuses prices of the future");
    // What comes by the right clock counts again when it is said twice.
    assert!(matches!(at(&mut market, now, spot(), "0.034"), Taken::Waits(w) if matches!(w.doubt, Doubt::Clock { .. })));
    assert!(is_changed(&at(&mut market, now + MINUTE, spot(), "0.034")));
    let right = stands(&market, &spot(), now + MINUTE);
    assert_eq!((right.to_buy, right.stale_s, right.at), (usd("0.034"), None, now + MINUTE));
}

#[test]
fn what_the_book_does_not_have_is_refused_by_name() {
    let mut market = market();
    let told = |market: &mut Market, ask: Ask, price: &str| match at(market, NOON, ask, price) {
        Taken::Refused(refusal) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    let of = |provider: &str, region: &str, offer: &str| ask(provider, region, offer, Purchase::OnDemand);
    for (ask, words) in [
        (of("other", "eu-1", "x"), "no provider `other`"),
        (of("grand", "eu-9", "x"), "no region `eu-9`"),
        (of("grand", "eu-1", "x"), "no offer `x`"),
        (of("second", "par", "Second DB pg-2"), "priced per month"),
        (ask("grand", "eu-1", "Grand SQL db.large", Purchase::Spot), "managed tier"),
    ] {
        assert!(told(&mut market, ask, "1").contains(words), "{words}");
    }
    assert!(told(&mut market, on_demand(), "5000").contains("no price of anything"));
}

#[test]
fn another_book_keeps_what_is_newer_than_it() {
    let mut market = market();
    assert!(is_changed(&at(&mut market, NOON, spot(), "0.035")));
    assert!(is_changed(&at(&mut market, NOON + HOUR, on_demand(), "0.09")));
    market.rebase(Arc::new(small_book::book()), NOON + MINUTE);
    let now = NOON + HOUR;
    assert_eq!(stands(&market, &spot(), now).last, usd("0.04"));
    assert_eq!(stands(&market, &on_demand(), now).last, usd("0.09"));
    assert_eq!(market.standings(now).count(), 1);
}

#[test]
fn bad_lines_are_told_with_their_number_and_what_to_do() {
    let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    let json = "{\"placer_ticks\": 1}\nnot json\n{\"at\":1,\"provider\":\"a\",\"region\":\"b\"}\n\
                {\"at\":1,\"provider\":\"a\",\"region\":\"b\",\"offer\":\"c\",\"purchase\":\"rented\"}\n\
                {\"at\":\"noon\",\"provider\":\"a\"}\n\
                {\"at\":1,\"provider\":\"a\",\"region\":\"b\",\"offer\":\"c\",\"purchase\":\"spot\",\"usd_hour\":0}\n\
                {\"at\":1,\"provider\":\"a\",\"region\":\"b\",\"offer\":\"c\",\"purchase\":\"spot\",\"price\":1}\n\
                {\"at\":1,\"provider\":\"a\",\"region\":\"b\",\"offer\":\"c\",\"purchase\":\"spot\",\"usd_hour\":\"1e3\"}\n";
    let all = told(json);
    for words in [
        "line 2: not a tick",
        "line 3: half a tick",
        "line 4: `rented` is no way to buy; one of `on_demand`, `spot`",
        "line 5: `noon` is no time",
        "line 6: a price of 0",
        "line 7: not a tick: unknown field `price`",
        "line 8: `1e3` is no price",
        "docs/market.md",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(told("").contains("nothing; begin with"));
    assert!(told("at,provider\n").contains("no version"));
    assert!(told("{\"placer_ticks\": 2}\n").contains("of version 2"));
    assert!(told("# placer ticks 3\n").contains("of version 3"));
    assert!(told("# placer ticks 1\n1,a,b\n").contains("line 2: 3 fields"));
    let many = format!("# placer ticks 1\n{}", "x\n".repeat(5_000));
    assert!(told(&many).contains("and 4980 more bad lines"));
    assert!(read(b"{\"placer_ticks\": 1}\n\xff\n").unwrap_err().to_string().contains("line 2: not UTF-8"));
}

prop_compose! {
    fn entries()(rows in prop::collection::vec(
        (0_i64..4_000_000_000, "[a-z]{1,8}", "[a-z0-9-]{1,12}", "[a-z0-9. ]{0,12}[a-z]", 0_usize..4, 0_i64..5_000_000_000),
        0..40,
    )) -> Vec<Entry> {
        rows.into_iter().map(|(at, provider, region, offer, purchase, nanos)| {
            if nanos % 7 == 0 {
                return Entry::Heard { at, provider };
            }
            let usd_hour = (nanos % 5 != 0).then(|| Money::from_nanos(nanos));
            Entry::Tick(tick(at, ask(&provider, &region, &offer, Purchase::ALL[purchase]), usd_hour))
        }).collect()
    }
}

/// The asks that the random course moves, with the cell of the book's text that each stands in.
const CELLS: [(&str, &str, &str, Purchase, &str, &str); 5] = [
    ("grand", "eu-1", "g1.large", Purchase::OnDemand, "compute/grand.csv", "eu-1,g1.large,{},"),
    ("grand", "us-1", "g1.large", Purchase::OnDemand, "compute/grand.csv", "us-1,g1.large,{},"),
    ("plain", "nbg", "p2", Purchase::OnDemand, "compute/plain.csv", "nbg,p2,{},"),
    ("second", "par", "s2", Purchase::OnDemand, "compute/second.csv", "par,s2,{},"),
    ("grand", "eu-1", "Grand SQL db.large", Purchase::OnDemand, "managed/grand.csv", "db.large,2,8192,0,hour,{},l,0"),
];
const BEFORE: [&str; 5] = ["0.1", "0.09", "0.008", "0.02", "0.15"];

fn shop() -> App {
    let names = Names { cities: vec![("Berlin".into(), "DE".into())], ..Names::default() };
    app::parse(SHOP, "shop.toml", &names).unwrap_or_else(|faults| panic!("{faults}")).app
}

proptest! {
    #[test]
    fn both_forms_of_a_file_say_the_same(entries in entries()) {
        prop_assert_eq!(&read(json_lines(&entries).as_bytes()).unwrap(), &entries);
        prop_assert_eq!(&read(csv(&entries).as_bytes()).unwrap(), &entries);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300), mark in 0..3) {
        let head: &[u8] = [b"" as &[u8], b"{\"placer_ticks\":1}\n", b"# placer ticks 1\n"][mark as usize];
        let _ = read(&[head, &bytes].concat());
    }

    #[test]
    fn the_market_s_book_is_the_one_that_is_sealed_with_its_prices(
        moves in prop::collection::vec((0_usize..5, 80_i64..120), 1..12),
    ) {
        let mut market = market();
        let mut prices = BEFORE.map(|text| Money::parse(text).unwrap());
        for (n, (which, percent)) in (1..).zip(moves) {
            let (provider, region, offer, purchase, ..) = CELLS[which];
            prices[which] = Money::from_nanos(prices[which].nanos() * percent / 100);
            let now = NOON + n * MINUTE;
            market.take(&tick(now, ask(provider, region, offer, purchase), Some(prices[which])), now);
        }
        // Some time later, when all has settled; the gate may have held a price back, and then says so.
        let now = NOON + 40 * HOUR;
        let mut edits = Vec::new();
        for (which, (provider, region, offer, purchase, file, cell)) in CELLS.into_iter().enumerate() {
            let seen = market.standing(&ask(provider, region, offer, purchase), now).unwrap();
            if seen.waiting.is_none() {
                prop_assert_eq!(seen.last, Some(prices[which]));
            }
            let text = seen.to_buy.unwrap().to_decimal();
            edits.push((file, cell.replace("{}", BEFORE[which]), cell.replace("{}", &text)));
        }
        let edits: Vec<_> = edits.iter().map(|(file, from, to)| (*file, from.as_str(), to.as_str())).collect();
        let sealed = PriceBook::from_sealed(&small_book::sealed_with(&edits)).unwrap();
        let live = market.book(now, &[]);
        let prices = |book: &PriceBook| book.compute.iter().map(|o| (o.region, o.shape, o.usd_hour)).collect::<Vec<_>>();
        prop_assert_eq!(prices(&live), prices(&sealed));
        let answer = |book: &PriceBook| {
            let problem = lower(&shop(), book, &Policy::default(), &Options::default()).unwrap();
            let solution = solve(&problem, &Limits::default());
            (solution.assignment, solution.objective, solution.lower_bound)
        };
        prop_assert_eq!(answer(&live), answer(&sealed));
    }

    #[test]
    fn whatever_a_feed_says_decisions_see_no_price_that_the_gate_did_not_let_pass(
        said in prop::collection::vec((-100_i64..10_000, -100_i64..10_000, 1_i64..200_000_000, any::<bool>()), 1..60),
    ) {
        let mut market = market();
        let mut believed = vec![usd("0.04")];
        let mut clock = NOON;
        for (ahead, skew, nanos, closes) in said {
            clock += ahead;
            let price = (!closes).then(|| Money::from_nanos(nanos));
            if let Taken::Changed { from, to } = market.take(&tick(clock + skew % 1_000, spot(), price), clock) {
                prop_assert_eq!(believed.last(), Some(&from));
                prop_assert_eq!(to, price);
                believed.push(to);
            }
            let seen = stands(&market, &spot(), clock);
            prop_assert_eq!(believed.last(), Some(&seen.last));
            // To buy: nothing, or no less than the believed price. In use: no more than it.
            prop_assert!(seen.to_buy.is_none_or(|usd| seen.last.is_some_and(|last| usd >= last)));
            prop_assert!(seen.last.is_none_or(|last| seen.in_use.is_some_and(|usd| usd <= last)));
        }
    }
}
