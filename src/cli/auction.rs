//! `placer auction`: an application and ticks in; how the market clears after each moment of them out, as it happens.

use super::failure::Failure;
use super::market_args::{AuctionArgs, AuctionFormat};
use super::text::{Look, moment};
use super::{input, policy};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::control::clearing::{Bid, Lot, told};
use crate::market::file::{FILE_BYTES_MAX, read};
use crate::market::{Entry, Market, Rules, Taken};
use crate::policy::Policy;
use crate::problem::check;
use crate::problem::lower::{Options, lower};
use crate::solve::{Floor, Limits, Status};
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
    let (floor, last) = (Floor::new(&Limits::default()), Vec::new());
    let mut hall = Hall { app, rules, market, floor, last };
    let opened = Moment { at: opening, believed: 0, doubted: 0 };
    hall.clear(&opened, args.format, out)?;
    for batch in ticks.chunk_by(|a, b| a.at() == b.at()) {
        let moment = hall.hear(batch);
        hall.clear(&moment, args.format, out)?;
    }
    Ok(())
}

/// A moment, and how many of its ticks were believed.
#[derive(Clone, Copy)]
struct Moment {
    at: i64,
    believed: usize,
    doubted: usize,
}

struct Hall {
    app: App,
    rules: Policy,
    market: Market,
    floor: Floor,
    /// The winners before.
    last: Vec<Bid>,
}

impl Hall {
    /// Takes in the ticks of a moment.
    fn hear(&mut self, batch: &[Entry]) -> Moment {
        let mut moment = Moment { at: batch[0].at(), believed: 0, doubted: 0 };
        for entry in batch {
            match self.market.enter(entry, moment.at) {
                Taken::Changed { .. } => moment.believed += 1,
                Taken::Same => {}
                Taken::Waits(_) | Taken::Refused(_) => moment.doubted += 1,
            }
        }
        moment
    }

    /// Clears the market at a moment, and tells how.
    fn clear(&mut self, moment: &Moment, format: AuctionFormat, out: &mut dyn Write) -> Result<(), Failure> {
        let Moment { at, believed, doubted } = *moment;
        let book: PriceBook = self.market.book(at, &[]);
        let problem = lower(&self.app, &book, &self.rules, &Options::default()).map_err(Failure::input)?;
        let how = self.floor.follow(&problem).as_str();
        let placed = self.floor.solution().filter(|s| !matches!(s.status, Status::Infeasible | Status::Unknown));
        if placed.is_some_and(|solution| !check(&problem, &solution.assignment).is_empty()) {
            return Err(Failure::Other("internal error, please report it: the checker refuses the answer".into()));
        }
        let total = placed.and_then(|solution| i64::try_from(solution.objective).ok()).map(Money::from_nanos);
        let lots = placed.map(|solution| told(&problem, &solution.assignment, &self.floor.lots())).unwrap_or_default();
        let winners: Vec<Bid> = lots.iter().map(|lot| lot.winner.clone()).collect();
        let place = |bid: &Bid| (bid.provider.clone(), bid.region.clone(), bid.offer.clone(), bid.purchase);
        let other = |(lot, before): (&Lot, &Bid)| (place(&lot.winner) != place(before)).then(|| lot.component.clone());
        let moved: Vec<String> = lots.iter().zip(&self.last).filter_map(other).collect();
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
