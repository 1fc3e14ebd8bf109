//! Independent work shared out over threads; a panic ends the piece of work that it is in, and nothing else.

use std::any::Any;
use std::cell::RefCell;
use std::num::NonZero;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// Bytes of a worker's stack: as much as a main thread has, whatever the platform gives to others.
const STACK_BYTES: usize = 16 << 20;

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// As many threads as there are processors.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does `work` for `0..count` on so many threads; results in order. `Err`: it panicked, and with what.
pub fn out<T: Send>(
    count: usize,
    jobs: usize,
    work: &(dyn Fn(usize) -> T + Sync),
    done: &(dyn Fn() + Sync),
) -> Vec<Result<T, String>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<T, String>>>> = Mutex::new((0..count).map(|_| None).collect());
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            // What a panic may leave half done is the piece's own; what pieces share repairs itself.
            let result = panic::catch_unwind(AssertUnwindSafe(|| work(at))).map_err(|payload| told(&*payload));
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = Some(result);
            done();
        }
    };
    let loud = panic::take_hook();
    panic::set_hook(Box::new(remember));
    thread::scope(|scope| {
        for _ in 1..jobs.clamp(1, count.max(1)) {
            // Without another thread, those that there are do its share.
            let _ = Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        }
        run();
    });
    panic::set_hook(loud);
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().map(|result| result.unwrap_or_else(|| Err("it was never worked on".to_owned()))).collect()
}

/// In place of a message on standard error for each panic: it becomes part of the result.
fn remember(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    PLACE.set(place);
}

fn told(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic");
    format!("{text} ({})", PLACE.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_a_panic_is_one_result() {
        let work = |at: usize| {
            assert!(at != 7, "number {at} is bad");
            at * 2
        };
        for jobs in [1, 2, 5, 100] {
            let seen = AtomicUsize::new(0);
            let results = out(50, jobs, &work, &|| {
                seen.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!((results.len(), seen.into_inner()), (50, 50));
            for (at, result) in results.iter().enumerate() {
                match result {
                    Ok(value) => assert_eq!(*value, at * 2),
                    Err(text) => assert!(at == 7 && text.contains("number 7 is bad") && text.contains("share.rs:")),
                }
            }
        }
        assert!(out(0, 3, &work, &|| ()).is_empty());
    }
}
