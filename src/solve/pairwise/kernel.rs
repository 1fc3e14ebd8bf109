//! The two inner loops, compiled for the vector units of the machine at hand: the integers are the same on all of them.

use super::cell::Cell;
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
            let mut best = C::TOP;
            for (&cell, &paid) in cells.remainder().iter().zip(paids.remainder()) {
                best = best.min(cell + paid);
            }
            for lane in lanes {
                best = best.min(lane);
            }
            *least = best;
        }
    }
}
