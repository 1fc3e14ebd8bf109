//! What the market did and what came of it: ticks, clearings, decisions, the ledger.

use super::{OPERATOR, TICKS_MAX, VIEWER, get, head, post, route};
use crate::api::answer::Found;
use crate::api::call::{Call, JsonBody, Nothing};
use crate::api::page::{After, Items, Limit, Name, Word, moment, page, whole};
use crate::api::problem::{Kind, Pointed, Problem};
use crate::api::route::{Head, Route};
use crate::api::state::{Api, Book, blocking};
use crate::market::{Ask, Entry, Tick, file};
use crate::plan::Verdict;
use crate::store::{ClearingRow, DecisionRow, LedgerRow, Store, StoreError};
use crate::units::{Money, Purchase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most ticks of a batch.
const TICKS: usize = 10_000;

pub fn routes() -> Vec<Route> {
    let ticks = head(
        "/v1/ticks",
        "postTicks",
        OPERATOR,
        "Takes observed prices; what is believed of them the market's gate decides.",
    );
    vec![
        route!(
            get(head("/v1/clearings", "listClearings", VIEWER, "Lists how the market cleared, newest first.")),
            clearings
        ),
        route!(
            get(head(
                "/v1/decisions",
                "listDecisions",
                VIEWER,
                "Lists what the autopilot decided, and why, newest first."
            )),
            decisions
        ),
        route!(
            get(head(
                "/v1/ledger",
                "listLedger",
                VIEWER,
                "Lists what moves have cost and what they save, newest first."
            )),
            ledger
        ),
        route!(post(Head { body_max: TICKS_MAX, ..ticks }), take),
    ]
}

/// Which entries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// What `next` of the page before says.
    #[serde(default)]
    after: Option<After>,
}

/// How the market cleared for an application.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Clearing {
    /// Its number.
    id: i64,
    /// Name of the application.
    app: String,
    /// When.
    at: String,
    /// The best placement's bill; `null`: there is none.
    usd_month: Option<String>,
    /// Winners, and what is known of runners-up and margins.
    detail: serde_json::Value,
}

impl Clearing {
    fn of((id, row): (i64, ClearingRow)) -> Self {
        let usd_month = row.usd_month_nanos.map(|nanos| Money::from_nanos(nanos).to_decimal());
        Self { id, app: row.app, at: moment(row.at), usd_month, detail: json(&row.detail) }
    }
}

/// What the autopilot decided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// Its number.
    id: i64,
    /// Name of the application.
    app: String,
    /// When.
    at: String,
    /// `stay`, `observe`, `ask` or `move`.
    verdict: String,
    /// Digest of the plan, where there is one.
    plan: Option<String>,
    /// Every rule with its figure.
    detail: serde_json::Value,
}

impl Decided {
    fn of((id, row): (i64, DecisionRow)) -> Self {
        Self { id, app: row.app, at: moment(row.at), verdict: row.verdict, plan: row.plan, detail: json(&row.detail) }
    }
}

/// What the store has as text of JSON.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or(serde_json::Value::Null)
}

/// What a move has cost and what it saves.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ledger {
    /// The run.
    run: String,
    /// Name of the application.
    app: String,
    /// Components that moved.
    components: Vec<String>,
    /// From when on it saves.
    at: String,
    /// Until when; `null`: still.
    until: Option<String>,
    /// What the move has cost; `null`: not known.
    cost_usd: Option<String>,
    /// What it saves a month; `null`: not known.
    saving_usd_month: Option<String>,
    /// What it has saved until now, less what it has cost; `null`: not known.
    gain_usd: Option<String>,
}

impl Ledger {
    fn of(row: LedgerRow, now: i64) -> Self {
        let usd = |nanos: Option<i64>| nanos.map(|nanos| Money::from_nanos(nanos).to_decimal());
        Self {
            at: moment(row.at),
            until: row.until.map(moment),
            cost_usd: usd(row.cost_nanos),
            saving_usd_month: usd(row.saving_month_nanos),
            gain_usd: usd(row.gain_nanos(now)),
            run: row.run,
            app: row.app,
            components: row.components,
        }
    }
}

async fn clearings(api: Arc<Api>, call: Call<Nothing, ListQuery, Nothing>) -> Result<Found<Items<Clearing>>, Problem> {
    let ListQuery { app, limit, after } = call.query;
    let read = move |store: &Store| -> Result<_, StoreError> {
        let rows = store.clearings_page(&page(app.as_ref(), None, after.as_ref(), limit))?;
        Ok(Found(Items::of(rows, limit, |(id, _)| (*id, String::new()), Clearing::of)))
    };
    api.store(read).await
}

/// Which decisions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsQuery {
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// Only with this verdict.
    #[serde(default)]
    verdict: Option<VerdictWord>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// What `next` of the page before says.
    #[serde(default)]
    after: Option<After>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// Nothing.
    Stay,
    /// Nothing, but say that a move would pay.
    Observe,
    /// Ask a person.
    Ask,
    /// Move.
    Move,
}

impl From<VerdictWord> for Verdict {
    fn from(word: VerdictWord) -> Self {
        match word {
            VerdictWord::Stay => Self::Stay,
            VerdictWord::Observe => Self::Observe,
            VerdictWord::Ask => Self::Ask,
            VerdictWord::Move => Self::Move,
        }
    }
}

async fn decisions(
    api: Arc<Api>,
    call: Call<Nothing, DecisionsQuery, Nothing>,
) -> Result<Found<Items<Decided>>, Problem> {
    let DecisionsQuery { app, verdict, limit, after } = call.query;
    let read = move |store: &Store| -> Result<_, StoreError> {
        let verdict = verdict.map(|word| Verdict::from(word).as_str());
        let rows = store.decisions_page(&page(app.as_ref(), verdict, after.as_ref(), limit))?;
        Ok(Found(Items::of(rows, limit, |(id, _)| (*id, String::new()), Decided::of)))
    };
    api.store(read).await
}

async fn ledger(api: Arc<Api>, call: Call<Nothing, ListQuery, Nothing>) -> Result<Found<Items<Ledger>>, Problem> {
    let (ListQuery { app, limit, after }, now) = (call.query, api.now());
    let read = move |store: &Store| -> Result<_, StoreError> {
        let rows = store.ledger_page(&page(app.as_ref(), None, after.as_ref(), limit))?;
        Ok(Found(Items::of(rows, limit, |row| (row.at, row.run.clone()), |row| Ledger::of(row, now))))
    };
    api.store(read).await
}

/// A batch of observed prices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Who observed them.
    source: Name,
    /// The ticks, in the order in which they were observed.
    #[schemars(length(max = TICKS))]
    ticks: Vec<TickWish>,
}

/// An observed price; with `at` and `provider` alone, that all prices of the provider stand as they were told before.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TickWish {
    /// When it was observed, in seconds since 1970.
    #[serde(deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 253_402_300_799_i64))]
    at: i64,
    /// Who sells it.
    provider: Word,
    /// The offer; `null`: none in particular.
    #[serde(default)]
    ask: Option<AskWish>,
}

/// A price of an offer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskWish {
    /// Where.
    region: Word,
    /// A machine type or a managed tier, as `/v1/offers` names it.
    offer: Word,
    /// How it is bought.
    purchase: Purchase,
    /// Dollars an hour, at most nine digits after the point; `null`: no longer offered.
    #[schemars(regex(pattern = r"^[0-9]{1,6}(\.[0-9]{1,9})?$"))]
    usd_hour: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TicksTaken {
    /// Ticks that are now before the market's gate.
    kept: usize,
    /// Ticks of what the price book does not have; they are not kept.
    unknown: Vec<UnknownTick>,
}

/// A tick of what the price book does not have.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnknownTick {
    /// Its place in the batch, from 0.
    index: usize,
    /// What is not known.
    reason: String,
}

async fn take(api: Arc<Api>, call: Call<Nothing, Nothing, JsonBody<Batch>>) -> Result<Found<TicksTaken>, Problem> {
    let (seen, Batch { source, ticks }) = (api.seen().await?, call.body.0);
    if ticks.len() > TICKS {
        return Err(Problem::at("#/ticks", format_args!("at most {TICKS} ticks at a time")));
    }
    let read = blocking(move || entries(ticks, &seen.book));
    let (entries, unknown) = read.await??;
    let (kept, now) = (entries.len(), api.now());
    if kept > 0 {
        api.store(move |store| -> Result<_, StoreError> {
            let texts: Vec<_> =
                entries.iter().map(|entry| (entry.at(), file::json_lines(std::slice::from_ref(entry)))).collect();
            store.put_ticks(&source.0, &texts, now)
        })
        .await?;
    }
    Ok(Found(TicksTaken { kept, unknown }))
}

/// The ticks of what the book has, and those of what it does not have.
///
/// # Errors
/// Every tick that is none.
fn entries(ticks: Vec<TickWish>, book: &Book) -> Result<(Vec<Entry>, Vec<UnknownTick>), Problem> {
    let (mut entries, mut unknown, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (index, tick) in ticks.into_iter().enumerate() {
        match entry(tick) {
            Ok(entry) => match lacks(&entry, book) {
                None => entries.push(entry),
                Some(reason) => unknown.push(UnknownTick { index, reason }),
            },
            Err((member, detail)) => {
                let pointer = format!("#/ticks/{index}/{member}");
                faults.push(Pointed { pointer, detail, line: None, column: None, code: None, nearest: None });
            }
        }
    }
    if faults.is_empty() {
        return Ok((entries, unknown));
    }
    let told = format!("{} of the ticks are none; `errors` says which and why", faults.len());
    Err(Problem::new(Kind::Invalid, told).with_errors(faults))
}

fn entry(wish: TickWish) -> Result<Entry, (&'static str, String)> {
    if !(0..=253_402_300_799).contains(&wish.at) {
        return Err(("at", "seconds since 1970, before the year 10000".to_owned()));
    }
    let (at, Word(provider)) = (wish.at, wish.provider);
    let Some(AskWish { region, offer, purchase, usd_hour }) = wish.ask else {
        return Ok(Entry::Heard { at, provider });
    };
    let usd = |text: String| Money::parse(&text).map_err(|error| ("ask/usd_hour", format!("no dollars: {error}")));
    let usd_hour = usd_hour.map(usd).transpose()?;
    if usd_hour.is_some_and(|usd| usd < Money::ZERO) {
        return Err(("ask/usd_hour", "a price is not negative".to_owned()));
    }
    Ok(Entry::Tick(Tick { at, ask: Ask { provider, region: region.0, offer: offer.0, purchase }, usd_hour }))
}

/// What the book does not have of a tick.
fn lacks(entry: &Entry, book: &Book) -> Option<String> {
    let book = &book.book;
    let provider = match entry {
        Entry::Tick(tick) => &tick.ask.provider,
        Entry::Heard { provider, .. } => provider,
    };
    if book.find_provider(provider).is_none() {
        return Some(format!("the price book has no provider `{provider}`"));
    }
    let Entry::Tick(Tick { ask, .. }) = entry else { return None };
    let Some(region) = book.find_region(&ask.provider, &ask.region) else {
        return Some(format!("{} has no region `{}`", ask.provider, ask.region));
    };
    let machine = book.compute_at(region).iter().any(|offer| book.shape(offer.shape).name == ask.offer);
    let managed = || book.managed_at(region).iter().any(|offer| offer.name() == ask.offer);
    (!machine && !managed()).then(|| format!("{}:{} has no offer `{}`", ask.provider, ask.region, ask.offer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_plans() {
        for word in [VerdictWord::Stay, VerdictWord::Observe, VerdictWord::Ask, VerdictWord::Move] {
            assert_eq!(format!("{word:?}").to_lowercase(), Verdict::from(word).as_str());
        }
    }
}
