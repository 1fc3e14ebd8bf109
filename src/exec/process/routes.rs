//! The routes file: where the proxy of a component listens, and between which sides it shares connections out.
//!
//! Written by whoever carries steps out, replaced as a whole, read by the proxy before every connection.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The routes of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// Connections wait until this is false again: a store changes sides.
    pub hold: bool,
    /// Where the proxy listens.
    pub listeners: Vec<Listener>,
    /// Replicas of the component that were placed one by one, or the component itself. They share evenly.
    pub groups: Vec<Group>,
    /// Round trips between callers and sides, in microseconds; 0 where nothing stands.
    pub delays: Vec<Delay>,
}

/// A loopback port of the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The side that calls (`web-0123456789ab`); `None`: people.
    pub caller: Option<String>,
    /// `provider/region` of the caller.
    pub place: Option<String>,
    /// Port.
    pub port: u16,
}

/// What shares the traffic of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The replica: `web`, or `web#2`.
    pub name: String,
    /// Its sides.
    pub sides: Vec<Target>,
}

/// A side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `Seat::id`.
    pub seat: String,
    /// `provider/region`.
    pub place: String,
    /// Percent of the group's traffic.
    pub percent: u8,
    /// Ports of its processes.
    pub ports: Vec<u16>,
    /// Connections to it are ended at once.
    pub cut: bool,
}

/// How long a round trip takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// `provider/region` of the caller.
    pub from: String,
    /// `provider/region` of the side.
    pub to: String,
    /// Microseconds.
    pub round_trip_us: u64,
}

impl Routes {
    /// What the proxy notes when it has read these bytes.
    pub fn digest(bytes: &[u8]) -> String {
        Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// A side of a group.
    pub fn target(&self, group: &str, seat: &str) -> Option<&Target> {
        self.groups.iter().find(|g| g.name == group)?.sides.iter().find(|side| side.seat == seat)
    }

    /// A side of a group, to be changed.
    pub fn target_mut(&mut self, group: &str, seat: &str) -> Option<&mut Target> {
        self.groups.iter_mut().find(|g| g.name == group)?.sides.iter_mut().find(|side| side.seat == seat)
    }

    /// Puts a side in, without traffic, or brings its place and ports up to date.
    pub fn put(&mut self, group: &str, target: Target) {
        if let Some(there) = self.target_mut(group, &target.seat) {
            (there.place, there.ports) = (target.place, target.ports);
            return;
        }
        match self.groups.iter_mut().find(|g| g.name == group) {
            Some(found) => found.sides.push(target),
            None => self.groups.push(Group { name: group.to_owned(), sides: vec![target] }),
        }
    }

    /// Takes a side out.
    pub fn take(&mut self, group: &str, seat: &str) {
        for found in self.groups.iter_mut().filter(|g| g.name == group) {
            found.sides.retain(|side| side.seat != seat);
        }
        self.groups.retain(|g| !g.sides.is_empty());
    }

    /// The round trip between a caller and a side.
    pub fn round_trip_us(&self, from: Option<&str>, to: &str) -> u64 {
        let is = |delay: &&Delay| Some(delay.from.as_str()) == from && delay.to == to;
        self.delays.iter().find(is).map_or(0, |delay| delay.round_trip_us)
    }
}

/// Shares connections out: in any row of them each side has its share, to one connection. No dice.
#[derive(Debug, Default)]
pub struct Share {
    /// What each side has not had yet, in the smooth weighted round-robin of nginx.
    owed: BTreeMap<String, i64>,
    /// How many connections each side has been given, for the turn of its processes.
    given: BTreeMap<String, usize>,
}

impl Share {
    /// The side that a connection goes to, and its ports in the order in which to try them. Callers within the application
    /// (`inside`) are answered by a side without traffic when no other is there yet: what is new starts before it is shifted to.
    pub fn pick(&mut self, routes: &Routes, inside: bool) -> Option<(Target, Vec<u16>)> {
        let sides = || routes.groups.iter().flat_map(|group| &group.sides).filter(|side| !side.cut);
        let any = sides().any(|side| side.percent > 0);
        let weight = |side: &Target| if any { i64::from(side.percent) } else { i64::from(inside) };
        let total: i64 = sides().map(weight).sum();
        for side in sides() {
            *self.owed.entry(side.seat.clone()).or_default() += weight(side);
        }
        let candidates = sides().filter(|side| weight(side) > 0);
        // Of equals the first one: `max_by_key` would take the last.
        let best = candidates.min_by_key(|side| Reverse(self.owed.get(&side.seat).copied()))?.clone();
        *self.owed.entry(best.seat.clone()).or_default() -= total;
        let turn = self.given.entry(best.seat.clone()).or_default();
        let mut ports = best.ports.clone();
        let length = ports.len().max(1);
        ports.rotate_left(*turn % length);
        *turn = turn.wrapping_add(1);
        Some((best, ports))
    }

    /// Forgets what is owed, when the weights change.
    pub fn reset(&mut self) {
        self.owed.clear();
    }
}
