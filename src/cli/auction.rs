//! `placer auction`: an application and ticks in; how the market clears after each moment of them out, as it happens.

use super::failure::Failure;
use super::market_args::{AuctionArgs, AuctionFormat};
use super::text::{Look, moment};
use super::{input, policy};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::market::file::{FILE_BYTES_MAX, read};
use crate::market::{Entry, Market, Rules};
use crate::policy::Policy;
use crate::problem::lower::{Options, lower};
use crate::problem::{Choice, Problem, check};
use crate::solve::{Clearing, Limits, Session, Status, Tick};
use crate::units::Money;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;

/// How the market cleared at a moment. Money is a decimal string in US dollars a month.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Cleared {
    /// Seconds since 1970.
    at: i64,
    /// `opened` (solved from scratch), `certified` (the answer stays, proven without a search), or `cleared` (searched anew).
    how: &'static str,
    /// Ticks of this moment that were believed.
    believed: usize,
    /// Ticks of this moment that were refused, or wait for a second witness.
    doubted: usize,
    /// The whole bill's objective; `null`: there is no placement.
    usd_month: Option<String>,
    /// Components whose winner is another one than before.
    moved: Vec<String>,
    /// One for each component.
    lots: Vec<Lot>,
}

/// A component's lot.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Lot {
    component: String,
    winner: Bid,
    /// Who is nearest to winning.
    runner_up: Option<Bid>,
    /// By how much the runner-up must become cheaper, all else as it stands, before the answer may change.
    margin_usd_month: Option<String>,
}

/// Who asks what for a component, apart from traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Bid {
    provider: String,
    region: String,
    offer: String,
    purchase: &'static str,
    usd_month: String,
}

/// Runs the command.
pub fn run(args: &AuctionArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = Arc::new(input::book(args.book.price_book.as_deref())?);
    let app = input::app(&args.app, &text, &book)?;
    let rules = args.policy.as_deref().map(|name| policy::read(name, &book)).transpose()?.unwrap_or_default();
    let bytes = input::bytes(&args.ticks, FILE_BYTES_MAX, "ticks")?;
    let ticks = read(&bytes).map_err(|faults| Failure::Input(format!("`{}`: {faults}", args.ticks.display())))?;
    let Some(opening) = ticks.first().map(Entry::at) else {
        return Err(Failure::Input(format!("there are no ticks in `{}`", args.ticks.display())));
    };
    let market = Market::new(Arc::clone(&book), opening, Rules::default());
    let batches: Vec<&[Entry]> = ticks.chunk_by(|a, b| a.at() == b.at()).collect();
    let mut hall = Hall { app, rules, market, batches: batches.into_iter(), last: Vec::new() };
    let mut problem = hall.problem(opening)?;
    let mut opened = Told { at: opening, how: "opened", believed: 0, doubted: 0 };
    // A session follows the prices of one problem; where prices bring other offers in, the next begins.
    while let Some((next, told)) = hall.session(&problem, &opened, args.format, out)? {
        (problem, opened) = (next, told);
    }
    Ok(())
}

/// What is told of a moment, besides the lots.
#[derive(Clone, Copy)]
struct Told {
    at: i64,
    how: &'static str,
    believed: usize,
    doubted: usize,
}

struct Hall<'t> {
    app: App,
    rules: Policy,
    market: Market,
    batches: std::vec::IntoIter<&'t [Entry]>,
    /// The winners before.
    last: Vec<Bid>,
}

impl Hall<'_> {
    fn problem(&self, at: i64) -> Result<Problem, Failure> {
        let book: PriceBook = self.market.book(at, &[]);
        lower(&self.app, &book, &self.rules, &Options::default()).map_err(Failure::input)
    }

    /// Follows the prices of a problem until the ticks end, or another problem has to be solved.
    fn session(
        &mut self,
        problem: &Problem,
        opened: &Told,
        format: AuctionFormat,
        out: &mut dyn Write,
    ) -> Result<Option<(Problem, Told)>, Failure> {
        let mut session = Session::new(problem, &Limits::default());
        self.tell(problem, &session, opened, format, out)?;
        while let Some(batch) = self.batches.next() {
            let at = batch[0].at();
            let (mut believed, mut doubted) = (0, 0);
            for entry in batch {
                match self.market.enter(entry, at) {
                    crate::market::Taken::Changed { .. } => believed += 1,
                    crate::market::Taken::Same => {}
                    _ => doubted += 1,
                }
            }
            let next = self.problem(at)?;
            let Some(ticks) = between(problem, &session, &next) else {
                return Ok(Some((next, Told { at, how: "opened", believed, doubted })));
            };
            let how = match session.apply(&ticks).map_err(Failure::other)? {
                Clearing::Certified => "certified",
                Clearing::Cleared => "cleared",
            };
            self.tell(problem, &session, &Told { at, how, believed, doubted }, format, out)?;
        }
        Ok(None)
    }

    fn tell(
        &mut self,
        problem: &Problem,
        session: &Session<'_>,
        told: &Told,
        format: AuctionFormat,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let solution = session.solution();
        let placed = !matches!(solution.status, Status::Infeasible | Status::Unknown);
        if placed && !check(problem, &solution.assignment).is_empty() {
            return Err(Failure::Other("internal error, please report it: the checker refuses the answer".into()));
        }
        let lots: Vec<Lot> =
            if placed { (0..problem.components.len()).map(|c| lot(problem, session, c)).collect() } else { Vec::new() };
        let winners: Vec<Bid> = lots.iter().map(|lot| lot.winner.clone()).collect();
        let place = |bid: &Bid| (bid.provider.clone(), bid.region.clone(), bid.offer.clone(), bid.purchase);
        let other = |(lot, before): (&Lot, &Bid)| (place(&lot.winner) != place(before)).then(|| lot.component.clone());
        let moved: Vec<String> = lots.iter().zip(&self.last).filter_map(other).collect();
        let total = i64::try_from(solution.objective).ok().filter(|_| placed).map(Money::from_nanos);
        let Told { at, how, believed, doubted } = *told;
        let first = self.last.is_empty();
        self.last = winners;
        let cleared = Cleared { at, how, believed, doubted, usd_month: total.map(Money::to_decimal), moved, lots };
        match format {
            AuctionFormat::Json => {
                serde_json::to_writer(&mut *out, &cleared)?;
                writeln!(out)?;
            }
            AuctionFormat::Table => out.write_all(text(&cleared, total, first).as_bytes())?,
        }
        Ok(out.flush()?)
    }
}

/// The prices that differ between what a session has and a problem of the same choices; `None`: the choices differ.
fn between(problem: &Problem, session: &Session<'_>, next: &Problem) -> Option<Vec<Tick>> {
    let place = |of: &Problem, choice: &Choice| {
        let place = &of.places[choice.place];
        (place.provider_name.clone(), place.region_code.clone())
    };
    let mut ticks = Vec::new();
    if problem.components.len() != next.components.len() {
        return None;
    }
    for (component, (before, after)) in problem.components.iter().zip(&next.components).enumerate() {
        if before.choices.len() != after.choices.len() {
            return None;
        }
        for (choice, (old, new)) in before.choices.iter().zip(&after.choices).enumerate() {
            let what = |c: &Choice| (c.offer.clone(), c.purchase, c.count, c.form, c.above.clone(), c.host);
            if what(old) != what(new) || place(problem, old) != place(next, new) {
                return None;
            }
            if session.cost(component, choice) != Some(new.cost) {
                ticks.push(Tick { component, choice, cost: new.cost });
            }
        }
    }
    Some(ticks)
}

fn lot(problem: &Problem, session: &Session<'_>, component: usize) -> Lot {
    let variable = &problem.components[component];
    let bid = |choice: usize| {
        let picked = &variable.choices[choice];
        let place = &problem.places[picked.place];
        Bid {
            provider: place.provider_name.clone(),
            region: place.region_code.clone(),
            offer: picked.offer.clone(),
            purchase: picked.purchase.as_str(),
            usd_month: session.cost(component, choice).unwrap_or(picked.cost).to_decimal(),
        }
    };
    let rooms = (0..variable.choices.len()).filter_map(|choice| Some((session.room(component, choice)?, choice)));
    let nearest = rooms.min();
    Lot {
        component: variable.name.clone(),
        winner: bid(session.solution().assignment[component]),
        runner_up: nearest.map(|(_, choice)| bid(choice)),
        margin_usd_month: nearest.map(|(room, _)| room.to_decimal()),
    }
}

/// A moment for people: one line, and the lots where the answer is another one than before.
fn text(cleared: &Cleared, total: Option<Money>, first: bool) -> String {
    let total = total.map_or_else(|| "no placement".to_owned(), |total| format!("{total} a month"));
    let doubted = if cleared.doubted > 0 { format!(", {} doubted", cleared.doubted) } else { String::new() };
    let mut text = format!("{}  {:9}  {} ticks{doubted}  {total}\n", moment(cleared.at), cleared.how, cleared.believed);
    for lot in cleared.lots.iter().filter(|lot| first || cleared.moved.contains(&lot.component)) {
        let said = |bid: &Bid| format!("{} at {}:{} for ${}", bid.offer, bid.provider, bid.region, bid.usd_month);
        let rival = match (&lot.runner_up, &lot.margin_usd_month) {
            (Some(bid), Some(margin)) => format!("; {} would have to be ${margin} cheaper", said(bid)),
            _ => String::new(),
        };
        text += &Look::of_stdout().bullet(&format!("{}: {}{rival}", lot.component, said(&lot.winner)));
    }
    text
}
