//! Exact elimination: variables leave one after another, each replaced by the best it can do for every choice of its
//! neighbours. Exact whatever the costs, affordable where what is left is narrow.

use pulp::Arch;

/// A table over some variables; the last one runs fastest.
struct Factor {
    vars: Vec<usize>,
    cells: Vec<i64>,
}

/// A small problem over variables `0..sizes.len()`.
pub(super) struct Narrow {
    sizes: Vec<usize>,
    factors: Vec<Factor>,
}

/// An order of elimination and what it takes.
pub(super) struct Plan {
    order: Vec<usize>,
    /// Cells that are looked at.
    pub(super) work: u64,
}

/// Cells above this are not allowed, and stay so when added up.
const NEVER: i64 = 1 << 60;

impl Narrow {
    pub(super) fn new(sizes: Vec<usize>) -> Self {
        Self { sizes, factors: Vec::new() }
    }

    pub(super) fn add(&mut self, vars: Vec<usize>, cells: Vec<i64>) {
        debug_assert_eq!(cells.len(), vars.iter().map(|&v| self.sizes[v]).product::<usize>());
        self.factors.push(Factor { vars, cells });
    }

    /// The least total and where it is reached; `None` when nothing is allowed.
    pub(super) fn solve(self, plan: &Plan) -> Option<(i64, Vec<usize>)> {
        let Self { sizes, factors } = self;
        let mut open: Vec<Option<Factor>> = factors.into_iter().map(Some).collect();
        let arch = Arch::new();
        let mut total = 0;
        let mut picks: Vec<(usize, Vec<usize>, Vec<u16>)> = Vec::with_capacity(plan.order.len());
        for &var in &plan.order {
            let mine: Vec<Factor> = open
                .iter_mut()
                .filter(|slot| slot.as_ref().is_some_and(|f| f.vars.contains(&var)))
                .filter_map(Option::take)
                .collect();
            let (rest, pick) = eliminate(arch, &sizes, var, &mine);
            if rest.vars.is_empty() {
                let least = rest.cells[0];
                if least >= NEVER {
                    return None;
                }
                total += least;
            } else {
                picks.push((var, rest.vars.clone(), pick));
                open.push(Some(rest));
                continue;
            }
            picks.push((var, Vec::new(), pick));
        }
        let mut assignment = vec![0; sizes.len()];
        for (var, vars, pick) in picks.iter().rev() {
            let at = vars.iter().fold(0, |at, &v| at * sizes[v] + assignment[v]);
            assignment[*var] = usize::from(pick[at]);
        }
        Some((total, assignment))
    }
}

/// The best of one variable for every choice of its neighbours, and which value that is.
fn eliminate(arch: Arch, sizes: &[usize], var: usize, factors: &[Factor]) -> (Factor, Vec<u16>) {
    let mut vars: Vec<usize> = factors.iter().flat_map(|f| f.vars.iter().copied()).filter(|&v| v != var).collect();
    vars.sort_unstable();
    vars.dedup();
    // The last neighbour runs along the vector unit, the others step by step.
    if let Some(largest) = (0..vars.len()).max_by_key(|&at| sizes[vars[at]]) {
        let last = vars.len() - 1;
        vars.swap(largest, last);
    }
    let (outer, inner) = vars.split_at(vars.len().saturating_sub(1));
    let inner = inner.first().copied();
    let width = inner.map_or(1, |inner| sizes[inner]);
    let count: usize = outer.iter().map(|&v| sizes[v]).product();
    let laid: Vec<Laid> = factors.iter().map(|factor| Laid::new(sizes, factor, var, inner, outer)).collect();
    let mut cells = vec![0; count * width];
    let mut pick = vec![0; count * width];
    let mut sums = vec![0; width];
    let mut at = vec![0usize; outer.len()];
    let mut base = vec![0usize; laid.len()];
    let rows = cells.chunks_exact_mut(width).zip(pick.chunks_exact_mut(width));
    arch.dispatch(|| {
        for (cells, pick) in rows {
            best_of(&laid, &base, sizes[var], &mut sums, cells, pick);
            for digit in (0..outer.len()).rev() {
                at[digit] += 1;
                let wrapped = at[digit] == sizes[outer[digit]];
                for (base, laid) in base.iter_mut().zip(&laid) {
                    if wrapped {
                        *base -= laid.steps[digit] * (at[digit] - 1);
                    } else {
                        *base += laid.steps[digit];
                    }
                }
                if !wrapped {
                    break;
                }
                at[digit] = 0;
            }
        }
    });
    (Factor { vars, cells }, pick)
}

/// A factor of the variable that leaves: its values run slower than those of the last neighbour, and faster than all others.
struct Laid {
    cells: Vec<i64>,
    /// Whether the last neighbour is one of its variables.
    wide: bool,
    /// How far a step of each other neighbour moves.
    steps: Vec<usize>,
}

impl Laid {
    fn new(sizes: &[usize], factor: &Factor, var: usize, inner: Option<usize>, outer: &[usize]) -> Self {
        let stride = |wanted: usize| {
            let at = factor.vars.iter().position(|&v| v == wanted);
            at.map(|at| factor.vars[at + 1..].iter().map(|&v| sizes[v]).product::<usize>())
        };
        let wide = inner.and_then(stride);
        let (width, across) = (inner.filter(|_| wide.is_some()).map_or(1, |inner| sizes[inner]), wide.unwrap_or(0));
        let along = stride(var).unwrap_or(0);
        let others: Vec<usize> = factor.vars.iter().copied().filter(|&v| v != var && Some(v) != inner).collect();
        let mut cells = Vec::with_capacity(factor.cells.len());
        let mut lay = |base: usize| {
            for x in 0..sizes[var] {
                cells.extend((0..width).map(|y| factor.cells[base + x * along + y * across]));
            }
        };
        each_of(sizes, &others, &|v| stride(v).unwrap_or(0), &mut lay, 0);
        let block = sizes[var] * width;
        let step = |v: &usize| {
            let at = others.iter().position(|other| other == v);
            at.map_or(0, |at| block * others[at + 1..].iter().map(|&v| sizes[v]).product::<usize>())
        };
        Self { cells, wide: wide.is_some(), steps: outer.iter().map(step).collect() }
    }
}

/// Calls for every choice of some variables, the last one fastest, with where it stands.
fn each_of(sizes: &[usize], vars: &[usize], stride: &dyn Fn(usize) -> usize, call: &mut dyn FnMut(usize), base: usize) {
    let Some((&first, rest)) = vars.split_first() else { return call(base) };
    for value in 0..sizes[first] {
        each_of(sizes, rest, stride, call, base + value * stride(first));
    }
}

/// For every value of the last neighbour the least sum over the values of the variable that leaves, and where it is
/// reached first.
#[allow(clippy::inline_always, reason = "the loops must be compiled within the caller that enables the vector unit")]
#[inline(always)]
fn best_of(laid: &[Laid], base: &[usize], size: usize, sums: &mut [i64], least: &mut [i64], pick: &mut [u16]) {
    least.fill(i64::MAX);
    for x in 0..size {
        sums.fill(0);
        for (laid, &base) in laid.iter().zip(base) {
            if laid.wide {
                let at = base + x * sums.len();
                for (sum, &cell) in sums.iter_mut().zip(&laid.cells[at..at + least.len()]) {
                    *sum = (*sum + cell).min(NEVER);
                }
            } else {
                let cell = laid.cells[base + x];
                for sum in sums.iter_mut() {
                    *sum = (*sum + cell).min(NEVER);
                }
            }
        }
        let x = u16::try_from(x).expect("domains are small");
        for ((least, pick), &sum) in least.iter_mut().zip(pick.iter_mut()).zip(sums.iter()) {
            *pick = if sum < *least { x } else { *pick };
            *least = (*least).min(sum);
        }
    }
}

/// Finds an order greedily (least work first); `None` when it takes more than `work_max`.
pub(super) fn plan(sizes: &[usize], pairs: &[(usize, usize)], work_max: u64) -> Option<Plan> {
    let count = sizes.len();
    let words = count.div_ceil(64);
    let mut near = vec![0u64; count * words];
    for &(a, b) in pairs {
        near[a * words + b / 64] |= 1 << (b % 64);
        near[b * words + a / 64] |= 1 << (a % 64);
    }
    let cost_of = |near: &[u64], var: usize| {
        let mut cost = sizes[var] as u64;
        for other in bits(&near[var * words..(var + 1) * words]) {
            cost = cost.saturating_mul(sizes[other] as u64);
        }
        cost
    };
    let mut cost: Vec<u64> = (0..count).map(|var| cost_of(&near, var)).collect();
    let mut open: Vec<usize> = (0..count).collect();
    let mut order = Vec::with_capacity(count);
    let mut work = 0u64;
    while let Some((slot, &var)) = open.iter().enumerate().min_by_key(|&(_, &var)| (cost[var], var)) {
        open.swap_remove(slot);
        work = work.saturating_add(cost[var]);
        if work > work_max {
            return None;
        }
        order.push(var);
        let row: Vec<u64> = near[var * words..(var + 1) * words].to_vec();
        for other in bits(&row) {
            let target = &mut near[other * words..(other + 1) * words];
            for (word, more) in target.iter_mut().zip(&row) {
                *word |= more;
            }
            target[other / 64] &= !(1 << (other % 64));
            target[var / 64] &= !(1 << (var % 64));
        }
        for other in bits(&row) {
            cost[other] = cost_of(&near, other);
        }
    }
    Some(Plan { order, work })
}

/// The ordinals of the bits that are set.
fn bits(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(at, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                at * 64 + bit
            })
        })
    })
}
