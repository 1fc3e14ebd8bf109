//! Latency: the paths of the application over the places of the problem.

use super::lowerer::Users;
use super::{Context, Demand};
use crate::app::{Link, Objective, Path as AppPath, PathAudience, Percentile};
use crate::catalog::Rtt;
use crate::problem::{Hop, Path, Place};
use crate::units::Latency;
use std::sync::Arc;

/// One path of the problem per path of the application, per audience where each counts on its own, and per combination
/// of replicas of spread components: users may be sent to any of them, so the bound holds through every one.
pub(super) fn build(cx: &Context, demands: &[Demand], places: &[Place], users: &[Arc<Users>]) -> Vec<Path> {
    let mut paths = Vec::new();
    for path in &cx.app.paths {
        let routes = replica_routes(path, demands);
        let audiences: Vec<(String, Vec<(usize, i64)>)> = match path.audience {
            PathAudience::Internal => vec![(String::new(), Vec::new())],
            PathAudience::One(a) => vec![(cx.app.audiences[a].name.clone(), vec![(a, 1_000_000)])],
            PathAudience::Each => {
                cx.app.audiences.iter().enumerate().map(|(a, spec)| (spec.name.clone(), vec![(a, 1_000_000)])).collect()
            }
            PathAudience::Weighted => {
                let shares = cx.app.audiences.iter().enumerate().map(|(a, spec)| (a, spec.share_ppm)).collect();
                vec![("all users, weighted".to_owned(), shares)]
            }
        };
        let copies = i64::try_from(routes.len() * audiences.len()).unwrap_or(i64::MAX).max(1);
        for route in &routes {
            for (audience, shares) in &audiences {
                let table = (!shares.is_empty()).then(|| (route[0], entry_table(cx, path, shares, users, places)));
                paths.push(path_of(cx, path, route, audience, table, copies));
            }
        }
    }
    paths.extend(cx.app.links.iter().flat_map(|link| bounded_link(cx, link, demands)));
    paths
}

/// One round trip over a link with a bound, for every pair of replicas: a path that only has to keep its bound.
fn bounded_link(cx: &Context, link: &Link, demands: &[Demand]) -> Vec<Path> {
    let Some((percentile, bound)) = link.bound else { return Vec::new() };
    let ends = |ordinal: usize| {
        demands.iter().filter(move |d| d.app_component == ordinal && (d.shares.is_none() || d.replica == 0))
    };
    let name = |ordinal: usize| &cx.app.components[ordinal].name;
    let path = |a: usize, b: usize| Path {
        name: format!("{} -> {}", name(link.from), name(link.to)),
        audience: String::new(),
        percentile,
        entry: None,
        hops: vec![Hop { a, b, round_trips_milli: 1000 }],
        constant: Latency::ZERO,
        bound: Some(bound),
        nanos_per_us: 0,
        only_bounded: true,
    };
    ends(link.from)
        .flat_map(|a| ends(link.to).map(move |b| (a.variable, b.variable)))
        .map(|(a, b)| path(a, b))
        .collect()
}

/// Every way through the replicas: lists of variables.
fn replica_routes(path: &AppPath, demands: &[Demand]) -> Vec<Vec<usize>> {
    let mut routes = vec![Vec::new()];
    for &ordinal in &path.through {
        let replicas: Vec<usize> = demands
            .iter()
            // Replicas that share machines are all in one region: one of them stands for all.
            .filter(|d| d.app_component == ordinal && (d.shares.is_none() || d.replica == 0))
            .map(|d| d.variable)
            .collect();
        routes = routes
            .iter()
            .flat_map(|route| {
                replicas.iter().map(move |&replica| {
                    let mut longer = route.clone();
                    longer.push(replica);
                    longer
                })
            })
            .collect();
    }
    routes
}

/// Microseconds from the users to each place, all round trips of the request, weighted over the audiences.
fn entry_table(
    cx: &Context,
    path: &AppPath,
    shares: &[(usize, i64)],
    users: &[Arc<Users>],
    places: &[Place],
) -> Vec<i64> {
    let rtts: Vec<(&[Rtt], i128)> =
        shares.iter().map(|&(audience, share)| (users[audience].rtts(cx.book), i128::from(share))).collect();
    let at = |place: &Place| {
        let one = |&(rtts, share): &(&[Rtt], i128)| {
            let rtt = rtts[usize::from(place.region.0)];
            let us = match path.percentile {
                Percentile::P50 => rtt.p50,
                Percentile::P95 => rtt.p95,
            };
            i128::from(us.micros()) * share
        };
        let weighted: i128 = rtts.iter().map(one).sum();
        let total = weighted * i128::from(path.entry_round_trips_milli);
        // Nearly always it fits into a machine word, whose division is many times faster.
        let scaled = i64::try_from(total).map_or(total / 1_000_000_000, |total| i128::from(total / 1_000_000_000));
        i64::try_from(scaled).unwrap_or(i64::MAX)
    };
    places.iter().map(at).collect()
}

fn path_of(
    cx: &Context,
    path: &AppPath,
    route: &[usize],
    audience: &str,
    entry: Option<(usize, Vec<i64>)>,
    copies: i64,
) -> Path {
    let hops = path.through.windows(2).zip(route.windows(2)).map(|(ordinals, variables)| {
        // Asking and answering may be two links; the one in the direction of the path is the one that is waited for.
        let along = |a: usize, b: usize| cx.app.links.iter().find(move |l| (l.from, l.to) == (a, b));
        let link = along(ordinals[0], ordinals[1]).or_else(|| along(ordinals[1], ordinals[0]));
        let round_trips_milli = link.map_or(1000, |link| link.round_trips_milli);
        Hop { a: variables[0], b: variables[1], round_trips_milli }
    });
    let service: i64 = path.through.iter().map(|&ordinal| cx.app.components[ordinal].service_time.micros()).sum();
    let priced = cx.app.objective == Objective::CostAndLatency;
    Path {
        name: path.name.clone(),
        audience: audience.to_owned(),
        percentile: path.percentile,
        entry,
        hops: hops.collect(),
        constant: Latency::from_micros(service),
        bound: path.bound,
        nanos_per_us: if priced { path.usd_per_ms.nanos() / 1000 / copies } else { 0 },
        only_bounded: false,
    }
}
