//! The two inner loops, compiled for the vector units of the machine at hand: the integers are the same on all of them.

use super::cell::Cell;
use super::network::FORBIDDEN;
use pulp::{Arch, WithSimd};

/// Per column the least of cell plus what its row has paid, over rows that lie one after another in `table`.
pub(super) fn min_over_rows<C: Cell>(arch: Arch, table: &[C], paid: &[C], least: &mut [C]) {
    arch.dispatch(OverRows { table, paid, least });
}

/// Per row the least of cell plus what its column has paid.
pub(super) fn min_over_columns<C: Cell>(arch: Arch, table: &[C], paid: &[C], least: &mut [C]) {
    arch.dispatch(OverColumns { table, paid, least });
}

struct OverRows<'t, C> {
    table: &'t [C],
    paid: &'t [C],
    least: &'t mut [C],
}

impl<C: Cell> WithSimd for OverRows<'_, C> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Self { table, paid, least } = self;
        let width = least.len();
        least.fill(C::TOP);
        // Four rows at a time, so that the minima stay in registers for longer.
        let mut blocks = table.chunks_exact(4 * width);
        let mut paids = paid.chunks_exact(4);
        for (block, paid) in (&mut blocks).zip(&mut paids) {
            if paid.iter().all(|&paid| paid >= C::HALF) {
                continue;
            }
            let (one, rest) = block.split_at(width);
            let (two, rest) = rest.split_at(width);
            let (three, four) = rest.split_at(width);
            for ((((least, &one), &two), &three), &four) in least.iter_mut().zip(one).zip(two).zip(three).zip(four) {
                let left = (one + paid[0]).min(two + paid[1]);
                let right = (three + paid[2]).min(four + paid[3]);
                *least = (*least).min(left.min(right));
            }
        }
        for (row, &paid) in blocks.remainder().chunks_exact(width).zip(paids.remainder()) {
            for (least, &cell) in least.iter_mut().zip(row) {
                *least = (*least).min(cell + paid);
            }
        }
    }
}

struct OverColumns<'t, C> {
    table: &'t [C],
    paid: &'t [C],
    least: &'t mut [C],
}

impl<C: Cell> WithSimd for OverColumns<'_, C> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        const LANES: usize = 16;
        let Self { table, paid, least } = self;
        let width = paid.len();
        for (least, row) in least.iter_mut().zip(table.chunks_exact(width)) {
            let mut lanes = [C::TOP; LANES];
            let mut cells = row.chunks_exact(LANES);
            let mut paids = paid.chunks_exact(LANES);
            for (cells, paids) in (&mut cells).zip(&mut paids) {
                for ((lane, &cell), &paid) in lanes.iter_mut().zip(cells).zip(paids) {
                    *lane = (*lane).min(cell + paid);
                }
            }
            let (half, rest) = lanes.split_at_mut(LANES / 2);
            let (cells, paids) = (cells.remainder(), paids.remainder());
            let (mut cells, mut paids) = (cells.chunks_exact(LANES / 2), paids.chunks_exact(LANES / 2));
            for (cells, paids) in (&mut cells).zip(&mut paids) {
                for ((lane, &cell), &paid) in half.iter_mut().zip(cells).zip(paids) {
                    *lane = (*lane).min(cell + paid);
                }
            }
            let mut best = C::TOP;
            for (&cell, &paid) in cells.remainder().iter().zip(paids.remainder()) {
                best = best.min(cell + paid);
            }
            for (&one, &two) in half.iter().zip(rest.iter()) {
                best = best.min(one.min(two));
            }
            *least = best;
        }
    }
}

/// Lines of tables that are read side by side: they lie far apart, so the processor waits for all of them at once.
pub(super) const ABREAST: usize = 4;

/// The least sums of each line with `other`.
pub(super) fn least_sums(arch: Arch, lines: [&[i64]; ABREAST], other: &[i64]) -> [i64; ABREAST] {
    let [a, b, c, d] = lines.map(|line| &line[..other.len()]);
    arch.dispatch(|| {
        let mut least = [i64::MAX; ABREAST];
        for ((((&other, &a), &b), &c), &d) in other.iter().zip(a).zip(b).zip(c).zip(d) {
            least[0] = least[0].min(a + other);
            least[1] = least[1].min(b + other);
            least[2] = least[2].min(c + other);
            least[3] = least[3].min(d + other);
        }
        least
    })
}

/// For some rows the least of cell plus what its column has paid.
pub(super) fn min_of_rows(arch: Arch, table: &[i64], rows: &[usize], paid: &[i64], least: &mut Vec<i64>) {
    least.clear();
    let width = paid.len();
    let row = |value: usize| &table[value * width..(value + 1) * width];
    let (groups, rest) = rows.as_chunks::<ABREAST>();
    least.extend(groups.iter().flat_map(|group| least_sums(arch, group.map(row), paid)));
    for &value in rest {
        let mut of_one = [0];
        min_over_columns(arch, row(value), paid, &mut of_one);
        least.push(of_one[0]);
    }
}

/// Per column the least of what is known and, over some rows, the cell plus what its row has paid: `(paid, row)`.
pub(super) fn min_rows_into(arch: Arch, table: &[i64], rows: &[(i64, usize)], least: &mut [i64]) {
    let width = least.len();
    let row = |value: usize| &table[value * width..(value + 1) * width];
    let mut groups = rows.chunks_exact(ABREAST);
    for group in &mut groups {
        let [(p, a), (q, b), (r, c), (s, d)] = [group[0], group[1], group[2], group[3]];
        let [a, b, c, d] = [row(a), row(b), row(c), row(d)];
        arch.dispatch(|| {
            for ((((least, &a), &b), &c), &d) in least.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *least = (*least).min((a + p).min(b + q).min((c + r).min(d + s)));
            }
        });
    }
    for &(paid, value) in groups.remainder() {
        arch.dispatch(|| {
            for (least, &cell) in least.iter_mut().zip(row(value)) {
                *least = (*least).min(cell + paid);
            }
        });
    }
}

/// A table with rows and columns exchanged.
pub(super) fn turned(table: &[i64], rows: usize, columns: usize) -> Vec<i64> {
    /// Rows of both that are in the cache at the same time: every line of it is read and written once.
    const BLOCK: usize = 16;
    let mut out = vec![0; table.len()];
    for top in (0..rows).step_by(BLOCK) {
        for (y, line) in out.chunks_exact_mut(rows).enumerate() {
            let bottom = (top + BLOCK).min(rows);
            for (cell, row) in line[top..bottom].iter_mut().zip(table[top * columns..].chunks_exact(columns)) {
                *cell = row[y];
            }
        }
    }
    out
}

/// What lies between the costs' ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// The least cost.
    pub(super) low: i64,
    /// The largest finite cost, and not below zero.
    pub(super) high: i64,
    /// The largest of all.
    pub(super) beyond: i64,
}

impl Range {
    /// From the least cost to the largest finite one.
    pub(super) fn spread(self) -> i64 {
        self.high.saturating_sub(self.low)
    }

    /// The largest absolute finite cost.
    pub(super) fn magnitude(self) -> i64 {
        self.high.max(self.low.min(0).checked_neg().unwrap_or(i64::MAX))
    }
}

/// The range of costs, of which [`FORBIDDEN`] and more are not finite.
pub(super) fn range(arch: Arch, costs: &[i64]) -> Range {
    arch.dispatch(RangeOf(costs))
}

struct RangeOf<'t>(&'t [i64]);

impl WithSimd for RangeOf<'_> {
    type Output = Range;

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> Range {
        const LANES: usize = 16;
        let (mut low, mut high, mut beyond) = ([FORBIDDEN; LANES], [0; LANES], [0; LANES]);
        let mut blocks = self.0.chunks_exact(LANES);
        for block in &mut blocks {
            for (((low, high), beyond), &cost) in low.iter_mut().zip(&mut high).zip(&mut beyond).zip(block) {
                *low = (*low).min(cost);
                *high = (*high).max(if cost >= FORBIDDEN { 0 } else { cost });
                *beyond = (*beyond).max(cost);
            }
        }
        for &cost in blocks.remainder() {
            low[0] = low[0].min(cost);
            high[0] = high[0].max(if cost >= FORBIDDEN { 0 } else { cost });
            beyond[0] = beyond[0].max(cost);
        }
        let most = |lanes: [i64; LANES]| lanes.into_iter().max().unwrap_or(0);
        Range { low: low.into_iter().min().unwrap_or(FORBIDDEN), high: most(high), beyond: most(beyond) }
    }
}

/// Adds to every sum.
pub(super) fn add_to(arch: Arch, sums: &mut [i64], more: &[i64]) {
    arch.dispatch(|| {
        for (sum, &more) in sums.iter_mut().zip(more) {
            *sum += more;
        }
    });
}

/// The largest absolute value of those that are not out.
pub(super) fn largest(arch: Arch, values: &[i64]) -> i64 {
    arch.dispatch(Largest(values))
}

struct Largest<'t>(&'t [i64]);

impl WithSimd for Largest<'_> {
    type Output = i64;

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> i64 {
        self.0.iter().fold(0, |most, &value| most.max(if value < i64::TOP { value.abs() } else { 0 }))
    }
}
