//! The pairwise problem as files: the plain JSON form, and toulbar2's `.wcsp`.

use placer::solve::pairwise::{FORBIDDEN, Network, Pair};
use std::fmt::Write;

/// The JSON of docs/problem-format.md: null is forbidden. All components must have the same number of places.
pub fn to_json(network: &Network) -> String {
    let number = |cost: i64| if cost == FORBIDDEN { "null".to_owned() } else { cost.to_string() };
    let list = |costs: &[i64]| format!("[{}]", costs.iter().map(|&cost| number(cost)).collect::<Vec<_>>().join(","));
    let places = network.unary()[0].len();
    let mut out = format!("{{\"places\":{places},\"components\":[");
    for (i, costs) in network.unary().iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\n{{\"name\":\"c{i}\",\"cost\":{}}}", list(costs));
    }
    out.push_str("],\n\"pairs\":[");
    for (i, pair) in network.pairs().iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let rows: Vec<String> = pair.table.chunks(places).map(list).collect();
        let _ = write!(out, "{comma}\n{{\"a\":{},\"b\":{},\"cost\":[{}]}}", pair.a, pair.b, rows.join(","));
    }
    out.push_str("]}\n");
    out
}

/// The `.wcsp` form: costs not below zero, and forbidden from the stated top on. Returns the text and what was taken off
/// the total to keep costs at or above zero.
pub fn to_wcsp(network: &Network) -> (String, i64) {
    let least = |costs: &[i64]| costs.iter().copied().filter(|&c| c != FORBIDDEN).min().unwrap_or(0);
    let most = |costs: &[i64]| costs.iter().copied().filter(|&c| c != FORBIDDEN).max().unwrap_or(0) - least(costs);
    let tables = || network.unary().iter().map(Vec::as_slice).chain(network.pairs().iter().map(|p| p.table.as_slice()));
    let top: i64 = 1 + tables().map(most).sum::<i64>();
    let shift: i64 = tables().map(least).sum();
    let sizes: Vec<String> = network.unary().iter().map(|costs| costs.len().to_string()).collect();
    let most_places = network.unary().iter().map(Vec::len).max().unwrap_or(0);
    let functions = network.unary().len() + network.pairs().len();
    let mut out = format!("placer {} {most_places} {functions} {top}\n{}\n", sizes.len(), sizes.join(" "));
    let value = |cost: i64, least: i64| if cost == FORBIDDEN { top } else { cost - least };
    for (i, costs) in network.unary().iter().enumerate() {
        let least = least(costs);
        let _ = writeln!(out, "1 {i} 0 {}", costs.len());
        for (x, &cost) in costs.iter().enumerate() {
            let _ = writeln!(out, "{x} {}", value(cost, least));
        }
    }
    for pair in network.pairs() {
        let least = least(&pair.table);
        let columns = network.unary()[pair.b].len();
        let _ = writeln!(out, "2 {} {} 0 {}", pair.a, pair.b, pair.table.len());
        for (at, &cost) in pair.table.iter().enumerate() {
            let _ = writeln!(out, "{} {} {}", at / columns, at % columns, value(cost, least));
        }
    }
    (out, shift)
}

/// Reads a `.wcsp` with unary and binary functions.
pub fn from_wcsp(text: &str) -> Network {
    let mut words = text.split_ascii_whitespace();
    let _name = words.next();
    let mut next = || words.next().and_then(|w| w.parse::<i64>().ok()).expect("a number");
    let (n, _, functions, top) = (next() as usize, next(), next(), next());
    let sizes: Vec<usize> = (0..n).map(|_| next() as usize).collect();
    let mut unary: Vec<Vec<i64>> = sizes.iter().map(|&size| vec![0; size]).collect();
    let mut pairs = Vec::new();
    let finite = |cost: i64| if cost >= top { FORBIDDEN } else { cost };
    for _ in 0..functions {
        match next() {
            1 => {
                let a = next() as usize;
                let (default, count) = (finite(next()), next());
                let mut costs = vec![default; sizes[a]];
                for _ in 0..count {
                    let x = next() as usize;
                    costs[x] = finite(next());
                }
                for (cost, more) in unary[a].iter_mut().zip(costs) {
                    *cost = if *cost == FORBIDDEN || more == FORBIDDEN { FORBIDDEN } else { *cost + more };
                }
            }
            2 => {
                let (a, b) = (next() as usize, next() as usize);
                let (default, count) = (finite(next()), next());
                let mut table = vec![default; sizes[a] * sizes[b]];
                for _ in 0..count {
                    let (x, y) = (next() as usize, next() as usize);
                    table[x * sizes[b] + y] = finite(next());
                }
                pairs.push(Pair { a, b, table });
            }
            arity => panic!("arity {arity} is not read"),
        }
    }
    Network::new(unary, pairs).expect("a valid problem")
}
