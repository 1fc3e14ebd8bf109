//! Measures TCP handshakes and HTTP round trips.
//!
//! A handshake is one round trip and needs nobody's cooperation: it is the figure that is used. An HTTP answer over a
//! connection that is open already is a round trip and what the server takes; it is kept beside it.

use super::Endpoint;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Who asks.
pub const USER_AGENT: &str =
    concat!("placer/", env!("CARGO_PKG_VERSION"), " (latency probe; a few requests per region and day)");

/// How politely.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Handshakes and requests per host.
    pub rounds: u32,
    /// Pause between two of them.
    pub pause: Duration,
    /// How long to wait for one.
    pub timeout: Duration,
    /// Hosts that are probed at the same time.
    pub at_once: usize,
}

/// What was measured at one endpoint, in microseconds, in the order of measuring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// TCP handshakes.
    pub tcp_us: Vec<u32>,
    /// HTTP round trips over an open connection.
    pub http_us: Vec<u32>,
    /// The first thing that went wrong.
    pub fault: Option<String>,
}

/// Probes endpoints, some at a time; the results are in the order of the endpoints. `done` is told of each.
pub fn probe(endpoints: &[Endpoint], limits: Limits, done: &(dyn Fn(usize, &Sample) + Sync)) -> Vec<Sample> {
    let next = Mutex::new(0..endpoints.len());
    let samples = Mutex::new(vec![Sample::default(); endpoints.len()]);
    let take = || next.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..limits.at_once.clamp(1, 32) {
            scope.spawn(|| {
                while let Some(at) = take() {
                    let sample = one(&endpoints[at], limits);
                    done(at, &sample);
                    samples.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = sample;
                }
            });
        }
    });
    samples.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn one(endpoint: &Endpoint, limits: Limits) -> Sample {
    let mut sample = Sample::default();
    if let Err(fault) = handshakes(endpoint, limits, &mut sample.tcp_us) {
        sample.fault = Some(fault);
        // A host that does not answer is not asked for pages as well.
        return sample;
    }
    if let Err(fault) = requests(endpoint, limits, &mut sample.http_us) {
        sample.fault = Some(fault);
    }
    sample
}

/// The name is looked up once, so that no lookup counts.
fn handshakes(endpoint: &Endpoint, limits: Limits, times: &mut Vec<u32>) -> Result<(), String> {
    let found = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
    let address = found.map_err(|error| format!("{}: {error}", endpoint.host))?.next();
    let address = address.ok_or_else(|| format!("{} has no address", endpoint.host))?;
    for round in 0..limits.rounds {
        if round > 0 {
            thread::sleep(limits.pause);
        }
        let start = Instant::now();
        let stream = TcpStream::connect_timeout(&address, limits.timeout);
        let elapsed = start.elapsed();
        drop(stream.map_err(|error| format!("{}: {error}", endpoint.host))?);
        times.push(micros(elapsed));
    }
    Ok(())
}

/// The first request opens the connection and does not count. Any answer will do: what it says is not looked at.
fn requests(endpoint: &Endpoint, limits: Limits, times: &mut Vec<u32>) -> Result<(), String> {
    const BODY_BYTES_MAX: u64 = 1 << 20;
    let config = ureq::Agent::config_builder()
        .user_agent(USER_AGENT)
        .timeout_global(Some(limits.timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let url = endpoint.url();
    for round in 0..=limits.rounds {
        if round > 0 {
            thread::sleep(limits.pause);
        }
        let start = Instant::now();
        let answer = agent.get(&url).call().map_err(|error| format!("{}: {error}", endpoint.host))?;
        let elapsed = start.elapsed();
        // Read to its end, so that the connection can be used again.
        let body = answer.into_body().with_config().limit(BODY_BYTES_MAX).read_to_vec();
        body.map_err(|error| format!("{}: {error}", endpoint.host))?;
        if round > 0 {
            times.push(micros(elapsed));
        }
    }
    Ok(())
}

fn micros(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX).max(1)
}
