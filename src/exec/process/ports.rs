//! Loopback ports that nobody has.

use super::failures::{io_failed, passing};
use super::gate::Gate;
use super::layout::AppDir;
use super::side::Side;
use crate::exec::Failure;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// Below the ports that the system gives to outgoing connections (from 32768 on Linux): what listens must be able to come
/// back to its port after a crash.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Chooses ports that no side and no proxy of any application below the root has, and that are free now.
///
/// The caller holds the lock of the root until it has written down that they are taken.
///
/// # Errors
/// When none is free.
pub fn choose(root: &Path, seed: &str, count: usize) -> Result<Vec<u16>, Failure> {
    let taken = taken(root)?;
    // Begins anywhere, so that two roots on one machine seldom ask for the same; the same seed begins at the same port.
    let start = seed.bytes().chain(root.as_os_str().as_encoded_bytes().iter().copied());
    let start = start.fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let all = (0..u32::from(COUNT))
        .map(|i| FIRST + u16::try_from((start % u32::from(COUNT) + i) % u32::from(COUNT)).unwrap_or(0));
    let free: Vec<u16> = all.filter(|port| !taken.contains(port) && is_free(*port)).take(count).collect();
    if free.len() < count {
        return Err(passing(format!("no free port between {FIRST} and {}", FIRST + COUNT)));
    }
    Ok(free)
}

/// Whether nobody listens on a port now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn taken(root: &Path) -> Result<BTreeSet<u16>, Failure> {
    let mut taken = BTreeSet::new();
    for entry in std::fs::read_dir(root).map_err(|error| io_failed("read", root, &error))?.flatten() {
        let name = entry.file_name();
        let Some(app) = name.to_str().and_then(|name| AppDir::new(root, name).ok()) else { continue };
        for side in app.sides()? {
            taken.extend(Side::read(&side)?.map(|side| side.file.ports).unwrap_or_default());
        }
        for component in app.components()? {
            let routes = Gate::of(&app, &component)?.routes()?;
            taken.extend(routes.listeners.iter().map(|listener| listener.port));
        }
    }
    Ok(taken)
}
