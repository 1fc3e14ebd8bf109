//! Which plan to put before a policy.
//!
//! The cheapest placement is not always what a policy would have: it may move ten components where two bring nearly all
//! of the saving, or move one that has only just moved. So several placements are looked at, and of those whose plan the
//! policy lets pass the one is taken that is worth most: a month's saving, less what the move costs, spread over the
//! policy's longest payback time. When none passes, the answer is about the cheapest placement, with its reasons.
//!
//! Pure: what is not given does not count.

use crate::app::App;
use crate::plan::{
    Circumstances, Decision, Haul, Options, PastMove, Placement, Plan, Verdict, carried, decide, paid_for, plan,
};
use crate::policy::Moves;
use crate::problem::{Assignment, Choice, ChoiceId, ComponentId, Problem};
use crate::solve::{Limits, Prepared, Request, Restriction};
use crate::units::{HOURS_PER_MONTH, Money};

/// Sets of components that are tried when fewer may move than would be worth it.
const SETS_MAX: usize = 64;
/// Components that are tried alone.
const SINGLES_MAX: usize = 16;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The application.
    pub app: &'a App,
    /// Its problem at the prices that decisions may count on.
    pub problem: &'a Problem,
    /// How it runs, as an assignment of the problem.
    pub present: &'a Assignment,
    /// What an assignment costs a month; `None`: not known.
    pub bill: &'a dyn Fn(&Assignment) -> Option<Money>,
    /// The policy.
    pub moves: &'a Moves,
    /// How plans are made.
    pub options: &'a Options,
    /// How far to search for each placement.
    pub limits: &'a Limits<'a>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// When the oldest price was last known to hold that the saving of going to an assignment rests on, in seconds since
    /// 1970; `None`: not known.
    pub prices_at: &'a dyn Fn(&Assignment) -> Option<i64>,
    /// Moves that were made, of this application.
    pub past: &'a [PastMove],
}

/// What to put before the policy, and what it said.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The plan.
    pub plan: Plan,
    /// Where it leads.
    pub to: Assignment,
    /// What the policy makes of it.
    pub decision: Decision,
}

/// The plan that is worth most of those that the policy lets pass; else the one to the cheapest placement.
#[must_use]
pub fn propose(question: &Question<'_>) -> Proposal {
    let cheapest = question.cheapest();
    let first = question.weigh(cheapest);
    if first.plan.steps.is_empty() {
        return first;
    }
    let mut best: Option<(i128, Proposal)> = None;
    let mut seen: Vec<Assignment> = Vec::new();
    let others = question.others();
    for proposal in std::iter::once(first.clone()).chain(others.into_iter().map(|to| question.weigh(to))) {
        if seen.contains(&proposal.to) {
            continue;
        }
        seen.push(proposal.to.clone());
        let Some(worth) = question.worth(&proposal.plan).filter(|_| proposal.decision.verdict != Verdict::Stay) else {
            continue;
        };
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, proposal));
        }
    }
    best.map_or(first, |(_, proposal)| proposal)
}

impl Question<'_> {
    /// The cheapest placement; of equally cheap ones one that moves no more than it has to.
    fn cheapest(&self) -> Assignment {
        let penalised = self.penalised(&|_, _| Some(1));
        self.solved(&Prepared::new(&penalised), &|_, _| true)
    }

    /// Placements that are worth the move, within what may move.
    fn others(&self) -> Vec<Assignment> {
        let hauls = self.hauls();
        let penalty = |component: ComponentId, choice: ChoiceId| self.spread(&hauls[component], component, choice);
        let penalised = self.penalised(&penalty);
        let prepared = Prepared::new(&penalised);
        let free: Vec<bool> = (0..self.present.len()).map(|component| self.may_move(component)).collect();
        let known = |c: ComponentId, k: ChoiceId| free[c] && penalty(c, k).is_some();
        let all = self.solved(&prepared, &known);
        let wanted = self.moved(&all);
        let mut found = vec![all];
        if wanted.len() < 2 {
            return found;
        }
        let mut singles: Vec<(i128, ComponentId)> = Vec::new();
        for &component in wanted.iter().take(SINGLES_MAX) {
            let alone = self.solved(&prepared, &|c, k| c == component && known(c, k));
            singles.push((self.gain(&alone, &penalty), component));
            found.push(alone);
        }
        let room = self.room();
        if (2..wanted.len()).contains(&room) {
            singles.sort_by_key(|(gain, component)| (std::cmp::Reverse(*gain), *component));
            let ranked: Vec<ComponentId> = singles.iter().map(|(_, component)| *component).collect();
            let of = |set: Vec<ComponentId>| self.solved(&prepared, &|c, k| set.contains(&c) && known(c, k));
            found.extend(sets(&ranked, room).into_iter().map(of));
        }
        found
    }

    /// The problem with penalties, in nano-dollars a month, on all choices but the present ones.
    fn penalised(&self, penalty: &dyn Fn(ComponentId, ChoiceId) -> Option<i64>) -> Problem {
        let mut problem = self.problem.clone();
        for (c, component) in problem.components.iter_mut().enumerate() {
            for (k, choice) in component.choices.iter_mut().enumerate().filter(|(k, _)| *k != self.present[c]) {
                choice.cost += Money::from_nanos(penalty(c, k).unwrap_or(0));
                choice.charges.clear();
            }
        }
        // Penalties are not billed.
        problem.budget = None;
        problem
    }

    /// The cheapest assignment of a problem in which what moves goes to choices that are allowed.
    fn solved(&self, prepared: &Prepared<'_>, moves: &dyn Fn(ComponentId, ChoiceId) -> bool) -> Assignment {
        let allows = |c: ComponentId, k: ChoiceId, _: &Choice| k == self.present[c] || moves(c, k);
        let restriction = Restriction::allowing(&allows);
        let request = Request { limits: *self.limits, restriction, warm: Some(self.present), cancelled: None };
        let answer = prepared.solve(&request);
        if answer.assignment.is_empty() { self.present.clone() } else { answer.assignment }
    }

    fn hauls(&self) -> Vec<Haul> {
        self.problem.components.iter().map(|component| Haul::of(self.app, &component.name, self.options)).collect()
    }

    /// What moving a component to a choice costs once, spread over the policy's longest payback time, for a month.
    fn spread(&self, haul: &Haul, component: ComponentId, choice: ChoiceId) -> Option<i64> {
        let choices = &self.problem.components[component].choices;
        let (from, to) = (&choices[self.present[component]], &choices[choice]);
        let carry = haul.data.map_or(Some(Money::ZERO), |data| carried(self.problem, from.place, to.place, data))?;
        let once = paid_for(to.cost, haul.overlap_s)? + paid_for(from.cost, haul.keep_s)? + carry;
        let month = (i128::from(once.nanos()) * i128::from(HOURS_PER_MONTH))
            .checked_div(i128::from(self.moves.payback_hours_max))?;
        i64::try_from(month).ok().map(|month| month.max(1))
    }

    /// Whether the policy would let a component move at all now.
    fn may_move(&self, component: ComponentId) -> bool {
        let name = &self.problem.components[component].name;
        let whole = name.split('#').next().unwrap_or(name);
        let kind = self.app.components[self.problem.components[component].app_component].kind;
        let never = self.moves.never.iter().any(|never| never == name || never == whole);
        let rested = |m: &&PastMove| m.at.saturating_add(self.moves.cool_down_hours.saturating_mul(3_600)) > self.now;
        let waits = self.past.iter().filter(|m| m.component == *name).any(|m| rested(&m));
        !never && !waits && !self.moves.never_kinds.contains(&kind)
    }

    /// How many more components may move now.
    fn room(&self) -> usize {
        let since = self.now - i64::from(self.moves.moves_days) * 86_400;
        let recent = self.past.iter().filter(|m| m.at > since).count();
        (self.moves.moves_max as usize).saturating_sub(recent)
    }

    fn moved(&self, to: &Assignment) -> Vec<ComponentId> {
        (0..to.len()).filter(|&component| to[component] != self.present[component]).collect()
    }

    /// What a placement saves a month, less penalties.
    fn gain(&self, to: &Assignment, penalty: &dyn Fn(ComponentId, ChoiceId) -> Option<i64>) -> i128 {
        let bill = |assignment| (self.bill)(assignment).map_or(i128::from(i64::MAX), |usd| i128::from(usd.nanos()));
        let paid: i128 = self.moved(to).iter().map(|&c| penalty(c, to[c]).map_or(0, i128::from)).sum();
        bill(self.present) - bill(to) - paid
    }

    fn weigh(&self, to: Assignment) -> Proposal {
        let place = |assignment: &Assignment| {
            let usd = (self.bill)(assignment);
            let placement = Placement::of(self.app, self.problem, assignment, usd.unwrap_or(Money::ZERO));
            Placement { usd_month: usd, ..placement }
        };
        let plan = plan(self.app, self.problem, place(self.present), place(&to), self.options);
        let circumstances = Circumstances { now: self.now, prices_at: (self.prices_at)(&to), past: self.past };
        let decision = decide(&plan, self.moves, &circumstances);
        Proposal { plan, to, decision }
    }

    /// A month's saving, less what the move costs spread over the longest payback time.
    fn worth(&self, plan: &Plan) -> Option<i128> {
        let (saving, cost) = (plan.saving_month()?, plan.cost()?);
        let spread = (i128::from(cost.nanos()) * i128::from(HOURS_PER_MONTH))
            .checked_div(i128::from(self.moves.payback_hours_max))?;
        Some(i128::from(saving.nanos()) - spread)
    }
}

/// Sets of `size` of the first members, as many members as make no more than [`SETS_MAX`] sets.
fn sets(members: &[ComponentId], size: usize) -> Vec<Vec<ComponentId>> {
    let mut sets: Vec<Vec<ComponentId>> = vec![members[..size].to_vec()];
    for end in size..members.len() {
        // All sets whose last member is this one.
        let more = subsets(&members[..end], size - 1);
        if sets.len() + more.len() > SETS_MAX {
            break;
        }
        sets.extend(more.into_iter().map(|mut set| {
            set.push(members[end]);
            set
        }));
    }
    sets
}

/// Every subset of a size, or so many that they are too many.
fn subsets(members: &[ComponentId], size: usize) -> Vec<Vec<ComponentId>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in size - 1..members.len() {
        for mut set in subsets(&members[..last], size - 1) {
            set.push(members[last]);
            all.push(set);
            if all.len() > SETS_MAX {
                return all;
            }
        }
    }
    all
}
