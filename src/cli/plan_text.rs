//! A plan as people read it, with the marks of Terraform: `+` comes, `~` moves, `-` goes.

use super::text::{Grid, Look, Side, amount};
use crate::plan::{Action, Change, Moved, Plan, Seat, Step, Undo};
use crate::units::{Money, Purchase, Quantity};

/// The text of a plan.
pub fn render(plan: &Plan, look: Look) -> String {
    if plan.moved.is_empty() {
        return format!("{}\n", look.strong(&format!("{}: nothing to do, everything stays where it is", plan.app)));
    }
    let mut text = format!("{}\n", look.strong(&title(plan)));
    for line in summary(plan) {
        text.push_str(&look.bullet(&line));
    }
    text.push_str(&look.title("What changes"));
    text.push_str(&changes(plan, look));
    text.push_str(&look.title("Steps"));
    text.push_str(&steps(plan, look));
    text
}

fn title(plan: &Plan) -> String {
    let count = |change: Change| plan.moved.iter().filter(|moved| moved.change == change).count();
    let (add, moved, remove) = (count(Change::Add), count(Change::Move), count(Change::Remove));
    format!("{}: {add} to add, {moved} to move, {remove} to remove", plan.app)
}

/// A sum that may not be known.
fn sum(money: Option<Money>) -> String {
    money.map_or_else(|| "not known".to_owned(), |money| money.to_string())
}

fn summary(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let wanted = sum(plan.to.usd_month);
    lines.push(match plan.saving_month() {
        Some(saving) if saving >= Money::ZERO => format!("{wanted} a month, {saving} less than today"),
        Some(saving) => format!("{wanted} a month, {} more than today", Money::ZERO - saving),
        None => format!("{wanted} a month"),
    });
    if plan.moved.iter().any(|moved| moved.from.is_some()) {
        lines.push(match plan.cost() {
            Some(cost) => format!("the move costs {cost} once at most: both sides running at once, and data transfer"),
            None => "what the move costs once is not known: a price of today's placement, or of the transfer, is \
                     not in the price book"
                .to_owned(),
        });
        if let Some(hours) = plan.payback_hours() {
            lines.push(format!("it has paid for itself after {}", duration(u64::try_from(hours).unwrap_or(0) * 3600)));
        }
    }
    if plan.data() > Quantity::ZERO {
        lines.push(format!("{} GB of data move", amount(&plan.data().to_decimal())));
    }
    lines
}

fn changes(plan: &Plan, look: Look) -> String {
    use Side::{Left, Wrapped};
    let mut grid = Grid::new(look, &[("", Left), ("COMPONENT", Left), ("NOW", Wrapped), ("THEN", Wrapped)]);
    for moved in &plan.moved {
        let Moved { component, change, from, to } = moved;
        let mark = match change {
            Change::Add => "+",
            Change::Move => "~",
            Change::Remove => "-",
        };
        let told = |seat: &Option<Seat>| seat.as_ref().map(words).unwrap_or_default();
        grid.row([mark.to_owned(), component.clone(), told(from), told(to)]);
    }
    grid.render()
}

fn words(seat: &Seat) -> String {
    let place = format!("{}:{}", seat.provider, seat.region);
    let offer = match &seat.machine_of {
        Some(leader) => format!("on the machine of {leader}"),
        None => format!("{} x {}", seat.count, seat.offer),
    };
    let bought = if seat.purchase == Purchase::OnDemand { String::new() } else { format!(" ({})", seat.purchase) };
    let above: Vec<String> =
        seat.above.iter().map(|above| format!(", {} of them {}", above.count, above.purchase)).collect();
    let above = above.concat();
    format!("{offer}{bought}{above} at {place}")
}

fn steps(plan: &Plan, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    let headings =
        [("", Right), ("STEP", Left), ("WHAT", Wrapped), ("WITHIN", Right), ("COST", Right), ("UNDONE BY", Wrapped)];
    let mut grid = Grid::new(look, &headings);
    for (ordinal, step) in plan.steps.iter().enumerate() {
        let free = step.cost == Some(Money::ZERO);
        grid.row([
            (ordinal + 1).to_string(),
            step.name.clone(),
            what(step),
            duration(step.deadline_s),
            if free { String::new() } else { sum(step.cost) },
            undo(step.undo),
        ]);
    }
    grid.render()
}

fn what(step: &Step) -> String {
    match &step.action {
        Action::Provision(seat) | Action::Retire(seat) => words(seat),
        Action::Verify => "answers".to_owned(),
        Action::Copy(method) => {
            format!("{} GB by {}", amount(&step.moves.to_decimal()), method.as_str().replace('_', " "))
        }
        Action::VerifyData => "both sides hold the same".to_owned(),
        Action::Shift { percent } => format!("{percent} % of the traffic to the new side"),
        Action::Drain => "the old side finishes".to_owned(),
        Action::Keep { hours } => format!("the old side for {}", duration(u64::from(*hours) * 3600)),
    }
}

fn undo(undo: Undo) -> String {
    match undo {
        Undo::Nothing => "nothing to undo".to_owned(),
        Undo::RetireNew => "taking the new side away".to_owned(),
        Undo::StopCopy => "dropping the copy".to_owned(),
        Undo::ShiftBack { percent } => format!("going back to {percent} %"),
        Undo::Resume => "the old side goes on".to_owned(),
        Undo::Never => "no undo: the point of no return".to_owned(),
    }
}

/// Seconds for people: `10 min`, `3 h`, `2 days`.
fn duration(seconds: u64) -> String {
    match seconds {
        s if s < 7_200 => format!("{} min", s.div_ceil(60)),
        s if s < 172_800 => format!("{} h", s.div_ceil(3_600)),
        s => format!("{} days", s.div_ceil(86_400)),
    }
}
