//! Runs: what was carried out, what is under way, and taking it back.

use super::{OPERATOR, VIEWER, fails, get, head, post, route};
use crate::api::answer::{Begun, Found};
use crate::api::call::{Call, JsonBody, Nothing};
use crate::api::errands::{Errand, kept_until};
use crate::api::page::{After, Items, Limit, Name, moment, page};
use crate::api::problem::{Kind, Problem};
use crate::api::route::Route;
use crate::api::routes::plans::damaged;
use crate::api::state::Api;
use crate::plan::run::{End, Entry, Event, Progress, StepState};
use crate::plan::{Plan, read};
use crate::store::{PlanRun, PlanRunState, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let unfit: &[Kind] = &[Kind::Conflict];
    vec![
        route!(get(head("/v1/runs", "listRuns", VIEWER, "Lists runs, newest first.")), list),
        route!(get(head("/v1/runs/{run}", "getRun", VIEWER, "Shows a run with its steps and its journal.")), show),
        route!(
            post(fails(
                head("/v1/runs/{run}/rollback", "rollbackRun", OPERATOR, "Takes a run back, step by step."),
                unfit
            )),
            rollback
        ),
        route!(
            post(fails(
                head(
                    "/v1/runs/{run}/resume",
                    "resumeRun",
                    OPERATOR,
                    "Goes on with a run where nothing helped any more, or ends its rollback window now."
                ),
                unfit
            )),
            resume
        ),
    ]
}

/// The name of a run.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RunPath {
    /// Its name.
    run: Name,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunWord {
    /// Steps are carried out or taken back.
    Running,
    /// All is shifted; the old sides are kept for the rollback window.
    Keeping,
    /// Nothing helps any more; a person must look.
    Stuck,
    /// The wanted placement is there.
    Finished,
    /// The placement from before is there.
    RolledBack,
}

impl From<RunWord> for PlanRunState {
    fn from(word: RunWord) -> Self {
        match word {
            RunWord::Running => Self::Running,
            RunWord::Keeping => Self::Keeping,
            RunWord::Stuck => Self::Stuck,
            RunWord::Finished => Self::Finished,
            RunWord::RolledBack => Self::RolledBack,
        }
    }
}

impl From<PlanRunState> for RunWord {
    fn from(state: PlanRunState) -> Self {
        match state {
            PlanRunState::Running => Self::Running,
            PlanRunState::Keeping => Self::Keeping,
            PlanRunState::Stuck => Self::Stuck,
            PlanRunState::Finished => Self::Finished,
            PlanRunState::RolledBack => Self::RolledBack,
        }
    }
}

/// Which runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunsQuery {
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// Only those that are so far.
    #[serde(default)]
    state: Option<RunWord>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// What `next` of the page before says.
    #[serde(default)]
    after: Option<After>,
}

/// A run in short.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Run {
    /// Its name.
    id: String,
    /// Name of the application.
    app: String,
    /// Digest of the plan.
    plan: String,
    /// Who carries it out.
    executor: String,
    /// How far it is.
    state: RunWord,
    /// When it began.
    began_at: String,
    /// When its last entry was written.
    changed_at: String,
}

impl Run {
    fn of(run: PlanRun) -> Self {
        Self {
            id: run.id,
            app: run.app,
            plan: run.plan,
            executor: run.executor,
            state: run.state.into(),
            began_at: moment(run.began_at),
            changed_at: moment(run.changed_at),
        }
    }
}

/// A step of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepView {
    /// Its name: `db/copy`.
    name: String,
    /// Whose.
    component: String,
    /// `waiting`, `doing`, `done`, `failed` or `undone`.
    state: &'static str,
    /// When it was done.
    at: Option<String>,
    /// Why it failed.
    why: Option<String>,
}

/// An entry of a journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryView {
    /// When.
    at: String,
    /// `began`, `doing`, `done`, `failed`, `turned_back`, `undoing`, `undone`, `undo_failed`, `resumed`, `finished` or
    /// `rolled_back`.
    event: &'static str,
    /// Name of the step.
    step: Option<String>,
    /// What the executor says, or why.
    text: Option<String>,
}

/// A run with its steps and its journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunView {
    /// In short.
    #[serde(flatten)]
    run: Run,
    /// Why everything is being taken back; `null`: it goes forward.
    back: Option<String>,
    /// Until when the old sides are kept; `null`: none is kept.
    kept_until: Option<String>,
    /// Whether it can still be taken back.
    can_roll_back: bool,
    /// Every step of the plan.
    steps: Vec<StepView>,
    /// What was written before and after each effect, oldest first.
    journal: Vec<EntryView>,
}

fn step_view(step: &crate::plan::Step, state: &StepState) -> StepView {
    let (word, at, why) = match state {
        StepState::Waiting => ("waiting", None, None),
        StepState::Doing => ("doing", None, None),
        StepState::Done { at } => ("done", Some(moment(*at)), None),
        StepState::Failed { why } => ("failed", None, Some(why.clone())),
        StepState::Undone => ("undone", None, None),
    };
    StepView { name: step.name.clone(), component: step.component.clone(), state: word, at, why }
}

fn entry_view(plan: &Plan, entry: Entry) -> EntryView {
    let (event, step, text) = match entry.event {
        Event::Began => ("began", None, None),
        Event::Doing { step } => ("doing", Some(step), None),
        Event::Done { step, note } => ("done", Some(step), Some(note)),
        Event::Failed { step, why, .. } => ("failed", Some(step), Some(why)),
        Event::TurnedBack { why } => ("turned_back", None, Some(why)),
        Event::Undoing { step } => ("undoing", Some(step), None),
        Event::Undone { step, note } => ("undone", Some(step), Some(note)),
        Event::UndoFailed { step, why } => ("undo_failed", Some(step), Some(why)),
        Event::Resumed { .. } => ("resumed", None, None),
        Event::Ended(End::Finished) => ("finished", None, None),
        Event::Ended(End::RolledBack) => ("rolled_back", None, None),
    };
    let step = step.and_then(|step| plan.steps.get(step)).map(|step| step.name.clone());
    EntryView { at: moment(entry.at), event, step, text: text.filter(|text| !text.is_empty()) }
}

fn view(store: &Store, name: &str) -> Result<RunView, Problem> {
    let run = store.plan_run(name)?.ok_or_else(|| Problem::not_found("run", name))?;
    let lost = || damaged(&run.plan, "it is not in the store");
    let kept = store.plan(&run.plan)?.ok_or_else(lost)?;
    let plan = read(kept.document.as_bytes()).map_err(|error| damaged(&run.plan, error))?;
    let journal = store.journal(&run.id)?;
    let progress = Progress::of(&plan, &journal).map_err(|error| damaged(&run.plan, error))?;
    let until = kept_until(store, &run)?.filter(|_| !run.state.ended());
    Ok(RunView {
        back: progress.back.clone(),
        kept_until: until.map(moment),
        can_roll_back: progress.can_turn_back(&plan),
        steps: plan.steps.iter().zip(&progress.steps).map(|(step, state)| step_view(step, state)).collect(),
        journal: journal.into_iter().map(|entry| entry_view(&plan, entry)).collect(),
        run: Run::of(run),
    })
}

async fn list(api: Arc<Api>, call: Call<Nothing, RunsQuery, Nothing>) -> Result<Found<Items<Run>>, Problem> {
    let RunsQuery { app, state, limit, after } = call.query;
    let read = move |store: &Store| -> Result<_, StoreError> {
        let state = state.map(|word| PlanRunState::from(word).as_str());
        let rows = store.plan_runs_page(&page(app.as_ref(), state, after.as_ref(), limit))?;
        Ok(Found(Items::of(rows, limit, |row| (row.began_at, row.id.clone()), Run::of)))
    };
    api.store(read).await
}

async fn show(api: Arc<Api>, call: Call<RunPath, Nothing, Nothing>) -> Result<Found<RunView>, Problem> {
    api.store(move |store| view(store, &call.path.run.0).map(Found)).await
}

async fn sent(api: &Arc<Api>, run: String, errand: Errand) -> Result<Begun<RunView>, Problem> {
    if api.settings.carry.is_none() {
        return Err(Problem::new(
            Kind::Conflict,
            "this server carries nothing out; `placer runs` and `placer rollback` do",
        ));
    }
    // What is not there, or over, is told before anything is begun.
    let name = run.clone();
    api.store(move |store| view(store, &name).map(|_| ())).await?;
    api.errands.send(api, errand).await?;
    api.store(move |store| view(store, &run).map(Begun)).await
}

async fn rollback(api: Arc<Api>, call: Call<RunPath, Nothing, Nothing>) -> Result<Begun<RunView>, Problem> {
    let run = call.path.run.0;
    let why = format!("asked for through the API by {}", call.caller.name);
    sent(&api, run.clone(), Errand::TurnBack { run, why }).await
}

/// How to go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeWish {
    /// Whether the old sides are to go now, instead of at the end of the rollback window. It cannot be taken back.
    #[serde(default)]
    finish: bool,
}

async fn resume(api: Arc<Api>, call: Call<RunPath, Nothing, JsonBody<ResumeWish>>) -> Result<Begun<RunView>, Problem> {
    let (run, finish) = (call.path.run.0, call.body.0.finish);
    sent(&api, run.clone(), Errand::Resume { run, finish }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_stores() {
        for word in [RunWord::Running, RunWord::Keeping, RunWord::Stuck, RunWord::Finished, RunWord::RolledBack] {
            let state = PlanRunState::from(word);
            assert_eq!(serde_json::to_value(word).unwrap(), state.as_str());
            assert_eq!(RunWord::from(state), word);
        }
    }
}
