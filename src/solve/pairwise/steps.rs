//! Pair tables in bytes: how many steps above the table's least cell every cell stands at least.
//!
//! A table of 64-bit costs is far away in memory, its steps are eight times nearer. What they say of a sum with potentials is
//! a bound from below, off by at most two steps; mostly that is enough, and the costs themselves are not looked at.

use super::cell::Cell;
use super::kernel::Range;
use super::network::FORBIDDEN;
use pulp::{Arch, WithSimd};

/// Steps between the least and the largest cell, at most.
const STEPS: u32 = 8;
/// The byte of a cell that is not allowed.
const OUT: u8 = u8::MAX;
/// Steps that a cell that is not allowed is worth, and the most that a potential counts for.
const FAR: i64 = 16_000;
/// The places' own costs spread over so many steps, as a power of two.
const SPREAD_STEPS: u32 = 12;

/// Cells that are looked at at once; rows are filled up to that.
const LANES: usize = 32;

/// A pair table in steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// As the table, every row filled up with cells that are not allowed.
    cells: Vec<[u8; LANES]>,
    /// Columns of the table.
    width: usize,
    /// A step, as a power of two.
    shift: u32,
    /// [`FAR`], or less where sums would be too large.
    far: i16,
    /// The table's least cell.
    least: i64,
}

impl Steps {
    /// Of a table with rows of this width and this range, between components whose finite costs spread so far.
    pub(super) fn new(arch: Arch, table: &[i64], width: usize, range: Range, spreads: [i64; 2]) -> Self {
        let bits = |length: i64| i64::BITS - length.max(0).leading_zeros();
        let spread = bits(spreads[0].min(spreads[1])).saturating_sub(SPREAD_STEPS);
        let shift = bits(range.spread()).saturating_sub(STEPS).max(spread);
        let far = i16::try_from((i64::HALF >> (shift + 1)).min(FAR)).unwrap_or(i16::MAX / 2);
        let least = range.low;
        let lines = table.len() / width * width.div_ceil(LANES);
        let mut made = Self { cells: vec![[0; LANES]; lines], width, shift, far, least };
        arch.dispatch(Make { table, steps: &mut made });
        made
    }

    fn row(&self, row: usize) -> &[[u8; LANES]] {
        let lines = self.width.div_ceil(LANES);
        &self.cells[row * lines..(row + 1) * lines]
    }

    /// The least cell.
    pub(super) fn least(&self) -> i64 {
        self.least
    }

    /// What a cell costs at least.
    pub(super) fn at_least(&self, row: usize, column: usize) -> i64 {
        match self.row(row)[column / LANES][column % LANES] {
            OUT => i64::HALF,
            steps => self.least + (i64::from(steps) << self.shift),
        }
    }

    /// Given the least potential of those that a bound was made of, whether the bound stands for a cell that is not allowed.
    pub(super) fn is_far(&self, left: i64, least_paid: i64) -> bool {
        left - self.least - least_paid >= i64::from(self.far) << self.shift
    }

    /// The least potential, and for each how many steps it is above that, rounded down; filled up with the most.
    fn above_least(&self, arch: Arch, paid: &[i64], out: &mut Vec<[i16; LANES]>) -> i64 {
        out.clear();
        out.resize(paid.len().div_ceil(LANES), [self.far; LANES]);
        arch.dispatch(AboveLeast { paid, steps: self, out: out.as_flattened_mut() })
    }

    /// For the value of each column at least what is left to it: the least, over some rows `(paid, row)`, of cell and paid.
    pub(super) fn left_to_columns(
        &self,
        arch: Arch,
        rows: &[(i64, usize)],
        most: i64,
        buffers: &mut Buffers,
        out: &mut [i64],
    ) {
        let Buffers { paid, above, least } = buffers;
        paid.clear();
        paid.extend(rows.iter().map(|&(paid, _)| paid));
        let floor = self.above_least(arch, paid, above).saturating_add(self.least);
        least.clear();
        least.resize(self.width.div_ceil(LANES), [2 * self.far; LANES]);
        arch.dispatch(LeastOfColumns { steps: self, rows, above: above.as_flattened(), least });
        self.costs(arch, floor, most, least.as_flattened(), out);
    }

    /// For the value of each row at least what is left to it: the least, over all columns, of cell and what the column has paid.
    pub(super) fn left_to_rows(&self, arch: Arch, paid: &[i64], most: i64, buffers: &mut Buffers, out: &mut [i64]) {
        let Buffers { above, least, .. } = buffers;
        let floor = self.above_least(arch, paid, above).saturating_add(self.least);
        least.clear();
        least.resize(out.len().div_ceil(LANES), [0; LANES]);
        let far = self.far;
        arch.dispatch(LeastOfRows { cells: &self.cells, above, far, least: least.as_flattened_mut() });
        self.costs(arch, floor, most, least.as_flattened(), out);
    }

    /// From steps above a floor to costs.
    fn costs(&self, arch: Arch, floor: i64, most: i64, steps: &[i16], out: &mut [i64]) {
        arch.dispatch(Costs { steps, floor, shift: self.shift, most, out });
    }
}

#[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
#[inline(always)]
fn worth(cell: u8, far: i16) -> i16 {
    if cell == OUT { far } else { i16::from(cell) }
}

struct Make<'t> {
    table: &'t [i64],
    steps: &'t mut Steps,
}

impl WithSimd for Make<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Steps { cells, width, shift, least, .. } = self.steps;
        for (row, steps) in self.table.chunks_exact(*width).zip(cells.chunks_exact_mut(width.div_ceil(LANES))) {
            let (steps, beyond) = steps.as_flattened_mut().split_at_mut(*width);
            for (step, &cell) in steps.iter_mut().zip(row) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut off just before")]
                let steps = (cell.wrapping_sub(*least) >> *shift).min(i64::from(OUT) - 1) as u8;
                *step = if cell >= FORBIDDEN { OUT } else { steps };
            }
            beyond.fill(OUT);
        }
    }
}

struct AboveLeast<'t> {
    paid: &'t [i64],
    steps: &'t Steps,
    out: &'t mut [i16],
}

impl WithSimd for AboveLeast<'_> {
    type Output = i64;

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> i64 {
        let (shift, far) = (self.steps.shift, i64::from(self.steps.far));
        let least = self.paid.iter().copied().fold(i64::TOP, i64::min);
        for (steps, &paid) in self.out.iter_mut().zip(self.paid) {
            #[allow(clippy::cast_possible_truncation, reason = "cut off just before")]
            let above = ((paid - least) >> shift).min(far) as i16;
            *steps = above;
        }
        least
    }
}

struct LeastOfColumns<'t> {
    steps: &'t Steps,
    rows: &'t [(i64, usize)],
    above: &'t [i16],
    least: &'t mut [[i16; LANES]],
}

impl WithSimd for LeastOfColumns<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let far = self.steps.far;
        for (&(_, row), &above) in self.rows.iter().zip(self.above) {
            for (least, cells) in self.least.iter_mut().zip(self.steps.row(row)) {
                for (least, &cell) in least.iter_mut().zip(cells) {
                    *least = (*least).min(worth(cell, far) + above);
                }
            }
        }
    }
}

struct LeastOfRows<'t> {
    cells: &'t [[u8; LANES]],
    above: &'t [[i16; LANES]],
    far: i16,
    least: &'t mut [i16],
}

impl WithSimd for LeastOfRows<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        for (row, out) in self.cells.chunks_exact(self.above.len()).zip(self.least) {
            let mut lanes = [i16::MAX; LANES];
            for (cells, above) in row.iter().zip(self.above) {
                for ((lane, &cell), &above) in lanes.iter_mut().zip(cells).zip(above) {
                    *lane = (*lane).min(worth(cell, self.far) + above);
                }
            }
            *out = lanes.into_iter().fold(i16::MAX, i16::min);
        }
    }
}

struct Costs<'t> {
    steps: &'t [i16],
    floor: i64,
    shift: u32,
    most: i64,
    out: &'t mut [i64],
}

impl WithSimd for Costs<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "the loop must be compiled within the caller that enables the vector unit")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        for (out, &steps) in self.out.iter_mut().zip(self.steps) {
            *out = (self.floor + (i64::from(steps) << self.shift)).min(self.most);
        }
    }
}

/// Working memory.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    paid: Vec<i64>,
    above: Vec<[i16; LANES]>,
    least: Vec<[i16; LANES]>,
}

#[cfg(test)]
mod tests {
    use super::super::kernel::range;
    use super::*;
    use proptest::prelude::*;

    /// A table, potentials of its rows and of its columns, in small and in huge units.
    fn tables() -> impl Strategy<Value = (Vec<i64>, usize, Vec<i64>, Vec<i64>, i64)> {
        let scale = prop_oneof![Just(1i64), Just(1_000_003), Just(90_000_000_000_003)];
        (1usize..12, 1usize..70, scale, 0u8..100, 1i64..1_000).prop_flat_map(|(rows, columns, scale, out, most)| {
            let cell = (0u8..100, -50..most).prop_map(move |(x, c)| if x < out { FORBIDDEN } else { c * scale });
            let paid = |count| {
                let one = (0u8..20, -3_000i64..3_000);
                prop::collection::vec(one.prop_map(move |(x, p)| if x == 0 { i64::TOP } else { p * scale }), count)
            };
            let cells = prop::collection::vec(cell, rows * columns);
            (cells, Just(columns), paid(rows), paid(columns), 1..1_000 * scale)
        })
    }

    /// Costs come as they are, before anybody has refused those that are out of range.
    #[test]
    fn any_integers_make_steps() {
        for low in [i64::MIN, -7, 0] {
            let cells = [i64::MAX, FORBIDDEN, low, 9];
            let arch = Arch::new();
            let steps = Steps::new(arch, &cells, 2, range(arch, &cells), [i64::MAX, 0]);
            assert!(steps.at_least(0, 0) >= i64::HALF && steps.at_least(0, 1) >= i64::HALF);
            assert!(low == i64::MIN || steps.at_least(1, 0) == low && steps.at_least(1, 1) <= 9);
        }
    }

    proptest! {
        /// Never more than the costs say; and where nothing is out of reach, less by two steps at most.
        #[test]
        fn steps_are_a_near_bound((cells, width, of_rows, of_columns, spread) in tables()) {
            let arch = Arch::new();
            let range = range(arch, &cells);
            let steps = Steps::new(arch, &cells, width, range, [spread, spread]);
            let mut buffers = Buffers::default();
            let near = |left: i64, exact: i64, paid: &[i64]| {
                let apart = paid.iter().copied().filter(|&paid| paid < i64::HALF).max().unwrap_or(0)
                    - paid.iter().copied().min().unwrap_or(0);
                let reach = (apart >> steps.shift) + 300 <= i64::from(steps.far) && range.spread() >> steps.shift < 255;
                exact >= i64::HALF || left <= exact && (!reach || left + (2 << steps.shift) > exact)
            };

            let mut to_rows = vec![0; of_rows.len()];
            steps.left_to_rows(arch, &of_columns, i64::MAX, &mut buffers, &mut to_rows);
            for (row, &left) in cells.chunks(width).zip(&to_rows) {
                let exact = row.iter().zip(&of_columns).map(|(cell, paid)| cell + paid).min().unwrap();
                prop_assert!(near(left, exact, &of_columns), "{left} of {exact}");
            }

            let rows: Vec<(i64, usize)> = of_rows.iter().copied().zip(0..).collect();
            let mut to_columns = vec![0; width];
            steps.left_to_columns(arch, &rows, i64::MAX, &mut buffers, &mut to_columns);
            for (column, &left) in to_columns.iter().enumerate() {
                let exact = rows.iter().map(|&(paid, row)| cells[row * width + column] + paid).min().unwrap();
                prop_assert!(near(left, exact, &of_rows), "{left} of {exact}");
                // What goes with none of the rows shows as far.
                let least = of_rows.iter().copied().min().unwrap();
                prop_assert!(exact < i64::HALF || least >= i64::HALF || steps.is_far(left, least));
            }
            for (at, &cell) in cells.iter().enumerate() {
                prop_assert!(steps.at_least(at / width, at % width) <= cell);
            }
        }
    }
}
