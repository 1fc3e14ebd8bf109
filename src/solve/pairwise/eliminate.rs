//! Exact elimination: variables leave one after another, each replaced by the best it can do for every choice of its
//! neighbours. Exact whatever the costs, affordable where what is left is narrow.

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
        let mut total = 0;
        let mut picks: Vec<(usize, Vec<usize>, Vec<u16>)> = Vec::with_capacity(plan.order.len());
        for &var in &plan.order {
            let mine: Vec<Factor> = open
                .iter_mut()
                .filter(|slot| slot.as_ref().is_some_and(|f| f.vars.contains(&var)))
                .filter_map(Option::take)
                .collect();
            let (rest, pick) = eliminate(&sizes, var, &mine);
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
fn eliminate(sizes: &[usize], var: usize, factors: &[Factor]) -> (Factor, Vec<u16>) {
    let mut vars: Vec<usize> = factors.iter().flat_map(|f| f.vars.iter().copied()).filter(|&v| v != var).collect();
    vars.sort_unstable();
    vars.dedup();
    let count: usize = vars.iter().map(|&v| sizes[v]).product();
    // How far each step of a neighbour, and of the variable itself, moves in each factor.
    let strides: Vec<(usize, Vec<usize>)> = factors.iter().map(|f| strides_of(sizes, f, var, &vars)).collect();
    let mut cells = Vec::with_capacity(count);
    let mut pick = Vec::with_capacity(count);
    let mut at = vec![0usize; vars.len()];
    let mut base = vec![0usize; factors.len()];
    let mut sums = vec![0i64; sizes[var]];
    for _ in 0..count {
        sums.fill(0);
        for ((factor, &base), (step, _)) in factors.iter().zip(&base).zip(&strides) {
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = (*sum + factor.cells[base + x * step]).min(NEVER);
            }
        }
        let (best, &least) = sums.iter().enumerate().min_by_key(|&(_, sum)| *sum).expect("a variable has a value");
        cells.push(least);
        pick.push(u16::try_from(best).expect("domains are small"));
        for digit in (0..vars.len()).rev() {
            at[digit] += 1;
            let wrapped = at[digit] == sizes[vars[digit]];
            for (base, (_, steps)) in base.iter_mut().zip(&strides) {
                if wrapped {
                    *base -= steps[digit] * (at[digit] - 1);
                } else {
                    *base += steps[digit];
                }
            }
            if !wrapped {
                break;
            }
            at[digit] = 0;
        }
    }
    (Factor { vars, cells }, pick)
}

fn strides_of(sizes: &[usize], factor: &Factor, var: usize, vars: &[usize]) -> (usize, Vec<usize>) {
    let stride = |wanted: usize| {
        let at = factor.vars.iter().position(|&v| v == wanted);
        at.map_or(0, |at| factor.vars[at + 1..].iter().map(|&v| sizes[v]).product())
    };
    (stride(var), vars.iter().map(|&v| stride(v)).collect())
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
