//! Independent pieces of a large part's work, on all processors. What comes out does not depend on how many there are.

use rayon::prelude::*;

/// Tables with so many cells are worth a second thread: to wake one takes some 10 us, as long as to look at 50,000 cells.
pub(super) const FROM_CELLS: usize = 1_000_000;

/// What `f` makes of each item, in order; several at a time where the tables have cells enough. Each thread has its own working
/// memory from `init`.
pub(super) fn map<T: Send, W, R: Send>(
    cells: usize,
    items: impl IntoIterator<Item = T> + IntoParallelIterator<Item = T, Iter: IndexedParallelIterator>,
    init: impl Fn() -> W + Sync + Send,
    f: impl Fn(&mut W, T) -> R + Sync + Send,
) -> Vec<R> {
    if cells >= FROM_CELLS {
        items.into_par_iter().map_init(init, f).collect()
    } else {
        let mut memory = init();
        items.into_iter().map(|item| f(&mut memory, item)).collect()
    }
}

/// Does `f` on one of the threads that [`map`] works on, where the tables have cells enough: what calls it there need not be
/// woken when it is done.
pub(super) fn within<R: Send>(cells: usize, f: impl FnOnce() -> R + Send) -> R {
    if cells >= FROM_CELLS { rayon::scope(|_| f()) } else { f() }
}
