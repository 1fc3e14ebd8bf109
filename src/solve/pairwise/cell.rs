//! The integers that the solver computes in: 64 bits always suffice, 32 bits are four times as fast where they do.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An integer cost. [`Cell::TOP`] stands for "not allowed", and two of
/// those added up do not overflow.
pub(super) trait Cell:
    'static
    + Copy
    + Ord
    + Debug
    + Default
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Neg<Output = Self>
{
    /// Not allowed.
    const TOP: Self;
    /// From here on a sum contains [`Cell::TOP`].
    const HALF: Self;

    /// As 64 bits.
    fn wide(self) -> i64;
    /// From 64 bits; what is out of range above becomes [`Cell::TOP`].
    fn narrow(value: i64) -> Self;
    /// The floor of a share of a value that is not negative.
    fn share(self, parts: usize) -> Self;
}

impl Cell for i64 {
    const TOP: Self = 1 << 61;
    const HALF: Self = 1 << 60;

    fn wide(self) -> i64 {
        self
    }

    fn narrow(value: i64) -> Self {
        value.min(Self::TOP)
    }

    fn share(self, parts: usize) -> Self {
        match parts {
            1 => self,
            2 => self >> 1,
            4 => self >> 2,
            _ => self / i64::try_from(parts).unwrap_or(i64::MAX),
        }
    }
}

impl Cell for i32 {
    const TOP: Self = 1 << 29;
    const HALF: Self = 1 << 28;

    fn wide(self) -> i64 {
        i64::from(self)
    }

    fn narrow(value: i64) -> Self {
        i32::try_from(value).unwrap_or(Self::TOP).min(Self::TOP)
    }

    fn share(self, parts: usize) -> Self {
        match parts {
            1 => self,
            2 => self >> 1,
            4 => self >> 2,
            _ => self / i32::try_from(parts).unwrap_or(i32::MAX),
        }
    }
}
