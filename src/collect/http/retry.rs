//! How long to wait, and when to give up.

use std::time::{Duration, SystemTime};

/// Timeouts and retries of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For resolving a name and connecting, TLS included.
    pub connect: Duration,
    /// For the first byte of an answer, and between any two reads after it.
    pub silence: Duration,
    /// For one answer's body; a longer one is taken up again where it stopped, when the server can.
    pub body: Duration,
    /// Attempts per page, the first included.
    pub attempts: u32,
    /// The first wait; each one after it is twice as long, and every one is cut by chance to between half and all.
    pub backoff: Duration,
    /// No wait of our own is longer.
    pub backoff_max: Duration,
    /// A server that asks to wait longer than this is not waited for.
    pub asked_wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            body: Duration::from_secs(300),
            attempts: 6,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            asked_wait_max: Duration::from_secs(300),
        }
    }
}

impl Limits {
    /// How long to wait before attempt `next` (2 is the first retry); `chance` is from 0 to 1.
    #[must_use]
    pub fn wait(&self, next: u32, chance: f64) -> Duration {
        let doubled = self.backoff.saturating_mul(1_u32 << (next.saturating_sub(2)).min(16));
        let most = doubled.min(self.backoff_max);
        most.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

/// Statuses that another attempt may cure.
#[must_use]
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The wait that a `Retry-After` header asks for: seconds, or a date.
#[must_use]
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The wait that rate-limit headers ask for: none while requests are left, else until the limit is reset. `header`
/// gives a header's value by its lower-case name.
#[must_use]
pub fn limit_wait<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    // Azure's counter comes without a time; a minute is what its documentation advises.
    const AZURE: &str = "x-ms-ratelimit-remaining-retailprices-requests";
    const NAMES: [(&str, &str); 4] = [
        ("ratelimit-remaining", "ratelimit-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("x-rate-limit-remaining", "x-rate-limit-reset"),
        (AZURE, "retry-after"),
    ];
    // Resets are seconds from now, or seconds since 1970.
    const EPOCH_MIN: u64 = 1_000_000_000;
    for (remaining, reset) in NAMES {
        if header(remaining).and_then(|value| value.trim().parse::<u64>().ok()) != Some(0) {
            continue;
        }
        let reset = header(reset).and_then(|value| value.trim().parse::<u64>().ok());
        let seconds = match reset {
            Some(at) if at >= EPOCH_MIN => {
                let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
                at.saturating_sub(now)
            }
            Some(seconds) => seconds,
            None => 60,
        };
        return Some(Duration::from_secs(seconds));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_are_cut_by_chance() {
        let limits = Limits::default();
        let most: Vec<u128> = (2..12).map(|next| limits.wait(next, 1.0).as_millis()).collect();
        assert_eq!(most, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
        assert_eq!(limits.wait(3, 0.0).as_millis(), 500);
        assert_eq!(limits.wait(u32::MAX, 7.0), limits.backoff_max);
    }

    #[test]
    fn servers_say_how_long_to_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(retry_after(&date, now), Some(Duration::from_secs(90)));
        assert_eq!(retry_after("Mon, 01 Jan 2001 00:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        let wait = |pairs: &'static [(&str, &str)]| {
            limit_wait(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value), now)
        };
        assert_eq!(wait(&[("ratelimit-remaining", "3"), ("ratelimit-reset", "9")]), None);
        assert_eq!(wait(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "9")]), Some(Duration::from_secs(9)));
        let epoch = wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000005")]);
        assert_eq!(epoch, Some(Duration::from_secs(5)));
        assert_eq!(wait(&[("x-ms-ratelimit-remaining-retailprices-requests", "0")]), Some(Duration::from_secs(60)));
    }
}
