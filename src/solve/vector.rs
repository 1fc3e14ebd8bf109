//! The inner loops over tables of costs, compiled for the vector units of the machine at hand: the integers are the same
//! on all of them. Sums are clamped to [`HARD`].

use super::model::HARD;
use pulp::{Arch, Simd, WithSimd};

/// `cells[i] += factor[i]`.
pub(super) fn add(arch: Arch, cells: &mut [i64], factor: &[i64]) {
    arch.dispatch(Add { cells, factor });
}

/// `cells[row][i] = costs[row] + factor[row][i]`, for rows of `width` cells one after another.
pub(super) fn spread(arch: Arch, cells: &mut [i64], width: usize, costs: &[i64], factor: &[i64]) {
    arch.dispatch(Spread { cells, width, costs, factor });
}

/// `least[i]` = the least of `cells[row][i]` over all rows, and of itself.
pub(super) fn lower(arch: Arch, least: &mut [i64], cells: &[i64]) {
    arch.dispatch(Lower { least, cells });
}

/// `cells[row][i] += rest[i]`; `least` becomes the least of every row.
pub(super) fn add_to_rows(arch: Arch, cells: &mut [i64], rest: &[i64], least: &mut Vec<i64>) {
    least.clear();
    arch.dispatch(AddToRows { cells, rest, least });
}

struct Add<'t> {
    cells: &'t mut [i64],
    factor: &'t [i64],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (cell, &factor) in self.cells.iter_mut().zip(self.factor) {
            *cell = (*cell + factor).min(HARD);
        }
    }
}

struct Spread<'t> {
    cells: &'t mut [i64],
    width: usize,
    costs: &'t [i64],
    factor: &'t [i64],
}

impl WithSimd for Spread<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let rows = self.cells.chunks_exact_mut(self.width).zip(self.factor.chunks_exact(self.width));
        for ((cells, factor), &cost) in rows.zip(self.costs) {
            for (cell, &factor) in cells.iter_mut().zip(factor) {
                *cell = (cost + factor).min(HARD);
            }
        }
    }
}

struct Lower<'t> {
    least: &'t mut [i64],
    cells: &'t [i64],
}

impl WithSimd for Lower<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for cells in self.cells.chunks_exact(self.least.len()) {
            for (least, &cell) in self.least.iter_mut().zip(cells) {
                *least = (*least).min(cell);
            }
        }
    }
}

struct AddToRows<'t> {
    cells: &'t mut [i64],
    rest: &'t [i64],
    least: &'t mut Vec<i64>,
}

impl WithSimd for AddToRows<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for cells in self.cells.chunks_exact_mut(self.rest.len()) {
            let mut low = HARD;
            for (cell, &rest) in cells.iter_mut().zip(self.rest) {
                *cell = (*cell + rest).min(HARD);
                low = low.min(*cell);
            }
            self.least.push(low);
        }
    }
}
