//! An application on the stage as a question to the clairvoyant.

use super::clairvoyant::{Course, Far, Lane, Tie};
use super::stage::{NONE, Part, Stage, for_hours};
use crate::problem::{ComponentId, Path};

impl Stage {
    /// The question, from seats of the first period on.
    #[must_use]
    pub fn course(&self, start: &[usize]) -> Course {
        let lanes = self.parts.iter().zip(start).map(|(part, &start)| self.lane(part, start)).collect();
        let (kinds, of) = self.kinds();
        let tie = |tie: &super::stage::Tie| Tie {
            a: tie.a,
            b: tie.b,
            tables: kinds
                .iter()
                .map(|&hours| tie.table.iter().map(|&month| for_hours(month, hours)).collect())
                .collect(),
            of: of.clone(),
        };
        Course {
            lanes,
            ties: self.ties.iter().map(tie).collect(),
            far: self.far.iter().map(|path| self.far(path)).collect(),
            periods: self.periods(),
        }
    }

    /// How long periods are, and which of that each is.
    fn kinds(&self) -> (Vec<i64>, Vec<usize>) {
        let mut kinds = self.hours.clone();
        kinds.sort_unstable();
        kinds.dedup();
        let of = self.hours.iter().map(|hours| kinds.binary_search(hours).unwrap_or(0)).collect();
        (kinds, of)
    }

    fn lane(&self, part: &Part, start: usize) -> Lane {
        let seats = 0..part.seats.len();
        let by_period = |amount: &dyn Fn(usize, usize) -> i64| -> Vec<Vec<i64>> {
            (0..self.periods()).map(|period| seats.clone().map(|seat| amount(seat, period)).collect()).collect()
        };
        Lane {
            site: part.seats.iter().map(|seat| seat.site).collect(),
            sites: part.sites.len(),
            due: by_period(&|seat, period| for_hours(part.due(seat, period), self.hours[period])),
            leave: by_period(&|seat, period| part.keep_cost(seat, period)),
            enter: by_period(&|seat, period| {
                if part.costs[seat].open[period] { part.overlap_cost(seat, period) } else { NONE }
            }),
            carry: part.carry.clone(),
            start,
        }
    }

    /// A bound on a path, as sums over sites.
    fn far(&self, path: &Path) -> Far {
        let sites = |component: ComponentId| &self.parts[component].sites;
        let entry = path.entry.as_ref().map(|(component, by_place)| {
            (*component, sites(*component).iter().map(|site| by_place[site.place]).collect())
        });
        let hops = path.hops.iter().map(|hop| {
            let latency =
                |from: usize, to: usize| hop.round_trips_milli * self.problem.rtt_us(path.percentile, from, to) / 1_000;
            let row = |from: &super::stage::Site| {
                let from = from.place;
                sites(hop.b).iter().map(move |to| (from, to.place)).collect::<Vec<_>>()
            };
            let table = sites(hop.a).iter().flat_map(row).map(|(from, to)| latency(from, to)).collect();
            (hop.a, hop.b, table)
        });
        let bound = path.bound.map_or(NONE, crate::units::Latency::micros);
        Far { entry, hops: hops.collect(), limit: bound - path.constant.micros() }
    }
}
