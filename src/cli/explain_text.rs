//! An explanation as text for people: made from its canonical form and from nothing else.

use super::text::{Grid, Look, Side, usd};
use crate::report::explain::wire::{Component, Explanation, Flip, Moved, Requirement, WhyNot};
use crate::report::wire::{BaselineComponent, Status};
use crate::units::Money;
use std::fmt::Write;

/// The whole text.
#[must_use]
pub fn render(explanation: &Explanation, look: Look) -> String {
    let Some(total) = &explanation.total_usd_month else {
        return look.strong(&format!("{}: no placement satisfies all requirements", explanation.app)) + "\n";
    };
    let proof = if explanation.status == Status::Optimal {
        "proven optimal"
    } else {
        "not proven: nothing is said about prices"
    };
    let mut text = look.strong(&format!("{}: {} a month, {proof}", explanation.app, usd(total))) + "\n";
    for answer in &explanation.why_not {
        text += &why_not(answer, look);
    }
    if explanation.why_not.is_empty() {
        for component in &explanation.components {
            text += &reasons(component, look);
        }
        text += &prices(explanation, look);
        text += &requirements(&explanation.requirements, look);
    }
    text
}

fn place(choice: &BaselineComponent) -> String {
    format!("{}:{}", choice.provider, choice.region)
}

/// `2 x cx23`, with how it is bought unless on demand.
fn bought(choice: &BaselineComponent) -> String {
    let how = if choice.purchase == "on_demand" { String::new() } else { format!(" ({})", choice.purchase) };
    format!("{} x {}{how}", choice.count, choice.offer)
}

/// A difference with its sign.
fn signed(decimal: &str) -> String {
    let by = usd(decimal);
    if by.starts_with('-') { by } else { format!("+{by}") }
}

fn reasons(component: &Component, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    let chosen = &component.chosen;
    let mut text = look.title(&format!(
        "{}: {} at {}, {} of its own a month",
        chosen.name,
        bought(chosen),
        place(chosen),
        usd(&component.usd_month)
    ));
    if let Some(stays) = &component.stays {
        text += &look.bullet(&stays.text);
    }
    if component.rivals.is_empty() {
        return text + &look.bullet("nothing elsewhere fits, whatever it costs");
    }
    let headings =
        [("RIVAL", Left), ("AS", Wrapped), ("WHOLE BILL", Right), ("MORE", Right), ("TAKES OVER BELOW", Right)];
    let mut grid = Grid::new(look, &headings);
    for rival in &component.rivals {
        let open = if rival.optimal { "" } else { " or less" };
        grid.row([
            place(&rival.choice),
            bought(&rival.choice),
            format!("{}{open}", usd(&rival.total_usd_month)),
            signed(&rival.difference_usd_month),
            rival.takes_over.as_ref().map(below).unwrap_or_default(),
        ]);
    }
    text + &grid.render()
}

/// `$0.0131/hour (now $0.02)`, or that it never does.
fn below(flip: &Flip) -> String {
    match (flip.outcome.as_str(), &flip.holds_until_usd) {
        ("flips", Some(holds)) => format!("${holds}/{} (now ${})", flip.unit.replace('_', "-"), flip.now_usd),
        ("never", _) => "not even free".into(),
        _ => "not known".into(),
    }
}

fn prices(explanation: &Explanation, look: Look) -> String {
    if explanation.prices.is_empty() {
        return String::new();
    }
    let mut text = look.title("Other prices that the answer rests on");
    let (flips, never): (Vec<&Flip>, Vec<&Flip>) = explanation.prices.iter().partition(|flip| flip.outcome != "never");
    text.extend(flips.iter().map(|flip| look.bullet(&flip.text)));
    if !never.is_empty() {
        let names: Vec<&str> = never.iter().map(|flip| flip.price.as_str()).collect();
        text += &look.bullet(&format!("the answer stays, even at 1000 times the price, for {}", names.join(", ")));
    }
    text
}

fn requirements(all: &[Requirement], look: Look) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = look.title("What the requirements cost");
    for requirement in all.iter().filter(|requirement| requirement.binds) {
        let costs = requirement.costs_usd_month.as_deref().map(usd).unwrap_or_default();
        let at_least = if requirement.optimal { "" } else { "at least " };
        let mut line =
            format!("{}: {at_least}{costs} a month; without it, {}", requirement.text, moves(&requirement.moved));
        if let (Some(value), Some(total)) = (&requirement.next_value, &requirement.next_total_usd_month) {
            let _ = write!(line, "; nearest relaxation that helps: {value}, {} a month", usd(total));
        }
        text += &look.bullet(&line);
    }
    let told = |open: bool| {
        let free = all.iter().filter(move |r| !r.binds && r.total_without_usd_month.is_none() == open);
        free.map(|requirement| requirement.text.as_str()).collect::<Vec<_>>().join("; ")
    };
    let (free, open) = (told(false), told(true));
    if !free.is_empty() {
        text += &look.bullet(&format!("cost nothing, because the answer is the best without them, too: {free}"));
    }
    if !open.is_empty() {
        text += &look.bullet(&format!("not known within the limits: {open}"));
    }
    text
}

/// Moves told in one line; the rest is counted.
const MOVES_TOLD: usize = 4;

/// Who goes where, in one line.
pub fn moves(moved: &[Moved]) -> String {
    let one = |moved: &Moved| {
        let to = if place(&moved.from) == place(&moved.to) { String::new() } else { format!("{}, ", place(&moved.to)) };
        format!("{} -> {to}{}", moved.to.name, bought(&moved.to))
    };
    let told: Vec<String> = moved.iter().take(MOVES_TOLD).map(one).collect();
    match moved.len().saturating_sub(MOVES_TOLD) {
        _ if told.is_empty() => "the same components lie the same, bought otherwise".into(),
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

fn why_not(answer: &WhyNot, look: Look) -> String {
    let title = look.title(&format!("{}: why not {}?", answer.component, answer.target));
    title
        + &match answer.verdict.as_str() {
            "chosen" => look.bullet("that is what was chosen"),
            "excluded" => excluded(answer, look),
            "forbidden" => forbidden(answer, look),
            "dearer" => dearer(answer, look),
            _ => look.bullet("the search ended at its limits before this was known"),
        }
}

fn excluded(answer: &WhyNot, look: Look) -> String {
    let mut text: String = answer.rules.iter().map(|rule| look.bullet(&format!("not allowed: {rule}"))).collect();
    for reason in answer.reasons.iter().filter(|reason| answer.rules.is_empty() || reason.reason != "place not allowed")
    {
        let offers = reason.offers.unwrap_or(0);
        let noun = if offers == 1 { "offer" } else { "offers" };
        text += &look.bullet(&format!("{offers} {noun}: {}", reason.reason));
    }
    if text.is_empty() { look.bullet("nothing of that kind is on sale there") } else { text }
}

fn forbidden(answer: &WhyNot, look: Look) -> String {
    let Some(conflict) = &answer.conflict else { return String::new() };
    let mut text = look.bullet("it fits by itself, but no placement of the whole with it there keeps all of these:");
    for requirement in &conflict.requirements {
        let way =
            match (&requirement.would_need, &requirement.total_then_usd_month, &requirement.total_without_usd_month) {
                (Some(need), Some(total), _) => format!(" (possible from {need}, {} a month)", usd(total)),
                (_, _, Some(total)) => format!(" (without it: {} a month)", usd(total)),
                _ => String::new(),
            };
        text += &look.bullet(&format!("{}{way}", requirement.text));
    }
    if !conflict.irreducible {
        text += &look.bullet("(some of these may not be needed for the contradiction)");
    }
    text
}

fn dearer(answer: &WhyNot, look: Look) -> String {
    use Side::{Left, Right};
    let (Some(choice), Some(total), Some(by)) = (&answer.choice, &answer.total_usd_month, &answer.difference_usd_month)
    else {
        return String::new();
    };
    let open = if answer.optimal { "" } else { " or less (the search ended at its limits)" };
    let verdict = match Money::parse(by) {
        Ok(Money::ZERO) => "it costs exactly as much".to_owned(),
        _ if by.starts_with('-') => format!("the bill would be {} lower, but the objective is worse", usd(&by[1..])),
        _ => format!("it is dearer by {} a month{open}", usd(by)),
    };
    let mut text =
        look.bullet(&format!("{verdict}: with {} at {} the whole costs {}", bought(choice), place(choice), usd(total)));
    let others: Vec<Moved> = answer.moved.iter().filter(|moved| moved.to.name != answer.component).cloned().collect();
    if !others.is_empty() {
        text += &look.bullet(&format!("it takes along: {}", moves(&others)));
    }
    if let Some(flip) = &answer.takes_over {
        text += &look.bullet(&flip.text);
    }
    let headings = [("COMPONENT", Left), ("ITEM", Left), ("NOW", Right), ("THEN", Right), ("DIFFERENCE", Right)];
    let mut grid = Grid::new(look, &headings);
    for difference in &answer.differences {
        grid.row([
            difference.component.clone().unwrap_or_else(|| "(shared)".to_owned()),
            difference.item.replace('_', " "),
            usd(&difference.before_usd_month),
            usd(&difference.after_usd_month),
            signed(&difference.difference_usd_month),
        ]);
    }
    grid.strong_row(["total".to_owned(), String::new(), String::new(), String::new(), signed(by)]);
    format!("{text}\n{}", grid.render())
}
