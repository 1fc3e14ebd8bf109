//! From a frontier to its canonical form.

use super::{Frontier, Point, wire};
use crate::catalog::PriceBook;
use crate::report::alternatives::picked_of;
use crate::report::explain::{moved_wire, named};
use crate::units::{Latency, Money, format_scaled};

fn millis(latency: Latency) -> String {
    format_scaled(latency.micros(), 3, 0)
}

pub(super) fn frontier(frontier: &Frontier, book: &PriceBook) -> wire::Frontier {
    let cheapest = frontier.points.iter().position(|point| point.within_bound && point.within_budget);
    let point = |(at, point): (usize, &Point)| wire::Point {
        latency_ms: millis(point.latency),
        total_usd_month: point.bill.total.to_decimal(),
        within_bound: point.within_bound,
        within_budget: point.within_budget,
        cheapest_allowed: cheapest == Some(at),
        moved: point.moved.iter().map(moved_wire).collect(),
        components: picked_of(&frontier.problem, &point.assignment).iter().map(named).collect(),
    };
    wire::Frontier {
        version: wire::VERSION,
        app: frontier.problem.app.clone(),
        path: frontier.path.clone(),
        bound_ms: frontier.bound.map(millis),
        budget_usd_month: frontier.budget.map(Money::to_decimal),
        complete: frontier.complete,
        points: frontier.points.iter().enumerate().map(point).collect(),
        price_book: crate::report::fill::price_book(book),
    }
}
