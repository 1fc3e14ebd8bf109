//! Path bounds and latency prices.
//!
//! A hop from `a` to `b` takes `d(p, q)` between their places. With `z` and `w` telling the places,
//! `l >= sum over q of d(p, q) w_q - top_p * (1 - z_p)` for every `p`, and `l >= sum over q of least_q w_q`: since latency
//! is only ever bounded from above or paid for, `l` may exceed the truth, and nothing makes it smaller. Two places whose
//! hop breaks a bound even with the least of everything else exclude each other directly.

use super::model::{Builder, Sum};
use super::{ONE, Sense, VarId};
use crate::problem::{ComponentId, Path, PlaceId};

/// Latency of one hop over the places that its ends may have.
struct Table {
    a: ComponentId,
    b: ComponentId,
    rows: Vec<(PlaceId, VarId)>,
    columns: Vec<(PlaceId, VarId)>,
    /// `us[row * columns + column]`.
    us: Vec<i64>,
}

impl Table {
    fn at(&self, row: usize, column: usize) -> i64 {
        self.us[row * self.columns.len() + column]
    }

    fn least(&self) -> i64 {
        if self.a == self.b {
            return (0..self.rows.len()).map(|p| self.at(p, p)).min().unwrap_or(0);
        }
        self.us.iter().copied().min().unwrap_or(0)
    }
}

pub(super) fn build(builder: &mut Builder) {
    for p in 0..builder.problem.paths.len() {
        let path = builder.problem.paths[p].clone();
        if path.bound.is_some() || path.nanos_per_us > 0 {
            one(builder, p, &path);
        }
    }
}

fn one(builder: &mut Builder, p: usize, path: &Path) {
    let mut tables: Vec<Table> = path.hops.iter().map(|hop| table(builder, path, hop)).collect();
    let constant = path.constant.micros();
    let entry = |component: ComponentId, place: PlaceId| match &path.entry {
        Some((at, us)) if *at == component => us[place],
        _ => 0,
    };
    let entry_least = path.entry.as_ref().map_or(0, |(component, us)| {
        builder.parts[*component].places.iter().map(|&(place, _)| us[place]).min().unwrap_or(0)
    });
    // Microseconds in this file, billionths in rows: a coefficient is microseconds times ONE.
    let mut sum: Sum = Vec::new();
    if let Some((component, us)) = &path.entry {
        let places = &builder.parts[*component].places;
        sum.extend(places.iter().map(|&(place, z)| (z, i128::from(us[place]) * ONE)));
    }
    let least: i64 = tables.iter().map(Table::least).sum();
    for (h, table) in tables.iter_mut().enumerate() {
        let others = least - table.least();
        if let Some(bound) = path.bound {
            let free = bound.micros() - constant - others;
            exclude(builder, &format!("b{p}_{h}"), table, free, entry_least, &entry, path);
        }
        if table.a == table.b {
            sum.extend((0..table.rows.len()).map(|row| (table.rows[row].1, i128::from(table.at(row, row)) * ONE)));
        } else {
            let l = hop(builder, &format!("l{p}_{h}"), table);
            sum.push((l, ONE));
        }
    }
    let weight = if path.only_bounded { 0 } else { i128::from(path.nanos_per_us) };
    builder.weighted.extend(sum.iter().map(|&(var, us)| (var, us / ONE * weight)));
    builder.weighted_constant += i128::from(constant) * weight;
    if let Some(bound) = path.bound {
        let rhs = i128::from(bound.micros() - constant) * ONE;
        builder.row(format!("path{p}"), sum, Sense::AtMost, rhs);
    }
}

fn table(builder: &Builder, path: &Path, hop: &crate::problem::Hop) -> Table {
    let (rows, columns) = (builder.parts[hop.a].places.clone(), builder.parts[hop.b].places.clone());
    let us = |p: PlaceId, q: PlaceId| hop.round_trips_milli * builder.problem.rtt_us(path.percentile, p, q) / 1000;
    let us = rows.iter().flat_map(|&(p, _)| columns.iter().map(move |&(q, _)| us(p, q))).collect();
    Table { a: hop.a, b: hop.b, rows, columns, us }
}

/// Excludes pairs of places that are too slow whatever the rest does, and cuts their latency down to just too slow.
fn exclude(
    builder: &mut Builder,
    name: &str,
    table: &mut Table,
    free: i64,
    entry_least: i64,
    entry: &dyn Fn(ComponentId, PlaceId) -> i64,
    path: &Path,
) {
    if table.a == table.b {
        return;
    }
    let columns = table.columns.len();
    for row in 0..table.rows.len() {
        let (place, z) = table.rows[row];
        let mut too_slow: Sum = vec![(z, ONE)];
        for column in 0..columns {
            let (other, w) = table.columns[column];
            let entering = match &path.entry {
                Some((at, _)) if *at == table.a || *at == table.b => entry(table.a, place) + entry(table.b, other),
                _ => entry_least,
            };
            let room = (free - entering).max(-1);
            let us = &mut table.us[row * columns + column];
            if *us > room {
                too_slow.push((w, ONE));
                *us = room + 1;
            }
        }
        if too_slow.len() > 1 {
            builder.row(format!("{name}_{row}"), too_slow, Sense::AtMost, ONE);
        }
    }
}

/// A variable that is at least the latency of a hop, in microseconds.
fn hop(builder: &mut Builder, name: &str, table: &Table) -> VarId {
    let l = builder.variable(name.to_owned(), None, false);
    let rows = 0..table.rows.len();
    let least = |column: usize| rows.clone().map(|row| table.at(row, column)).min().unwrap_or(0);
    let least: Vec<i64> = (0..table.columns.len()).map(least).collect();
    let base = table.columns.iter().zip(&least).map(|(&(_, w), &us)| (w, -i128::from(us) * ONE));
    builder.row(name.to_owned(), base.chain([(l, ONE)]).collect(), Sense::AtLeast, 0);
    for row in rows {
        let top = (0..least.len()).map(|column| table.at(row, column) - least[column]).max().unwrap_or(0);
        if top == 0 {
            continue;
        }
        let terms =
            table.columns.iter().enumerate().map(|(column, &(_, w))| (w, -i128::from(table.at(row, column)) * ONE));
        let slack = (table.rows[row].1, -i128::from(top) * ONE);
        builder.row(
            format!("{name}_{row}"),
            terms.chain([slack, (l, ONE)]).collect(),
            Sense::AtLeast,
            -i128::from(top) * ONE,
        );
    }
    l
}
