//! The way of a large part to a small one: working sets, until what they say about the whole leaves little open.
//!
//! A working set of a few values per variable settles in a fraction of the time that one look at the whole tables takes.
//! Pricing then tells what that means for all values; those it finds missing join, and the next working set settles from
//! there. Mostly the bound meets the best assignment on the way; else what it does not rule out is small.

use super::cell::Cell;
use super::columns::Columns;
use super::core::{Closed, Scratch, State};
use super::focus::Focus;
use super::part::Part;
use super::search::Search;
use super::threads;
use super::{Effort, Limits};

/// Rounds of messages within a working set.
const ROUNDS_MAX: u32 = 20;
/// Working sets in a row that neither halve the loss nor take a quarter off what is open, after which nothing more is expected of them.
const IDLE_MAX: u32 = 4;
/// A working set with more than one in so many cells of the tables is none.
const FOCUS_PART: usize = 6;
/// One in so many cells of the tables are little.
const LITTLE: usize = 8;
/// How often a working set is widened because values of it go with nothing.
const REPAIRS_MAX: u32 = 4;
/// Search nodes within a working set, for a better assignment, and looks at each of its cells.
const NODES_MAX: u64 = 64;
const LOOKS_MAX: u64 = 100;

impl<'n> Search<'_, 'n> {
    /// Searches a part by a working set, then what is left of it.
    pub(super) fn approach(&mut self, part: &Part<'_, i64>, state: State<i64>) -> Result<(), Closed> {
        let Some(columns) = self.columns(part, state)? else {
            return self.start(part, &mut Part::exact(self.network, self.members, self.pairs).1);
        };
        let mut state = part.shape.restart(columns.state);
        if part.shape.cells_left(&state) * 2 > part.shape.cells {
            return self.root(part, &mut state);
        }
        self.compacted(part, &state)
    }

    /// The same for the whole part, in the midst of a search that has come to a stop elsewhere; only when it leaves little.
    /// Says whether it did.
    pub(super) fn approach_anew(&mut self) -> Result<bool, Closed> {
        let (part, state) = Part::<i64>::exact(self.network, self.members, self.pairs);
        if !self.effort.holds(state.bytes(), self.limits) {
            return Ok(false);
        }
        let Some(columns) = self.columns(&part, state)? else { return Ok(false) };
        let state = part.shape.restart(columns.state);
        if part.shape.cells_left(&state) * LITTLE > part.shape.cells {
            return Ok(false);
        }
        self.compacted(&part, &state)?;
        Ok(true)
    }

    /// Messages over all values of a part, of which many are ruled out; `None` when working sets are of no use.
    fn columns(&mut self, part: &Part<'_, i64>, state: State<i64>) -> Result<Option<Columns<'n>>, Closed> {
        // The steps take a byte for each cell.
        if !self.effort.fits(2 * state.bytes() + part.shape.cells, self.limits) {
            return Ok(None);
        }
        let all = self.network.steps();
        let steps = self.pairs.iter().map(|&pair| &all[pair]).collect();
        threads::within(part.shape.cells, || {
            let mut columns = Columns::new(part, state, steps);
            self.narrow(part, &mut columns)?;
            columns.level(&part.shape);
            Ok(columns.priced.then_some(columns))
        })
    }

    /// Settles, prices and widens the working set until little is left, or nothing more comes of it.
    fn narrow(&mut self, part: &Part<'_, i64>, columns: &mut Columns<'_>) -> Result<(), Closed> {
        let mut scratch = Scratch::default();
        let mut earlier = None;
        // What was open when pruning was tried last, the last loss, the least of it and the least that was open, and for how
        // long those have stood.
        let (mut tried, mut loss) = (i64::MAX, i64::MAX);
        let (mut least_loss, mut least_open, mut idle) = (i64::MAX, i64::MAX, 0);
        while idle < IDLE_MAX && !self.effort.ends(self.limits) {
            let Some(focus) = self.settle(part, columns, earlier.take(), &mut scratch) else { break };
            self.improve(part, columns, &focus, &mut scratch, loss);
            if !columns.take(part, &focus, 1) {
                break;
            }
            loss = columns.widen(&part.shape);
            self.effort.work += std::mem::take(&mut columns.work);
            let open = self.limit(part) - columns.state.c0 + loss;
            if open <= 0 {
                return Err(Closed(0));
            }
            if self.best.is_some() && open <= tried / 2 {
                tried = open;
                columns.level(&part.shape);
                if columns.prune(part, self.limit(part))? {
                    break;
                }
            }
            let gets_on = (loss > 0 && loss <= least_loss / 2) || open <= least_open / 4 * 3;
            idle = if gets_on { 0 } else { idle + 1 };
            (least_loss, least_open) = (least_loss.min(loss), least_open.min(open));
            earlier = Some(focus);
        }
        Ok(())
    }

    /// Settles the working set, and widens it by whatever a value of it needs to go with something. `None` when it
    /// allows nothing all the same.
    fn settle(
        &mut self,
        part: &Part<'_, i64>,
        columns: &mut Columns<'_>,
        mut earlier: Option<Focus>,
        scratch: &mut Scratch<i64>,
    ) -> Option<Focus> {
        columns.support(&part.shape);
        for repair in 0..=2 * REPAIRS_MAX {
            let bytes = Focus::bytes(&part.shape, &columns.kept);
            let cells = bytes / size_of::<i64>();
            // Beside the earlier one's tables.
            if cells * FOCUS_PART > part.shape.cells || !self.effort.fits(2 * bytes, self.limits) {
                return None;
            }
            self.effort.frees(2 * bytes);
            let mut focus = Focus::new(&part.shape, &columns.state, &columns.kept, earlier);
            let begun = focus.begin(scratch);
            self.effort.work += begun.unwrap_or(0);
            let missing = focus.missing(&part.shape, &columns.state, &columns.kept);
            if begun.is_some() && (missing.is_empty() || repair >= REPAIRS_MAX) {
                let goal = self.limit(part).saturating_sub(columns.state.c0).min(i64::HALF);
                self.effort.work += focus.settle(scratch, goal, ROUNDS_MAX)?;
                return Some(focus);
            }
            if missing.is_empty() {
                return None;
            }
            for (var, value) in missing {
                if let Err(at) = columns.kept[var].binary_search(&value) {
                    columns.kept[var].insert(at, value);
                }
            }
            earlier = Some(focus);
        }
        None
    }

    /// A better assignment within the working set: a dive; when that leaves more open than pricing did last, a short
    /// search.
    fn improve(
        &mut self,
        part: &Part<'_, i64>,
        columns: &Columns<'_>,
        focus: &Focus,
        scratch: &mut Scratch<i64>,
        loss: i64,
    ) {
        let bound = columns.state.c0 + focus.state.c0;
        if bound >= self.limit(part) {
            return;
        }
        let shape = &focus.shape;
        let mut found = shape.dive(&focus.state);
        if found.is_none() && self.best.is_none() {
            found = shape.decimate(&focus.state, scratch, i64::HALF);
        }
        if let Some(mut slots) = found {
            shape.descend(&focus.state, &mut slots);
            let values: Vec<usize> = slots.iter().zip(&columns.kept).map(|(&slot, kept)| kept[slot]).collect();
            self.offer(part, &values);
        }
        if self.limit(part) - bound <= loss {
            return;
        }
        let (small, mut state) = focus.part(part, columns.state.c0, &columns.kept);
        let work_max = self.limits.work_max.saturating_sub(self.effort.work).min(LOOKS_MAX * shape.cells as u64);
        let limits = Limits { nodes_max: NODES_MAX, work_max, ..*self.limits };
        let mut effort = Effort { bytes: self.effort.bytes, ..Effort::default() };
        let mut search = Search::new(self.network, self.members, self.pairs, &limits, &mut effort);
        search.best = self.best.take();
        self.best = search.run_in(&small, &mut state).best;
        self.effort.work += effort.work;
        self.effort.nodes += effort.nodes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::pairwise::{FORBIDDEN, Network, Pair, solve};
    use proptest::prelude::*;

    /// Numbers below whatever is asked.
    fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut random = seed;
        move |end| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % end
        }
    }

    /// Networks large enough for a working set: cheap and dear places, tables flat or rough, with and without forbidden
    /// cells, in small and in huge units.
    fn networks() -> impl Strategy<Value = Network> {
        let sizes = prop::collection::vec(30usize..60, 3..7);
        let scale = prop_oneof![Just(1i64), Just(1_000_003), Just(100_000_000_000_003)];
        (sizes, scale, any::<u64>(), 0u64..70, 1i64..60, -5i64..5, 1usize..4).prop_map(
            |(sizes, scale, seed, out, most, low, density)| {
                let mut next = dice(seed);
                let mut cost = |out: u64, most: i64| {
                    let (x, c) = (next(100), i64::try_from(next(most.unsigned_abs())).unwrap());
                    if x < out { FORBIDDEN } else { (c + low) * scale }
                };
                let unary = sizes.iter().map(|&size| (0..size).map(|_| cost(out / 4, 50)).collect()).collect();
                let mut pairs = Vec::new();
                for b in 1..sizes.len() {
                    for a in (0..b).rev().take(density) {
                        let table = (0..sizes[a] * sizes[b]).map(|_| cost(out, most)).collect();
                        pairs.push(Pair { a, b, table });
                    }
                }
                Network::new(unary, pairs).unwrap()
            },
        )
    }

    /// The answer by a working set, however small the network.
    fn approached(network: &Network, limits: &Limits<'_>) -> Vec<(Option<i64>, Option<i64>)> {
        let mut effort = Effort::default();
        let found = |(members, pairs): (Vec<usize>, Vec<usize>)| {
            let mut search = Search::new(network, &members, &pairs, limits, &mut effort);
            search.approach_from = 0;
            let found = search.run();
            if let Some((total, places)) = &found.best {
                assert_eq!(network.cost_of(&members, &pairs, places), Some(*total));
            }
            (found.best.map(|(total, _)| total), found.open)
        };
        network.parts().into_iter().map(found).collect()
    }

    /// So large that its tables are worth a second thread; one pair is turned, one comes in two halves.
    fn wide_network(seed: u64) -> Network {
        let mut next = dice(seed);
        let mut cost = move |end: u64| i64::try_from(next(end)).unwrap();
        let (components, places) = (9, 360);
        let unary: Vec<Vec<i64>> = (0..components).map(|_| (0..places).map(|_| cost(900)).collect()).collect();
        let mut pairs = Vec::new();
        for b in 0..components {
            let a = (b + 1) % components;
            let mut cell = || if cost(4) == 0 { FORBIDDEN } else { cost(120) };
            pairs.push(Pair { a, b, table: (0..places * places).map(|_| cell()).collect() });
        }
        let half = Pair { a: 0, b: 1, table: (0..places * places).map(|_| cost(50)).collect() };
        pairs.push(half);
        Network::new(unary, pairs).unwrap()
    }

    #[test]
    fn several_threads_find_what_messages_over_everything_find() {
        for seed in 1..3 {
            let network = wide_network(seed);
            assert!(network.cells() >= threads::FROM_CELLS);
            let found = solve(&network, &Limits::default());
            assert_eq!(found, solve(&network, &Limits::default()));
            let (members, pairs) = network.parts().remove(0);
            let (limits, mut effort) = (Limits::default(), Effort::default());
            let mut search = Search::new(&network, &members, &pairs, &limits, &mut effort);
            search.approach_from = usize::MAX;
            assert_eq!(search.run().best.map(|(total, _)| total), Some(found.objective));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn a_working_set_finds_what_the_whole_has(network in networks()) {
            let whole = solve(&network, &Limits::default());
            let parts = approached(&network, &Limits::default());
            prop_assert!(parts.iter().all(|(best, open)| open.is_none_or(|open| best.is_some_and(|best| open >= best))));
            let total: Option<i64> = parts.iter().map(|(best, _)| *best).sum();
            prop_assert_eq!(total, (!whole.assignment.is_empty()).then_some(whole.objective));
        }

        #[test]
        fn a_working_set_that_is_cut_short_leaves_a_true_bound(
            network in networks(),
            work_max in 0u64..2_000_000,
            bytes_max in 0u64..400_000,
        ) {
            let whole = solve(&network, &Limits::default());
            let limits = Limits { work_max, bytes_max, ..Limits::default() };
            let parts = approached(&network, &limits);
            if !whole.assignment.is_empty() {
                let bound = |&(best, open): &(Option<i64>, Option<i64>)| open.unwrap_or(i64::MAX).min(best.unwrap_or(i64::MAX));
                prop_assert!(parts.iter().map(bound).sum::<i64>() <= whole.objective);
            }
        }
    }
}
