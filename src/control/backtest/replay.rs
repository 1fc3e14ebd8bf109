//! Replays of one application: staying, always moving, and a policy. None of them knows more than the prices up to the day
//! it decides on.

use super::recording::Period;
use super::stage::{NONE, Stage, for_hours};
use crate::control::choose::{Question, propose};
use crate::plan::{Options as PlanOptions, PastMove, Verdict};
use crate::policy::Moves;
use crate::problem::{Assignment, Choice, ChoiceId, ComponentId, Problem};
use crate::solve::{Limits, Restriction, Status, solve_with};
use crate::units::Money;

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The seats in every period.
    pub schedule: Vec<Vec<usize>>,
    /// What it costs in all, in nano-dollars.
    pub cost: i64,
    /// Components that moved, counted each time.
    pub moves: usize,
}

/// By which prices an application is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// As they are.
    True,
    /// As decisions see them.
    Seen,
}

/// The problem of one period: per site the cheapest seat, and the present one.
struct Scene {
    problem: Problem,
    /// The seat of every choice.
    seats: Vec<Vec<usize>>,
    present: Assignment,
}

impl Stage {
    /// The cheapest seats at the prices of the first period: where all replays begin.
    ///
    /// # Errors
    /// There is none, or the solver did not get there.
    pub fn opening(&self, limits: &Limits<'_>) -> Result<Vec<usize>, String> {
        let scene = self.scene(0, View::True, None);
        let answer = solve_with(&scene.problem, limits, &Restriction::default(), None);
        match answer.status {
            Status::Optimal => Ok(scene.seats_of(&answer.assignment)),
            Status::Infeasible => Err("no placement keeps all requirements together".to_owned()),
            Status::Feasible | Status::Unknown => {
                Err("the solver's limits ended before the best start was proven".to_owned())
            }
        }
    }

    /// Never moves.
    #[must_use]
    pub fn never(&self, start: &[usize]) -> Replay {
        let schedule = vec![start.to_vec(); self.periods()];
        Replay { cost: self.cost(&schedule), moves: 0, schedule }
    }

    /// Moves to the cheapest placement of every period, at its beginning.
    #[must_use]
    pub fn always(&self, start: &[usize], limits: &Limits<'_>) -> Replay {
        let mut schedule = vec![start.to_vec()];
        for period in 1..self.periods() {
            let present = &schedule[period - 1];
            let scene = self.scene(period, View::True, Some(present));
            let mut problem = scene.problem.clone();
            // Of equally cheap placements the present one; what cannot be moved to is not.
            for (c, component) in problem.components.iter_mut().enumerate() {
                let others = component.choices.iter_mut().enumerate().filter(|(k, _)| *k != scene.present[c]);
                others.for_each(|(_, choice)| choice.cost += Money::from_nanos(1));
            }
            let allows = |c: ComponentId, k: ChoiceId, _: &Choice| {
                self.parts[c].move_cost(present[c], scene.seats[c][k], period) < NONE
            };
            let restriction = Restriction::allowing(&allows);
            let answer = solve_with(&problem, limits, &restriction, Some(&scene.present));
            let next = if answer.assignment.is_empty() { scene.present.clone() } else { answer.assignment };
            schedule.push(scene.seats_of(&next));
        }
        self.replay(schedule)
    }

    /// Does what a policy lets pass; approval is taken as given.
    #[must_use]
    pub fn by_policy(&self, start: &[usize], moves: &Moves, periods: &[Period], limits: &Limits<'_>) -> Replay {
        let mut schedule = vec![start.to_vec()];
        let mut ledger = Ledger::default();
        let options = PlanOptions::default();
        for (period, when) in periods.iter().enumerate().skip(1) {
            let present = schedule[period - 1].clone();
            ledger.settle(self, period - 1, &present);
            let scene = self.scene(period, View::Seen, Some(&present));
            let bill = |assignment: &Assignment| self.seen_bill(&scene.seats_of(assignment), &present, period);
            let prices_at = |to: &Assignment| Some(when.at - self.age_s(&present, &scene.seats_of(to), period));
            let question = Question {
                app: &self.app,
                problem: &scene.problem,
                present: &scene.present,
                bill: &bill,
                moves,
                options: &options,
                limits,
                now: when.at,
                prices_at: &prices_at,
                past: &ledger.past,
            };
            let proposal = propose(&question);
            let next =
                if proposal.decision.verdict == Verdict::Stay { present.clone() } else { scene.seats_of(&proposal.to) };
            ledger.note(self, period, when.at, &present, &next);
            schedule.push(next);
        }
        self.replay(schedule)
    }

    fn replay(&self, schedule: Vec<Vec<usize>>) -> Replay {
        let changed = |pair: &[Vec<usize>]| pair[0].iter().zip(&pair[1]).filter(|(from, to)| from != to).count();
        let moves = schedule.windows(2).map(changed).sum();
        Replay { cost: self.cost(&schedule), moves, schedule }
    }

    /// What a schedule costs in all, moves included, in nano-dollars; [`NONE`] when it cannot be.
    #[must_use]
    pub fn cost(&self, schedule: &[Vec<usize>]) -> i64 {
        let due = schedule.iter().enumerate().map(|(period, seats)| self.due(period, seats));
        let moved = (1..schedule.len()).map(|period| self.moved(period, &schedule[period - 1], &schedule[period]));
        due.chain(moved).fold(0, |sum, amount| (sum + amount).min(NONE))
    }

    /// What seats cost in a period: every seat, and every tie, rounded to the nano-dollar for itself.
    fn due(&self, period: usize, seats: &[usize]) -> i64 {
        let hours = self.hours[period];
        let own = self.parts.iter().zip(seats).map(|(part, &seat)| for_hours(part.due(seat, period), hours));
        let tied = self.ties.iter().map(|tie| for_hours(self.tied(tie, seats), hours));
        own.chain(tied).fold(0, |sum, amount| (sum + amount).min(NONE))
    }

    /// What the moves at the beginning of a period cost.
    fn moved(&self, period: usize, from: &[usize], to: &[usize]) -> i64 {
        let moves =
            self.parts.iter().zip(from.iter().zip(to)).map(|(part, (&from, &to))| part.move_cost(from, to, period));
        moves.fold(0, |sum, amount| (sum + amount).min(NONE))
    }

    fn tied(&self, tie: &super::stage::Tie, seats: &[usize]) -> i64 {
        let (a, b) = (&self.parts[tie.a], &self.parts[tie.b]);
        tie.table[a.seats[seats[tie.a]].site * b.sites.len() + b.seats[seats[tie.b]].site]
    }

    /// What seats cost a month as decisions see it.
    fn seen_bill(&self, seats: &[usize], present: &[usize], period: usize) -> Option<Money> {
        let own = self.parts.iter().enumerate().map(|(c, part)| {
            let (seat, costs) = (seats[c], &part.costs[seats[c]]);
            let cost = if seat == present[c] { costs.in_use[period] } else { costs.to_buy[period] };
            cost + part.traffic[part.seats[seat].site]
        });
        let tied = self.ties.iter().map(|tie| self.tied(tie, seats));
        let sum = own.chain(tied).fold(0_i64, |sum, amount| (sum + amount).min(NONE));
        (sum < NONE).then(|| Money::from_nanos(sum))
    }

    /// How old the oldest price is that going from some seats to others rests on, in seconds.
    fn age_s(&self, from: &[usize], to: &[usize], period: usize) -> i64 {
        let moved = (0..from.len()).filter(|&c| from[c] != to[c]);
        let ages = moved.flat_map(|c| [from[c], to[c]].map(|seat| self.parts[c].costs[seat].age_s[period]));
        ages.max().unwrap_or(0)
    }

    fn scene(&self, period: usize, view: View, present: Option<&[usize]>) -> Scene {
        let mut problem = Problem { components: Vec::with_capacity(self.parts.len()), ..self.bare() };
        let mut seats = Vec::with_capacity(self.parts.len());
        let mut assignment = Vec::with_capacity(self.parts.len());
        for (c, part) in self.parts.iter().enumerate() {
            let here = present.map(|present| present[c]);
            let picked = part.on_offer(period, view, here);
            let template = &self.problem.components[c];
            let choices = picked.iter().map(|&(seat, cost)| Choice {
                cost: Money::from_nanos(cost),
                charges: Vec::new(),
                ..template.choices[seat].clone()
            });
            problem.components.push(crate::problem::Component {
                name: template.name.clone(),
                app_component: template.app_component,
                choices: choices.collect(),
                excluded: Vec::new(),
            });
            seats.push(picked.iter().map(|(seat, _)| *seat).collect::<Vec<_>>());
            assignment.push(here.and_then(|here| picked.iter().position(|(seat, _)| *seat == here)).unwrap_or(0));
        }
        Scene { problem, seats, present: assignment }
    }

    /// The problem without components.
    fn bare(&self) -> Problem {
        let p = &self.problem;
        Problem {
            app: p.app.clone(),
            providers: p.providers.clone(),
            places: p.places.clone(),
            components: Vec::new(),
            flows: p.flows.clone(),
            routes: p.routes.clone(),
            internet: p.internet.clone(),
            ladders: p.ladders.clone(),
            shared: p.shared.clone(),
            groups: Vec::new(),
            relations: p.relations.clone(),
            paths: p.paths.clone(),
            rtt: p.rtt.clone(),
            budget: None,
            objective: p.objective,
        }
    }
}

impl super::stage::Part {
    /// What a seat costs a month in a period, with its traffic to the internet.
    #[must_use]
    pub fn due(&self, seat: usize, period: usize) -> i64 {
        self.costs[seat].month[period] + self.traffic[self.seats[seat].site]
    }

    /// Per site the cheapest seat that can be moved to, of equals the first, and the present one: with their costs, by place
    /// and cost.
    fn on_offer(&self, period: usize, view: View, here: Option<usize>) -> Vec<(usize, i64)> {
        let price = |seat: usize| {
            let costs = &self.costs[seat];
            match view {
                View::True if Some(seat) == here || costs.open[period] => costs.month[period],
                View::True => NONE,
                View::Seen if Some(seat) == here => costs.in_use[period],
                View::Seen => costs.to_buy[period],
            }
        };
        let mut picked: Vec<(usize, i64)> = Vec::new();
        let mut best: Option<(usize, i64)> = None;
        for seat in 0..self.seats.len() {
            if Some(seat) != here && price(seat) < best.map_or(NONE, |(_, least)| least) {
                best = Some((seat, price(seat)));
            }
            if self.seats.get(seat + 1).is_none_or(|next| next.site != self.seats[seat].site) {
                picked.extend(best.take());
            }
        }
        picked.extend(here.map(|seat| (seat, price(seat))));
        picked.sort_by_key(|&(seat, cost)| (self.sites[self.seats[seat].site].place, cost, seat));
        picked
    }
}

impl Scene {
    fn seats_of(&self, assignment: &Assignment) -> Vec<usize> {
        assignment.iter().zip(&self.seats).map(|(&choice, seats)| seats[choice]).collect()
    }
}

/// What moves have brought so far.
#[derive(Debug, Default)]
struct Ledger {
    past: Vec<PastMove>,
    /// Moves that still count: their entries in `past`, and where their components were before.
    open: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// First entry in [`Ledger::past`], one for each component.
    first: usize,
    /// Components and the seats they came from.
    from: Vec<(usize, usize)>,
    /// What the move has brought, in nano-dollars.
    gain: i64,
}

impl Ledger {
    /// Adds what a period has brought to every move: what its components would have cost where they were, less what they
    /// have cost, everything else as it is.
    fn settle(&mut self, stage: &Stage, period: usize, seats: &[usize]) {
        for entry in &mut self.open {
            let mut before = seats.to_vec();
            for &(component, seat) in &entry.from {
                before[component] = seat;
            }
            let (then, now) = (stage.due(period, &before), stage.due(period, seats));
            if then < NONE && now < NONE {
                entry.gain += then - now;
            }
            share(&mut self.past, entry);
        }
    }

    /// Writes down what moved. What moves again ends the entry that it had.
    fn note(&mut self, stage: &Stage, period: usize, at: i64, from: &[usize], to: &[usize]) {
        let moved: Vec<(usize, usize)> = from
            .iter()
            .zip(to)
            .enumerate()
            .filter(|(_, (from, to))| from != to)
            .map(|(c, (from, _))| (c, *from))
            .collect();
        if moved.is_empty() {
            return;
        }
        self.open.retain(|entry| !entry.from.iter().any(|(c, _)| moved.iter().any(|(other, _)| c == other)));
        let entry = Entry { first: self.past.len(), gain: -stage.moved(period, from, to), from: moved };
        for &(component, _) in &entry.from {
            let component = stage.problem.components[component].name.clone();
            self.past.push(PastMove { component, at, gain: Money::ZERO });
        }
        share(&mut self.past, &entry);
        self.open.push(entry);
    }
}

/// Deals a move's gain out to its components; the first takes what is left.
fn share(past: &mut [PastMove], entry: &Entry) {
    let count = entry.from.len();
    let each = entry.gain / i64::try_from(count).unwrap_or(i64::MAX);
    let rest = entry.gain - each * i64::try_from(count).unwrap_or(0);
    for (at, move_) in past[entry.first..entry.first + count].iter_mut().enumerate() {
        move_.gain = Money::from_nanos(if at == 0 { each + rest } else { each });
    }
}
