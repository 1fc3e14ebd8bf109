//! The plain pairwise problem: what each component costs at each place, and what each pair of components costs together.

use super::kernel::{Range, range, turned};
use super::steps::Steps;
use super::threads;
use pulp::Arch;
use std::sync::OnceLock;

/// A cost that no sum may contain: the place, or the pair of places, is not allowed. Any cost from here on means the same.
pub const FORBIDDEN: i64 = 1 << 61;

/// The absolute costs that one assignment could add up to may not exceed this: 2^57 nano-dollars are $144 million.
pub const SUM_MAX: i64 = 1 << 57;

/// Components, a cost for each of their places, and a cost table for each pair that has one.
///
/// An assignment picks one place per component; its total is the sum of the picked unary costs and of the picked cells of
/// all pair tables. An assignment that picks a [`FORBIDDEN`] cost is not allowed.
#[derive(Clone, Debug)]
pub struct Network {
    /// Per component, per place.
    unary: Vec<Vec<i64>>,
    /// At most one per two components, `a < b`, in ascending order.
    pairs: Vec<Pair>,
    /// Per pair the least cost in its table.
    least: Vec<i64>,
    /// Per pair its table in steps, once somebody needs that.
    steps: OnceLock<Vec<Steps>>,
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        // The rest follows from these.
        (&self.unary, &self.pairs) == (&other.unary, &other.pairs)
    }
}

impl Eq for Network {}

/// What two components cost together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The component of the rows.
    pub a: usize,
    /// The component of the columns.
    pub b: usize,
    /// One row per place of `a`, one column per place of `b`, rows one after another.
    pub table: Vec<i64>,
}

/// Why a network was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A component without a place could never be assigned.
    #[error("component {component} has no place: give it at least one")]
    NoPlace {
        /// Ordinal of the component.
        component: usize,
    },
    /// More places than the solver numbers.
    #[error("component {component} has {places} places: at most {max} are supported", max = Network::PLACES_MAX)]
    TooManyPlaces {
        /// Ordinal of the component.
        component: usize,
        /// Its places.
        places: usize,
    },
    /// A pair names a component that does not exist.
    #[error("pair {pair} names component {component}, but there are {components}")]
    NoSuchComponent {
        /// Ordinal of the pair as given.
        pair: usize,
        /// The component it names.
        component: usize,
        /// Number of components.
        components: usize,
    },
    /// A pair of a component with itself: its diagonal belongs into the unary cost.
    #[error("pair {pair} joins component {component} with itself: add its diagonal to the component's cost instead")]
    SelfPair {
        /// Ordinal of the pair as given.
        pair: usize,
        /// The component.
        component: usize,
    },
    /// A table of the wrong size.
    #[error("pair {pair} has {found} cells, but its components have {rows} x {columns} places")]
    WrongSize {
        /// Ordinal of the pair as given.
        pair: usize,
        /// Places of the first component.
        rows: usize,
        /// Places of the second component.
        columns: usize,
        /// Cells given.
        found: usize,
    },
    /// A tick for a component or place that does not exist.
    #[error("there is no place {place} of component {component}")]
    NoSuchPlace {
        /// Ordinal of the component.
        component: usize,
        /// Ordinal of the place.
        place: usize,
    },
    /// The costs could add up to more than the integers hold.
    #[error("the costs can add up to more than {SUM_MAX} (2^57): use a larger unit")]
    Overflow,
}

impl Network {
    /// Most places of one component.
    pub const PLACES_MAX: usize = 1 << 16;

    /// Checks and takes a problem.
    ///
    /// `unary` holds per component a cost per place; components may have different numbers of places. Pairs may come in
    /// any order and direction; several of the same two components are added up.
    ///
    /// # Errors
    /// When a component has no place, a pair's table does not fit its components, a pair joins a component with itself or
    /// with none, or the costs could overflow: the largest absolute finite cost of every component and every pair,
    /// added up, must stay within [`SUM_MAX`].
    pub fn new(mut unary: Vec<Vec<i64>>, pairs: Vec<Pair>) -> Result<Self, NetworkError> {
        for (component, costs) in unary.iter().enumerate() {
            match costs.len() {
                0 => return Err(NetworkError::NoPlace { component }),
                places if places > Self::PLACES_MAX => return Err(NetworkError::TooManyPlaces { component, places }),
                _ => {}
            }
        }
        let arch = Arch::new();
        let mut sum: i64 = 0;
        let mut spreads = Vec::with_capacity(unary.len());
        for costs in &mut unary {
            let range = range(arch, costs);
            take(costs, range, &mut sum)?;
            spreads.push(range.spread());
        }
        // Large tables are in no cache: they are looked at once, for everything.
        let cells = pairs.iter().map(|pair| pair.table.len()).sum();
        let wide = cells >= threads::FROM_CELLS;
        let looks = threads::map(
            cells,
            &pairs,
            || (),
            |(), pair| {
                let range = range(arch, &pair.table);
                let spread = |end: usize| spreads.get(end).copied().unwrap_or(0);
                let width = unary.get(pair.b).map_or(1, Vec::len);
                // A table that will be turned has no use for the steps of this one.
                let steps = (wide && pair.a < pair.b)
                    .then(|| Steps::new(arch, &pair.table, width, range, [spread(pair.a), spread(pair.b)]));
                (range, steps)
            },
        );
        let mut checked = Vec::with_capacity(pairs.len());
        for (ordinal, (mut pair, (range, steps))) in pairs.into_iter().zip(looks).enumerate() {
            take(&mut pair.table, range, &mut sum)?;
            checked.push((check_pair(&unary, ordinal, pair)?, range.low, steps));
        }
        checked.sort_by_key(|(pair, ..)| (pair.a, pair.b));
        let mut pairs: Vec<Pair> = Vec::with_capacity(checked.len());
        let (mut least, mut steps): (Vec<i64>, Vec<Option<Steps>>) = (Vec::new(), Vec::new());
        for (pair, low, its_steps) in checked {
            match pairs.last_mut() {
                Some(last) if (last.a, last.b) == (pair.a, pair.b) => {
                    for (cell, &more) in last.table.iter_mut().zip(&pair.table) {
                        *cell = if *cell == FORBIDDEN || more == FORBIDDEN { FORBIDDEN } else { *cell + more };
                    }
                    least.pop();
                    least.extend(last.table.iter().copied().min());
                    steps.pop();
                    steps.push(None);
                }
                _ => {
                    pairs.push(pair);
                    least.push(low);
                    steps.push(its_steps);
                }
            }
        }
        let network = Self { unary, pairs, least, steps: OnceLock::new() };
        if wide {
            network.steps.get_or_init(|| network.all_steps(steps));
        }
        Ok(network)
    }

    /// Per pair its table in steps.
    pub(super) fn steps(&self) -> &[Steps] {
        self.steps.get_or_init(|| self.all_steps(Vec::new()))
    }

    /// Per pair its table in steps, of which some are there.
    fn all_steps(&self, mut known: Vec<Option<Steps>>) -> Vec<Steps> {
        let arch = Arch::new();
        let spread = |end: usize| range(arch, &self.unary[end]).spread();
        known.resize(self.pairs.len(), None);
        let all = self.pairs.iter().zip(known);
        let made = |pair: &Pair| {
            let ends = [spread(pair.a), spread(pair.b)];
            Steps::new(arch, &pair.table, self.unary[pair.b].len(), range(arch, &pair.table), ends)
        };
        all.map(|(pair, known)| known.unwrap_or_else(|| made(pair))).collect()
    }

    /// Cells of all tables.
    pub(super) fn cells(&self) -> usize {
        self.pairs.iter().map(|pair| pair.table.len()).sum()
    }

    /// Number of components.
    #[must_use]
    pub fn components(&self) -> usize {
        self.unary.len()
    }

    /// Per component the cost of each place.
    #[must_use]
    pub fn unary(&self) -> &[Vec<i64>] {
        &self.unary
    }

    /// The pairs: at most one per two components, `a < b`, ascending.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The total of an assignment (one place per component), or `None` when it is not allowed or has the wrong length.
    #[must_use]
    pub fn cost(&self, assignment: &[usize]) -> Option<i64> {
        if assignment.len() != self.unary.len() {
            return None;
        }
        let mut total = 0;
        for (costs, &place) in self.unary.iter().zip(assignment) {
            total += finite(*costs.get(place)?)?;
        }
        for pair in &self.pairs {
            total += finite(pair.table[assignment[pair.a] * self.unary[pair.b].len() + assignment[pair.b]])?;
        }
        Some(total)
    }

    /// Whether costs can be set (see [`Network::set_unary`]).
    pub(super) fn check_unary(&self, costs: impl IntoIterator<Item = (usize, usize, i64)>) -> Result<(), NetworkError> {
        for (component, place, cost) in costs {
            if self.unary.get(component).is_none_or(|places| place >= places.len()) {
                return Err(NetworkError::NoSuchPlace { component, place });
            }
            // Every component at this size, and the pairs, still fit 64 bits.
            if cost < FORBIDDEN && cost.unsigned_abs() > self.unary_max().unsigned_abs() {
                return Err(NetworkError::Overflow);
            }
        }
        Ok(())
    }

    /// Largest absolute cost that a tick may set: all components at this size stay within [`SUM_MAX`].
    #[must_use]
    pub fn unary_max(&self) -> i64 {
        SUM_MAX / i64::try_from(self.unary.len().max(1)).unwrap_or(i64::MAX)
    }

    /// Changes what one component costs at one place; checked before.
    pub(super) fn set_unary(&mut self, component: usize, place: usize, cost: i64) {
        self.unary[component][place] = cost.min(FORBIDDEN);
    }

    /// Takes a place from a component.
    pub(super) fn forbid(&mut self, component: usize, place: usize) {
        self.unary[component][place] = FORBIDDEN;
    }

    /// No assignment of some components costs less, all pairs between them included.
    pub(super) fn floor(&self, components: &[usize], pairs: &[usize]) -> i64 {
        let unary = components.iter().map(|&component| self.unary[component].iter().copied().min().unwrap_or(0));
        let pairs = pairs.iter().map(|&pair| self.least[pair]);
        unary.chain(pairs).filter(|&least| least < FORBIDDEN).sum()
    }

    /// The total over some components and pairs.
    pub(super) fn cost_of(&self, components: &[usize], pairs: &[usize], assignment: &[usize]) -> Option<i64> {
        let mut total = 0;
        for &component in components {
            total += finite(self.unary[component][assignment[component]])?;
        }
        for &pair in pairs {
            let Pair { a, b, table } = &self.pairs[pair];
            total += finite(table[assignment[*a] * self.unary[*b].len() + assignment[*b]])?;
        }
        Some(total)
    }

    /// Connected parts: components and pairs, ascending.
    pub(super) fn parts(&self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut root: Vec<usize> = (0..self.unary.len()).collect();
        let find = |root: &mut Vec<usize>, mut at: usize| {
            while root[at] != at {
                root[at] = root[root[at]];
                at = root[at];
            }
            at
        };
        for pair in &self.pairs {
            let (a, b) = (find(&mut root, pair.a), find(&mut root, pair.b));
            root[a.max(b)] = a.min(b);
        }
        let mut slot = vec![usize::MAX; root.len()];
        let mut parts: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for component in 0..root.len() {
            let at = find(&mut root, component);
            if slot[at] == usize::MAX {
                slot[at] = parts.len();
                parts.push((Vec::new(), Vec::new()));
            }
            parts[slot[at]].0.push(component);
        }
        for (ordinal, pair) in self.pairs.iter().enumerate() {
            parts[slot[find(&mut root, pair.a)]].1.push(ordinal);
        }
        parts
    }
}

/// `None` for [`FORBIDDEN`].
fn finite(cost: i64) -> Option<i64> {
    (cost != FORBIDDEN).then_some(cost)
}

/// Takes in costs of this range.
fn take(costs: &mut [i64], range: Range, sum: &mut i64) -> Result<(), NetworkError> {
    if range.beyond > FORBIDDEN {
        for cost in costs.iter_mut() {
            *cost = (*cost).min(FORBIDDEN);
        }
    }
    *sum = checked_add(*sum, range.magnitude())?;
    Ok(())
}

fn checked_add(sum: i64, more: i64) -> Result<i64, NetworkError> {
    sum.checked_add(more).filter(|&sum| sum <= SUM_MAX).ok_or(NetworkError::Overflow)
}

/// A pair that fits its components, turned so that `a < b`.
fn check_pair(unary: &[Vec<i64>], ordinal: usize, pair: Pair) -> Result<Pair, NetworkError> {
    let Pair { a, b, table } = pair;
    for component in [a, b] {
        if component >= unary.len() {
            let components = unary.len();
            return Err(NetworkError::NoSuchComponent { pair: ordinal, component, components });
        }
    }
    if a == b {
        return Err(NetworkError::SelfPair { pair: ordinal, component: a });
    }
    let (rows, columns) = (unary[a].len(), unary[b].len());
    if table.len() != rows * columns {
        return Err(NetworkError::WrongSize { pair: ordinal, rows, columns, found: table.len() });
    }
    if a < b {
        return Ok(Pair { a, b, table });
    }
    Ok(Pair { a: b, b: a, table: turned(&table, rows, columns) })
}
