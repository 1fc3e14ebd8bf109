//! Plans: made, shown, decided about, carried out.

use super::apps::{Seat, known_policy};
use super::{OPERATOR, VIEWER, fails, get, head, post, route};
use crate::api::answer::{Begun, Found, Put};
use crate::api::call::{Call, JsonBody, Nothing};
use crate::api::errands::{Begin, Errand};
use crate::api::page::{After, Digest, Items, Limit, Name, moment, page, whole};
use crate::api::problem::{Kind, Problem};
use crate::api::reports;
use crate::api::route::Route;
use crate::api::settings::Settings;
use crate::api::state::{Api, AppSeen, Book, blocking};
use crate::control::proposing::{Unplaced, propose};
use crate::plan::{Change, Options, Plan, PlanFile, plan_digest, read, to_json};
use crate::store::{PlanRow, PlanState, Store};
use crate::units::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Instant;

/// Longest rollback window, in hours: a year.
const KEEP_HOURS_MAX: u32 = 8760;

pub fn routes() -> Vec<Route> {
    let unfit: &[Kind] = &[Kind::Conflict];
    let missing: &[Kind] = &[Kind::Conflict, Kind::NotFound];
    vec![
        route!(get(head("/v1/plans", "listPlans", VIEWER, "Lists plans, newest first.")), list),
        route!(
            post(fails(
                head(
                    "/v1/plans",
                    "makePlan",
                    OPERATOR,
                    "Plans the way to what is best for an application now; the plan waits for a decision."
                ),
                missing
            )),
            make
        ),
        route!(get(head("/v1/plans/{digest}", "getPlan", VIEWER, "Shows a plan with every step.")), show),
        route!(
            post(fails(
                head(
                    "/v1/plans/{digest}/approve",
                    "approvePlan",
                    OPERATOR,
                    "Approves a plan and begins to carry it out."
                ),
                unfit
            )),
            approve
        ),
        route!(
            post(fails(head("/v1/plans/{digest}/reject", "rejectPlan", OPERATOR, "Rejects a plan."), unfit)),
            reject
        ),
    ]
}

/// The digest of a plan.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PlanPath {
    /// SHA-256 of the plan.
    digest: Digest,
}

/// Which plans.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlansQuery {
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// Only those about which this was decided.
    #[serde(default)]
    state: Option<StateWord>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// What `next` of the page before says.
    #[serde(default)]
    after: Option<After>,
}

/// What was decided about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateWord {
    /// It waits for somebody's decision.
    Waiting,
    /// It may be carried out.
    Approved,
    /// It must not be carried out.
    Rejected,
    /// A run of it exists.
    Applied,
    /// Nobody decided before something else became better.
    Superseded,
}

impl From<StateWord> for PlanState {
    fn from(word: StateWord) -> Self {
        match word {
            StateWord::Waiting => Self::Waiting,
            StateWord::Approved => Self::Approved,
            StateWord::Rejected => Self::Rejected,
            StateWord::Applied => Self::Applied,
            StateWord::Superseded => Self::Superseded,
        }
    }
}

impl From<PlanState> for StateWord {
    fn from(state: PlanState) -> Self {
        match state {
            PlanState::Waiting => Self::Waiting,
            PlanState::Approved => Self::Approved,
            PlanState::Rejected => Self::Rejected,
            PlanState::Applied => Self::Applied,
            PlanState::Superseded => Self::Superseded,
        }
    }
}

/// A plan in short.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanSummary {
    /// SHA-256 of the plan: its name.
    digest: String,
    /// Name of the application.
    app: String,
    /// What was decided.
    state: StateWord,
    /// Why it was made.
    reason: String,
    /// When it was made.
    made_at: String,
    /// When it was decided about.
    decided_at: Option<String>,
    /// By whom: a token, a policy, or the command line.
    decided_by: Option<String>,
    /// How many steps it has.
    steps: usize,
    /// What it costs once, at most; `null`: a price is not known.
    cost_usd: Option<String>,
    /// What it saves a month; negative when the new placement is dearer; `null`: not known.
    saving_usd_month: Option<String>,
    /// GB that are moved.
    moves_gb: String,
    /// What happens to which component.
    changes: Vec<ChangeView>,
}

/// What happens to a component.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeView {
    /// `add`, `move` or `remove`.
    change: &'static str,
    /// Where it is now.
    from: Option<Seat>,
    /// Where it will be.
    to: Option<Seat>,
}

impl PlanSummary {
    fn of(row: &PlanRow) -> Result<Self, Problem> {
        let plan = read(row.document.as_bytes()).map_err(|error| damaged(&row.digest, error))?;
        let change = |change| match change {
            Change::Add => "add",
            Change::Move => "move",
            Change::Remove => "remove",
        };
        let changes = plan.moved.iter().map(|moved| ChangeView {
            change: change(moved.change),
            from: moved.from.as_ref().map(Seat::of),
            to: moved.to.as_ref().map(Seat::of),
        });
        Ok(Self {
            digest: row.digest.clone(),
            app: row.app.clone(),
            state: row.state.into(),
            reason: row.reason.clone(),
            made_at: moment(row.made_at),
            decided_at: row.decided_at.map(moment),
            decided_by: row.decided_by.clone(),
            steps: plan.steps.len(),
            cost_usd: plan.cost().map(Money::to_decimal),
            saving_usd_month: plan.saving_month().map(Money::to_decimal),
            moves_gb: plan.data().to_decimal(),
            changes: changes.collect(),
        })
    }
}

/// A plan in the store that cannot be read.
pub fn damaged(digest: &str, error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, digest, "a plan in the store cannot be read");
    Problem::new(Kind::Internal, "a plan in the store cannot be read; the server's log says which")
}

/// A plan with every step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanView {
    /// In short.
    #[serde(flatten)]
    summary: PlanSummary,
    /// The plan as `placer apply` takes it.
    #[schemars(with = "PlanFile")]
    plan: Box<RawValue>,
}

impl PlanView {
    fn of(row: &PlanRow) -> Result<Self, Problem> {
        let summary = PlanSummary::of(row)?;
        let plan = RawValue::from_string(row.document.trim_end().to_owned());
        Ok(Self { summary, plan: plan.map_err(|error| damaged(&row.digest, error))? })
    }
}

async fn list(api: Arc<Api>, call: Call<Nothing, PlansQuery, Nothing>) -> Result<Found<Items<PlanSummary>>, Problem> {
    let PlansQuery { app, state, limit, after } = call.query;
    api.store(move |store| -> Result<_, Problem> {
        let state = state.map(|word| PlanState::from(word).as_str());
        let rows = store.plans_page(&page(app.as_ref(), state, after.as_ref(), limit))?;
        let Items { items, next } = Items::of(rows, limit, |row| (row.made_at, row.digest.clone()), |row| row);
        let items = items.iter().map(PlanSummary::of).collect::<Result<_, _>>()?;
        Ok(Found(Items { items, next }))
    })
    .await
}

fn kept(store: &Store, digest: &str) -> Result<PlanRow, Problem> {
    store.plan(digest)?.ok_or_else(|| Problem::not_found("plan", digest))
}

async fn show(api: Arc<Api>, call: Call<PlanPath, Nothing, Nothing>) -> Result<Found<PlanView>, Problem> {
    api.store(move |store| PlanView::of(&kept(store, &call.path.digest.0)?).map(Found)).await
}

/// What to plan for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanWish {
    /// Name of the application.
    app: Name,
    /// Name of a policy; without it, the application's own.
    #[serde(default)]
    policy: Option<Name>,
    /// Hours for which the old sides stay after the move.
    #[serde(default = "usual_hours", deserialize_with = "whole")]
    #[schemars(range(min = 0, max = KEEP_HOURS_MAX))]
    keep_hours: i64,
}

fn usual_hours() -> i64 {
    Options::default().keep_hours.into()
}

async fn make(api: Arc<Api>, call: Call<Nothing, Nothing, JsonBody<PlanWish>>) -> Result<Put<PlanView>, Problem> {
    let PlanWish { app: Name(name), policy, keep_hours } = call.body.0;
    let hours = u32::try_from(keep_hours).ok().filter(|hours| *hours <= KEEP_HOURS_MAX);
    let wrong = || Problem::at("#/keep_hours", format_args!("from 0 to {KEEP_HOURS_MAX} hours, a year"));
    let keep_hours = hours.ok_or_else(wrong)?;
    let seen = api.seen().await?;
    let app = api.app(&seen, &name).await?;
    let named = match policy {
        Some(Name(name)) => {
            let wanted = name.clone();
            Some((name, api.store(move |store| known_policy(store, &wanted)).await?))
        }
        None => app.policy.clone().map(|text| (app.row.policy.clone(), text)),
    };
    let turn = api.reports.turn().await?;
    let (book, settings) = (Arc::clone(&seen.book), api.settings.clone());
    let plan = blocking(move || {
        let _turn = turn;
        proposed(&app, named, &book, &settings, keep_hours)
    });
    let plan = plan.await??;
    let (by, now) = (call.caller.name, api.now());
    api.store(move |store| -> Result<_, Problem> {
        let internal = |error: serde_json::Error| Problem::new(Kind::Internal, error);
        let digest = plan_digest(&plan).map_err(internal)?;
        let new = store.plan(&digest)?.is_none();
        store.put_plan(&PlanRow {
            digest: digest.clone(),
            app: plan.app.clone(),
            document: to_json(&plan).map_err(internal)?,
            reason: format!("asked for through the API by {by}"),
            state: PlanState::Waiting,
            made_at: now,
            decided_at: None,
            decided_by: None,
        })?;
        let location = format!("/v1/plans/{digest}");
        Ok(Put { new, location, value: PlanView::of(&kept(store, &digest)?)? })
    })
    .await
}

fn proposed(
    seen: &AppSeen,
    named: Option<(String, String)>,
    book: &Book,
    settings: &Settings,
    keep_hours: u32,
) -> Result<Plan, Problem> {
    let app = reports::app(seen, book)?;
    let (name, text) = named.unzip();
    let policy = reports::policy(text.as_deref(), name.as_deref().unwrap_or("policy"), book)?;
    let began = Instant::now();
    let cancelled = || began.elapsed() >= settings.solve_within;
    let limits = reports::limits(settings, &cancelled);
    let from = seen.deployment.as_ref().map(|there| there.placement.clone()).unwrap_or_default();
    let options = Options { keep_hours, ..Options::default() };
    let proposal = propose((&app, &seen.row.text), &book.book, &policy, &limits, &from, &options);
    proposal.map(|proposal| proposal.plan).map_err(|unplaced| match unplaced {
        Unplaced::Lower(_) | Unplaced::Infeasible => Problem::new(Kind::Conflict, unplaced),
        Unplaced::Unfinished => Problem::unavailable(unplaced, 60),
        Unplaced::Internal => Problem::new(Kind::Internal, unplaced),
    })
}

/// A plan that was approved, and the run that carries it out.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Approved {
    /// The plan in short.
    plan: PlanSummary,
    /// Name of the run; `null`: it has not begun yet.
    run: Option<String>,
}

async fn approve(api: Arc<Api>, call: Call<PlanPath, Nothing, Nothing>) -> Result<Begun<Approved>, Problem> {
    let (digest, by) = (call.path.digest.0, call.caller.name);
    let row = decide(&api, digest.clone(), true, by.clone()).await?;
    let begun = api.errands.send(&api, Errand::Begin { plan: digest.clone(), by }).await?;
    let run = match begun {
        Begin::Run(run) => Some(run),
        Begin::Slow => None,
    };
    let plan = api.store(move |store| PlanSummary::of(&store.plan(&digest)?.unwrap_or(row))).await?;
    Ok(Begun(Approved { plan, run }))
}

async fn reject(api: Arc<Api>, call: Call<PlanPath, Nothing, Nothing>) -> Result<Found<PlanSummary>, Problem> {
    let row = decide(&api, call.path.digest.0, false, call.caller.name).await?;
    blocking(move || PlanSummary::of(&row).map(Found)).await?
}

/// Decides about a plan. Who says again what was said before is right; a plan that was approved and could not be begun is
/// begun by approving it again.
async fn decide(api: &Arc<Api>, digest: String, approve: bool, by: String) -> Result<PlanRow, Problem> {
    let now = api.now();
    api.store(move |store| -> Result<_, Problem> {
        let row = kept(store, &digest)?;
        if approve && read(row.document.as_bytes()).is_ok_and(|plan| plan.steps.is_empty()) {
            return Err(Problem::new(Kind::Conflict, "this plan has no steps: everything is where it is best"));
        }
        store.decide_plan(&digest, approve, &by, now)?;
        let row = kept(store, &digest)?;
        let (wanted, word) =
            if approve { (PlanState::Approved, "approved") } else { (PlanState::Rejected, "rejected") };
        if row.state == wanted {
            return Ok(row);
        }
        let told = format!("this plan can no longer be {word}: it is {}", row.state.as_str());
        Err(Problem::new(Kind::Conflict, told))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_stores() {
        for word in [StateWord::Waiting, StateWord::Approved, StateWord::Rejected, StateWord::Applied] {
            let state = PlanState::from(word);
            assert_eq!(serde_json::to_value(word).unwrap(), state.as_str());
            assert_eq!(StateWord::from(state), word);
        }
    }
}
