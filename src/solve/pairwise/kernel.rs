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

/// Per cell of a row the least of what is known and the cell plus what the row has paid.
pub(super) fn min_into<C: Cell>(arch: Arch, row: &[C], paid: C, least: &mut [C]) {
    arch.dispatch(RowInto { row, paid, least });
}

struct RowInto<'t, C> {
    row: &'t [C],
    paid: C,
    least: &'t mut [C],
}

impl<C: Cell> WithSimd for RowInto<'_, C> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        for (least, &cell) in self.least.iter_mut().zip(self.row) {
            *least = (*least).min(cell + self.paid);
        }
    }
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

/// The least potential, and by how much one that is not out has risen at least (fallen at most, when below zero).
pub(super) fn least_and_fall(arch: Arch, now: &[i64], before: &[i64]) -> (i64, i64) {
    arch.dispatch(LeastAndFall { now, before })
}

struct LeastAndFall<'t> {
    now: &'t [i64],
    before: &'t [i64],
}

impl WithSimd for LeastAndFall<'_> {
    type Output = (i64, i64);

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> (i64, i64) {
        let (mut least, mut fall) = (i64::TOP, i64::TOP);
        for (&now, &before) in self.now.iter().zip(self.before) {
            least = least.min(now);
            fall = fall.min(if now < i64::HALF { now - before } else { i64::TOP });
        }
        (least, fall)
    }
}

/// Adds to every sum what its value can take at least: `flat`, or what it has paid before less than `delta`.
pub(super) fn add_least_takes(arch: Arch, sums: &mut [i64], paid: &[i64], flat: i64, delta: i64) {
    arch.dispatch(AddLeastTakes { sums, paid, flat, delta });
}

struct AddLeastTakes<'t> {
    sums: &'t mut [i64],
    paid: &'t [i64],
    flat: i64,
    delta: i64,
}

impl WithSimd for AddLeastTakes<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        for (sum, &paid) in self.sums.iter_mut().zip(self.paid) {
            *sum += self.flat.max(self.delta - paid);
        }
    }
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
