//! The report of a backtest for people; made from [`Report`] and from nothing else.

use super::report::{Report, Row, Summary, Unused, dollars};
use crate::cli::text::{Grid, Look, Side};

/// A line for each application, one for all of them, and what to know about it.
pub fn render(report: &Report, look: Look) -> String {
    let head =
        ["application", "never", "always", "policy", "clairvoyant", "regret", "moves", "clairvoyant's", "remarks"];
    let side = |name| (name, if matches!(name, "application" | "remarks") { Side::Left } else { Side::Right });
    let mut grid = Grid::new(look, &head.map(side));
    for row in &report.apps {
        grid.row([
            row.app.clone(),
            dollars(row.never_move_usd.as_ref()),
            dollars(row.always_move_usd.as_ref()),
            dollars(row.policy_usd.as_ref()),
            dollars(row.clairvoyant_usd.as_ref()),
            dollars(row.regret_usd.as_ref()),
            row.moves.to_string(),
            row.clairvoyant_moves.to_string(),
            remark(row),
        ]);
    }
    let s = &report.summary;
    grid.strong_row([
        "total".into(),
        dollars(Some(&s.never_move_usd)),
        dollars(Some(&s.always_move_usd)),
        dollars(Some(&s.policy_usd)),
        dollars(Some(&s.clairvoyant_usd)),
        dollars(Some(&s.regret_usd)),
        s.moves.to_string(),
        s.clairvoyant_moves.to_string(),
        String::new(),
    ]);
    grid.render() + &notes(s).iter().map(|note| look.bullet(note)).collect::<String>()
}

fn remark(row: &Row) -> String {
    let unproven = row.clairvoyant_usd != row.clairvoyant_bound_usd;
    row.error.clone().unwrap_or_else(|| if unproven { "not proven".into() } else { String::new() })
}

fn notes(s: &Summary) -> Vec<String> {
    let gap = match s.gap_days_max {
        2.. => {
            format!("; nothing was recorded for up to {} days on end, and prices stand for so long", s.gap_days_max - 1)
        }
        _ => String::new(),
    };
    let mut notes = vec![
        format!("recorded from {} to {}: {} days{gap}", s.from, s.to, s.days),
        format!(
            "applications: {}; skipped: {}; clairvoyant figures that are proven: {} of {}",
            s.apps, s.skipped, s.proven, s.apps
        ),
        format!(
            "policy `{}` captures {} of what the clairvoyant saves; the worst application{}",
            s.policy,
            s.captured_pct
                .as_ref()
                .map_or_else(|| "nothing (there is nothing)".to_owned(), |number| format!("{number} %")),
            worst(s)
        ),
    ];
    notes.extend(left_out(s.machines, &s.machines_unused));
    notes
}

/// Who came out worst against never moving, and by how much.
fn worst(s: &Summary) -> String {
    let (Some(app), Some(pct)) = (&s.worst_app, &s.worst_pct) else { return " is none".to_owned() };
    let pct = pct.to_string();
    let (pct, word) = pct.strip_prefix('-').map_or((pct.as_str(), "more"), |pct| (pct, "less"));
    format!(", {app}, costs {pct} % {word} than never moving")
}

fn left_out(used: usize, unused: &Unused) -> Option<String> {
    let Unused { region_unknown, machine_unknown, on_demand_unknown, examples } = unused;
    let count = region_unknown + machine_unknown + on_demand_unknown;
    (count > 0).then(|| {
        format!(
            "{used} recorded machines were used and {count} left out: {region_unknown} at regions and {machine_unknown} of \
             types that the price book does not have, {on_demand_unknown} without an on-demand price (such as {})",
            examples.join(", ")
        )
    })
}
