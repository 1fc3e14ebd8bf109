//! What the search works on: the problem flattened into small integers.
//!
//! Internal money is nano-dollars in 128 bits for exact values, and nano-dollars shifted right by [`Scale::shift`] in
//! 64 bits for bounds. Shifting rounds down, so that a bound is never above the truth.

use crate::problem::{ComponentId, PlaceId, Problem, RelationKind, RouteClasses};

/// A bound that stands for "impossible". Sums are clamped to it, so that adding never overflows.
pub(super) const HARD: i64 = 1 << 60;

/// No ladder: internet traffic that is not metered.
pub(super) const NO_LADDER: u16 = u16::MAX;

/// In how many zones the traffic of a pair at one place meets: 0 when one of the two is a regional service (0 active
/// zones), whose traffic is never billed as crossing.
pub(super) fn zones_between(a: &Value, b: &Value) -> u8 {
    if a.zones == 0 || b.zones == 0 { 0 } else { a.zones.max(b.zones) }
}

/// A choice that survived presolve. There are thousands, which every bound looks at again: one fills a line of the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub place: PlaceId,
    pub provider: usize,
    /// Nano-dollars without traffic.
    pub cost: i64,
    /// Micro-GB that it adds to its provider's pool.
    pub pooled: i64,
    /// Ordinal in [`Part::signatures`].
    pub signature: usize,
    /// Ordinal in [`Part::owns`], of what comes with it for its own traffic.
    pub class: usize,
    pub choice: u32,
    pub row: u32,
    /// Ordinal in [`Model::dues`].
    pub due: u32,
    pub zones: u8,
}

impl Value {
    /// Ordinal in the component's choices.
    pub fn choice(&self) -> usize {
        self.choice as usize
    }

    /// Equal for values that differ only in what they cost alone.
    pub fn row(&self) -> usize {
        self.row as usize
    }
}

/// What decides the price of a component's internet traffic: its own allowance and the ladder of each flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub class: usize,
    pub ladders: Vec<u16>,
    /// Differs wherever `ladders` differ, but for rare chances: told apart by it first.
    pub digest: u64,
}

/// A component. What a value has of its own stands in `owns`, in micro-GB; 0 for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub values: Vec<Value>,
    /// Distinct own allowances.
    pub owns: Vec<i64>,
    pub signatures: Vec<Signature>,
    /// Number of distinct rows.
    pub rows: usize,
    /// Flows to the internet.
    pub internet: Vec<usize>,
    /// Every flow that it sends.
    pub sends: Vec<usize>,
}

/// Traffic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    pub from: ComponentId,
    /// `None`: the internet.
    pub to: Option<ComponentId>,
    /// Micro-GB a month.
    pub volume: i64,
    /// The pair that it runs over; `None`: the internet, or to its sender.
    pub edge: Option<usize>,
}

/// What a part of the search says about the places of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tie {
    /// Nothing.
    #[default]
    Open,
    /// They are the same.
    Together,
    /// They differ.
    Apart,
}

impl Tie {
    /// Whether two places are as it says.
    pub fn lets(self, a: PlaceId, b: PlaceId) -> bool {
        match self {
            Self::Open => true,
            Self::Together => a == b,
            Self::Apart => a != b,
        }
    }
}

/// A part of the search: the values of every component that are left, and what is said about every pair of `edges`.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub values: &'a [Vec<usize>],
    pub ties: &'a [Tie],
}

/// A latency term of a pair: `floor(round_trips_milli * rtt / 1000)` microseconds of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub path: usize,
    pub percentile: usize,
    pub round_trips_milli: i64,
    /// The hop runs from the edge's second component to its first.
    pub backward: bool,
}

/// Two components that something couples; `a < b`.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub a: ComponentId,
    pub b: ComponentId,
    pub forward: Vec<usize>,
    pub backward: Vec<usize>,
    pub relations: Vec<RelationKind>,
    pub terms: Vec<Term>,
}

/// A price ladder in plain integers.
#[derive(Clone, Debug)]
pub(super) struct Rungs {
    pub meter: usize,
    /// Micro-GB.
    pub included: i128,
    /// (from micro-GB, nano-dollars per GB), ascending.
    pub steps: Vec<(i128, i128)>,
}

impl Rungs {
    /// Price of `paid` micro-GB after everything free, in nano-dollars x 10^6, exactly.
    pub fn price(&self, paid: i128) -> i128 {
        let mut sum = 0;
        for (step, &(from, price)) in self.steps.iter().enumerate() {
            if paid <= from {
                break;
            }
            let to = self.steps.get(step + 1).map_or(paid, |next| next.0.min(paid));
            sum += (to - from) * price;
        }
        sum
    }
}

/// What holds for a meter in every assignment.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeterLimit {
    /// Its dearest price, in nano-dollars per GB.
    pub dearest: i128,
    /// What all traffic would cost at that, in nano-dollars x 10^6.
    pub whole: i128,
    /// Micro-GB that are free on each of its ladders, pools apart.
    pub free: i128,
}

/// How exact values become bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Bits dropped.
    pub shift: u32,
    /// With latency first: what a microsecond weighs inside the solver, a power of two above any difference of bills.
    pub latency_first: Option<i128>,
    /// No bill is below this.
    pub cost_min: i128,
}

impl Scale {
    /// Rounds down.
    pub fn floor(self, exact: i128) -> i64 {
        i64::try_from(exact >> self.shift).unwrap_or(if exact < 0 { -HARD } else { HARD }).min(HARD)
    }

    /// The same for what one value costs.
    pub fn floor_cost(self, cost: i64) -> i64 {
        (cost >> self.shift.min(63)).min(HARD)
    }

    /// The least bound that proves "not below `exact`".
    pub fn ceil(self, exact: i128) -> i64 {
        let up = -((-exact) >> self.shift);
        i64::try_from(up).unwrap_or(if exact < 0 { -HARD } else { HARD }).min(HARD)
    }
}

/// The problem as the search sees it.
pub(super) struct Model<'a> {
    /// Nano-dollars that the bill may not exceed, when latency is in the objective too. A bill that is the objective
    /// is compared with the budget once it is known: the search for the cheapest proves more than one for a cheap one.
    pub budget: Option<i128>,
    pub problem: &'a Problem,
    pub parts: Vec<Part>,
    pub streams: Vec<Stream>,
    pub edges: Vec<Edge>,
    pub ladders: Vec<Rungs>,
    /// What a microsecond of each path weighs inside the solver.
    pub weights: Vec<i128>,
    /// No latency of each path is above this, in microseconds.
    pub slowest: Vec<i128>,
    pub scale: Scale,
    /// No cost, price or weight is negative.
    pub nothing_negative: bool,
    /// Internet traffic is always on the meter of its sender's provider, if on any.
    pub internet_is_own: bool,
    pub meter_limits: Vec<MeterLimit>,
    /// Cost of each shared charge in nano-dollars.
    pub shared: Vec<i128>,
    /// Distinct lists of shared charges that become due together; the first one is empty.
    pub dues: Vec<Vec<usize>>,
}

impl Model<'_> {
    /// Shared charges that become due with a value.
    pub fn due(&self, value: &Value) -> &[usize] {
        &self.dues[value.due as usize]
    }

    /// Which places are billed alike.
    pub fn classes(&self) -> &RouteClasses {
        self.problem.routes.classes(&self.problem.ladders)
    }

    /// Value of the objective, as everybody else counts it, of a value inside the solver.
    pub fn external(&self, inside: i128) -> i128 {
        let Some(weight) = self.scale.latency_first else { return inside };
        let latency = (inside - self.scale.cost_min).div_euclid(weight);
        (latency << 63) + (inside - latency * weight)
    }

    /// The least value inside the solver that is not below a value of the objective.
    pub fn internal(&self, outside: i128) -> i128 {
        let Some(weight) = self.scale.latency_first else { return outside };
        let latency = (outside - self.scale.cost_min) >> 63;
        let cost = outside - (latency << 63);
        // Bills lie in [cost_min, cost_min + weight): what is above counts as the next microsecond.
        latency * weight + cost.min(self.scale.cost_min + weight)
    }

    /// Whether anything but money is in the objective.
    pub fn weighs_latency(&self) -> bool {
        self.weights.iter().any(|&w| w != 0)
    }

    /// Whether money is bounded apart from the objective.
    pub fn has_own_budget(&self) -> bool {
        self.budget.is_some()
    }
}
