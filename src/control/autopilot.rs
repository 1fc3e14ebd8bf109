//! The autopilot: looks at the market, and moves what its policy lets move.
//!
//! A round is: go on with what is under way, hear what is new, then for every application that is somewhere ask what would be
//! best, decide, write the decision down, and act. Deciding is pure ([`decide`]); the same ticks at the same times with the same
//! policy give the same decisions, to the byte. Several autopilots on one store are harmless: an application is carried by
//! whoever has its lock, and a plan made for an older state is refused.

use super::Clock;
use super::carrying::Carrier;
use super::choose::{self, Question};
use super::clearing;
use super::outcome::{Outcome, Refused};
use super::proposing::{Proposal, Unplaced, at, proposal};
use crate::app::{App, parse};
use crate::catalog::PriceBook;
use crate::market::{Ask, Entry, Market, Taken};
use crate::plan::{
    Circumstances, Decision, DecisionFile, Options, PastMove, Placement, Plan, Verdict, decide, digest as digest_of,
    plan_digest, read, to_json,
};
use crate::policy::Policy;
use crate::problem::lower::{Options as Lowering, lower};
use crate::problem::{check, names, score};
use crate::solve::{Floor, Limits, Lot};
use crate::store::{AppRow, ClearingRow, DecisionRow, PlanRow, PlanRunState, PlanState, Store, StoreError};
use crate::units::Money;
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// The system's clock may be off from a steady one by so many seconds before nothing is done any more: more than any
/// synchronisation sets at once.
const JUMP_S: i64 = 300;
/// Ticks that are read from the store at once.
const TICKS_AT_ONCE: u32 = 10_000;
/// Applications whose floors are kept from round to round; they hold the tables of a search. Others are solved from scratch.
const FLOORS_MAX: usize = 64;
/// Plans that are looked through for approved ones.
const PLANS_SEEN: u32 = 100;

/// Why a round ended early.
#[derive(Debug, Error)]
pub enum RoundError {
    /// The store; nothing is done without a journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clock was set.
    #[error(
        "the system's clock jumped by {by_s} s; nothing is moved or taken away while it is wrong: set it right, or \
         start the autopilot anew if it is right now"
    )]
    ClockJumped {
        /// Seconds; negative: back.
        by_s: i64,
    },
}

/// Something that a round has to tell, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum News {
    /// A tick was not believed, or waits.
    Tick {
        /// When the round was, in seconds since 1970.
        at: i64,
        /// Which ask.
        ask: String,
        /// Why.
        reason: String,
    },
    /// An application was decided about.
    Decided {
        /// When, in seconds since 1970.
        at: i64,
        /// The application.
        app: String,
        /// What.
        verdict: String,
        /// In a sentence.
        summary: String,
        /// Digest of the plan.
        plan: Option<String>,
    },
    /// A run came to rest.
    Run {
        /// When, in seconds since 1970.
        at: i64,
        /// The application.
        app: String,
        /// The run, where one was begun.
        run: Option<String>,
        /// How.
        told: String,
    },
}

/// What is done with a carrier.
pub type WithCarrier<'w> = dyn FnMut(&Carrier<'_>) + 'w;
/// Finds the executor of a name, and does something with a carrier that has it; or says why there is none.
pub type Carry<'c> = dyn Fn(&str, &mut WithCarrier<'_>) -> Result<(), String> + 'c;

/// What an autopilot works with.
pub struct Autopilot<'a> {
    /// Where applications, plans and journals are.
    pub store: &'a Store,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Policies by the name that an application has; empty: the autopilot's own.
    pub policy: &'a dyn Fn(&str) -> Result<Policy, String>,
    /// Who carries an application's plans out, by the executor's name.
    pub carry: &'a Carry<'a>,
    /// How plans are made.
    pub options: Options,
    /// How long a search may take.
    pub limits: Limits<'a>,
    /// Decide and write down, but carry nothing out.
    pub dry_run: bool,
    /// The market.
    pub market: Market,
    /// Where each application's market clears; empty at first.
    pub floors: BTreeMap<String, Floor>,
    /// Number of the last tick that was taken from the store.
    pub heard: i64,
    /// The system's and the steady clock when it began.
    pub began: (i64, i64),
}

impl Autopilot<'_> {
    /// Takes ticks in that came from elsewhere than the store; says which were not believed.
    pub fn hear(&mut self, entries: &[Entry]) -> Vec<News> {
        let now = self.clock.now();
        entries.iter().filter_map(|entry| self.take(entry, now)).collect()
    }

    fn take(&mut self, entry: &Entry, now: i64) -> Option<News> {
        let about = |entry: &Entry| match entry {
            Entry::Tick(tick) => tick.ask.to_string(),
            Entry::Heard { provider, .. } => provider.clone(),
        };
        let reason = match self.market.enter(entry, now) {
            Taken::Same | Taken::Changed { .. } => return None,
            Taken::Waits(waiting) => format!("waits for a second witness: {}", waiting.doubt),
            Taken::Refused(refusal) => format!("refused: {refusal}"),
        };
        Some(News::Tick { at: now, ask: about(entry), reason })
    }

    /// One round over all applications.
    ///
    /// # Errors
    /// [`RoundError`]; what was done until then is in the journal.
    pub fn round(&mut self) -> Result<Vec<News>, RoundError> {
        let now = self.clock.now();
        let by_s = (now - self.began.0) - (self.clock.steady() - self.began.1);
        if by_s.abs() > JUMP_S {
            return Err(RoundError::ClockJumped { by_s });
        }
        let mut news = Vec::new();
        if !self.dry_run {
            self.go_on(now, &mut news)?;
        }
        loop {
            let ticks = self.store.ticks(self.heard, TICKS_AT_ONCE)?;
            let Some((last, _)) = ticks.last() else { break };
            self.heard = *last;
            for (_, text) in &ticks {
                // Only what was read once is in the store; what is damaged there is as if it had not come.
                let entries = crate::market::file::read(text.as_bytes()).unwrap_or_default();
                news.extend(entries.iter().filter_map(|entry| self.take(entry, now)));
            }
        }
        let rows = self.store.apps()?;
        self.floors.retain(|name, _| rows.iter().any(|row| row.name == *name));
        for row in rows {
            let Some(there) = self.store.deployment(&row.name)? else { continue };
            if there.placement.seats.is_empty() || !self.store.open_plan_runs(Some(&row.name))?.is_empty() {
                continue;
            }
            if let Err(told) = self.consider(&row, &there.executor, &there.placement, now, &mut news)? {
                news.push(News::Decided { at: now, app: row.name, verdict: "stay".into(), summary: told, plan: None });
            }
        }
        Ok(news)
    }

    /// Goes on with runs that a crash has left behind, or whose rollback window has ended.
    fn go_on(&self, now: i64, news: &mut Vec<News>) -> Result<(), RoundError> {
        for run in self.store.open_plan_runs(None)? {
            if run.state == PlanRunState::Stuck || self.store.is_locked(&run.app)? {
                continue;
            }
            let mut outcome = None;
            let opened = (self.carry)(&run.executor, &mut |carrier| outcome = Some(carrier.go_on(&run.id)));
            let told = match (opened, outcome) {
                (Err(told), _) => told,
                // Still kept: nothing happened.
                (Ok(()), Some(Ok(Outcome::Keeping { .. }))) if run.state == PlanRunState::Keeping => continue,
                (Ok(()), Some(Err(Refused::Store(error)))) => return Err(error.into()),
                (Ok(()), Some(result)) => in_words(&result),
                (Ok(()), None) => continue,
            };
            news.push(News::Run { at: now, app: run.app, run: Some(run.id), told });
        }
        Ok(())
    }

    /// Decides about one application, and acts. The inner error is why nothing could be decided.
    fn consider(
        &mut self,
        row: &AppRow,
        executor: &str,
        from: &Placement,
        now: i64,
        news: &mut Vec<News>,
    ) -> Result<Result<(), String>, RoundError> {
        let (app, policy, proposed, lots) = match self.proposed(row, from, now) {
            Ok(found) => found,
            Err(told) => return Ok(Err(told)),
        };
        self.keep_clearing(&proposed, &lots, now)?;
        let past = self.past(&row.name, now)?;
        let (proposed, decision) = self.decided((&app, &row.text), &policy, proposed, from, &past);
        let digest = plan_digest(&proposed.plan).map_err(|error| error.to_string());
        let digest = match digest {
            Ok(digest) => (!proposed.plan.steps.is_empty()).then_some(digest),
            Err(told) => return Ok(Err(told)),
        };
        self.keep_decision(&app, &decision, digest.as_ref(), now)?;
        let summary = summary(&proposed, &decision);
        let verdict = decision.verdict.as_str().to_owned();
        news.push(News::Decided { at: now, app: row.name.clone(), verdict, summary, plan: digest.clone() });
        let approved = match &digest {
            Some(digest) => self.store.plan(digest)?.is_some_and(|kept| kept.state == PlanState::Approved),
            None => false,
        };
        let by = format!("policy {}", policy.name);
        match decision.verdict {
            Verdict::Move => self.act(&proposed, executor, &by, now, news),
            Verdict::Ask if approved => self.act(&proposed, executor, "whoever approved it", now, news),
            Verdict::Ask => self.ask(&proposed, &by, now).map_err(Into::into),
            Verdict::Stay | Verdict::Observe => self.store.supersede_plans(&row.name, None, now).map_err(Into::into),
        }
        .map(Ok)
    }

    /// What the policy makes of the way to the best placement, or of a part of it that it would rather have: see
    /// [`crate::control::choose`]. A backtest decides by the same function.
    fn decided(
        &self,
        (app, app_toml): (&App, &str),
        policy: &Policy,
        proposed: Proposal,
        from: &Placement,
        past: &[PastMove],
    ) -> (Proposal, Decision) {
        let now = self.clock.now();
        let prices_at = |to: &Placement| {
            let asks: Vec<Ask> = asks(from).chain(asks(to)).collect();
            self.market.prices_at(&asks, now)
        };
        let first = Circumstances { now, prices_at: prices_at(&proposed.plan.to), past };
        let first = decide(&proposed.plan, &policy.moves, &first);
        let Some(present) = proposed.present.as_ref().filter(|_| !proposed.plan.steps.is_empty()) else {
            return (proposed, first);
        };
        let problem = &proposed.problem;
        let other = choose::propose(&Question {
            app,
            problem,
            present,
            bill: &|assignment| score(problem, assignment).map(|bill| bill.total),
            moves: &policy.moves,
            options: &self.options,
            limits: &self.limits,
            now,
            prices_at: &|to| prices_at(&Placement::of(app, problem, to, Money::ZERO)),
            past,
        });
        // It must begin with what is there to the digest, and pass the checker, as everything that is carried out.
        let fits = digest_of(&other.plan.from) == digest_of(from) && check(problem, &other.to).is_empty();
        if other.decision.verdict == Verdict::Stay || !fits {
            return (proposed, first);
        }
        let plan = Plan { app_toml: app_toml.to_owned(), ..other.plan };
        (Proposal { plan, assignment: other.to, ..proposed }, other.decision)
    }

    /// What would be best, by what was known from the round before, and how the market cleared; with the application where it
    /// is.
    fn proposed(
        &mut self,
        row: &AppRow,
        from: &Placement,
        now: i64,
    ) -> Result<(App, Policy, Proposal, Vec<Lot>), String> {
        let policy = (self.policy)(&row.policy)?;
        let in_use: Vec<Ask> = asks(from).collect();
        let stand_s = policy.moves.price_stands_hours_min.saturating_mul(3_600);
        let book: PriceBook = self.market.book_for(now, &in_use, stand_s);
        let app = parse(&row.text, "app.toml", &names(&book)).map_err(|faults| faults.to_string())?.app;
        let there = at(&app, from);
        let problem = lower(&there, &book, &policy, &Lowering::default()).map_err(|error| error.to_string())?;
        let kept = self.floors.contains_key(&row.name) || self.floors.len() < FLOORS_MAX;
        let mut passing = Floor::new(&self.limits);
        let floor = if kept { self.floors.entry(row.name.clone()).or_insert(passing) } else { &mut passing };
        floor.follow(&problem);
        let (solution, lots) = (floor.solution().ok_or("the market did not clear")?, floor.lots());
        let proposed = proposal((&there, &row.text), problem, solution, from, &self.options);
        let proposed = proposed.map_err(|unplaced: Unplaced| unplaced.to_string())?;
        Ok((there, policy, proposed, lots))
    }

    /// What past moves have gained.
    fn past(&self, app: &str, now: i64) -> Result<Vec<PastMove>, StoreError> {
        let mut past = Vec::new();
        for row in self.store.ledger(Some(app))? {
            // A gain that is not known counts as none; the cost that is not known broke its rule before.
            let gain = Money::from_nanos(row.gain_nanos(now).unwrap_or(0));
            let mut first = true;
            for component in &row.components {
                // The gain of the whole move counts once.
                let gain = if std::mem::take(&mut first) { gain } else { Money::ZERO };
                past.push(PastMove { component: component.clone(), at: row.at, gain });
            }
        }
        Ok(past)
    }

    /// Writes down how the market cleared, where that is something new.
    fn keep_clearing(&self, proposed: &Proposal, lots: &[Lot], now: i64) -> Result<(), StoreError> {
        let (app, to) = (&proposed.plan.app, &proposed.plan.to);
        let detail =
            serde_json::to_string(&clearing::told(&proposed.problem, &proposed.assignment, lots)).unwrap_or_default();
        let usd_month_nanos = to.usd_month.map(Money::nanos);
        let last = self.store.clearings(Some(app), 1)?.into_iter().next();
        if last.is_none_or(|row| (row.usd_month_nanos, &row.detail) != (usd_month_nanos, &detail)) {
            self.store.put_clearing(&ClearingRow { app: app.clone(), at: now, usd_month_nanos, detail })?;
        }
        Ok(())
    }

    /// Writes down what was decided, where that is something new.
    fn keep_decision(&self, app: &App, decision: &Decision, plan: Option<&String>, now: i64) -> Result<(), StoreError> {
        let detail = serde_json::to_string(&DecisionFile::from(decision)).unwrap_or_default();
        let verdict = decision.verdict.as_str().to_owned();
        let last = self.store.decisions(Some(&app.name), 1)?.into_iter().next();
        let same = |row: &DecisionRow| (&row.verdict, row.plan.as_ref(), &row.detail) == (&verdict, plan, &detail);
        if !last.as_ref().is_some_and(same) {
            let row = DecisionRow { app: app.name.clone(), at: now, verdict, plan: plan.cloned(), detail };
            self.store.put_decision(&row)?;
        }
        Ok(())
    }

    fn act(
        &self,
        proposed: &Proposal,
        executor: &str,
        by: &str,
        now: i64,
        news: &mut Vec<News>,
    ) -> Result<(), RoundError> {
        if self.dry_run {
            return Ok(());
        }
        let app = proposed.plan.app.clone();
        let mut begun = None;
        let opened = (self.carry)(executor, &mut |carrier| {
            begun = Some(carrier.begin(&proposed.plan, "decided by the autopilot", by));
        });
        let (run, told) = match (opened, begun) {
            (Err(told), _) => (None, told),
            (Ok(()), Some(Ok((run, outcome)))) => (Some(run), in_words(&Ok(outcome))),
            (Ok(()), Some(Err(Refused::Store(error)))) => return Err(error.into()),
            (Ok(()), Some(Err(refused))) => (None, refused.to_string()),
            (Ok(()), None) => return Ok(()),
        };
        news.push(News::Run { at: now, app, run, told });
        Ok(())
    }

    /// Keeps a plan for somebody's decision. One that waits already stays when it would do the same, whatever prices have
    /// done since; every other one needs no decision any more.
    fn ask(&self, proposed: &Proposal, by: &str, now: i64) -> Result<(), StoreError> {
        let ends = |plan: &Plan| (digest_of(&plan.from), digest_of(&plan.to));
        let same = |row: &PlanRow| read(row.document.as_bytes()).is_ok_and(|plan| ends(&plan) == ends(&proposed.plan));
        let waiting = self.store.waiting_plans(&proposed.plan.app)?;
        let kept = waiting.iter().find(|row| same(row)).map(|row| row.digest.as_str());
        self.store.supersede_plans(&proposed.plan.app, kept, now)?;
        if kept.is_some() {
            return Ok(());
        }
        let (Ok(digest), Ok(document)) = (plan_digest(&proposed.plan), to_json(&proposed.plan)) else { return Ok(()) };
        self.store.put_plan(&PlanRow {
            digest,
            app: proposed.plan.app.clone(),
            document,
            reason: format!("{by} asks"),
            state: PlanState::Waiting,
            made_at: now,
            decided_at: None,
            decided_by: None,
        })
    }

    /// Begins plans that were approved and still fit, of applications about which nothing else is under way.
    ///
    /// # Errors
    /// [`RoundError`].
    pub fn carry_approved(&self, executor: &dyn Fn(&str) -> String) -> Result<Vec<News>, RoundError> {
        let (now, mut news) = (self.clock.now(), Vec::new());
        for row in self.store.plans(None, PLANS_SEEN)? {
            if row.state != PlanState::Approved || !self.store.open_plan_runs(Some(&row.app))?.is_empty() {
                continue;
            }
            let Ok(plan) = read(row.document.as_bytes()) else { continue };
            let mut begun = None;
            let by = row.decided_by.clone().unwrap_or_default();
            let opened = (self.carry)(&executor(&row.app), &mut |carrier| {
                begun = Some(carrier.begin(&plan, &row.reason, &by));
            });
            let (run, told) = match (opened, begun) {
                (Err(told), _) => (None, told),
                (Ok(()), Some(Ok((run, outcome)))) => (Some(run), in_words(&Ok(outcome))),
                (Ok(()), Some(Err(Refused::Store(error)))) => return Err(error.into()),
                // Who approved it is told once; then it is a plan of the past.
                (Ok(()), Some(Err(refused @ Refused::OldState { .. }))) => {
                    self.store.outdate_plan(&row.digest, now)?;
                    (None, refused.to_string())
                }
                (Ok(()), Some(Err(refused))) => (None, refused.to_string()),
                (Ok(()), None) => continue,
            };
            news.push(News::Run { at: now, app: row.app, run, told });
        }
        Ok(news)
    }
}

/// What a placement buys.
fn asks(placement: &Placement) -> impl Iterator<Item = Ask> + '_ {
    placement.seats.iter().flat_map(|seat| {
        let purchases = std::iter::once(seat.purchase).chain(seat.above.iter().map(|above| above.purchase));
        purchases.map(|purchase| Ask {
            provider: seat.provider.clone(),
            region: seat.region.clone(),
            offer: seat.offer.clone(),
            purchase,
        })
    })
}

/// A decision in a sentence: what would move, what it saves, and the first rule that is broken.
fn summary(proposed: &Proposal, decision: &Decision) -> String {
    if proposed.plan.steps.is_empty() {
        return "everything is where it is best".to_owned();
    }
    let moved: Vec<String> = proposed.plan.moved.iter().map(|moved| moved.component.clone()).collect();
    let saving = proposed.plan.saving_month().map_or_else(|| "an unknown sum".to_owned(), |saving| saving.to_string());
    let broken = decision.checks.iter().filter(|check| !check.holds()).count();
    let rules = if broken == 0 { "every rule is kept".to_owned() } else { format!("{broken} rules are broken") };
    format!("moving {} would save {saving} a month; {rules}", moved.join(", "))
}

fn in_words(result: &Result<Outcome, Refused>) -> String {
    match result {
        Ok(Outcome::Finished) => "finished".to_owned(),
        Ok(Outcome::RolledBack { why }) => format!("rolled back: {why}"),
        Ok(Outcome::Keeping { until }) => {
            let until = jiff::Timestamp::from_second(*until).unwrap_or_default();
            format!("moved; the old sides are kept until {until}")
        }
        Ok(Outcome::Stuck { step, why }) => format!("stuck at {step}: {why}"),
        Ok(Outcome::Interrupted) => "interrupted".to_owned(),
        Ok(Outcome::TakenOver) => "another placer carries it".to_owned(),
        Err(refused) => refused.to_string(),
    }
}
