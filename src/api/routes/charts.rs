//! Spend, and pictures of it: today against recommended, the bill, the map, prices and bills over time.

use super::book::{HistoryQuery, points};
use super::{VIEWER, fails, get, head, route};
use crate::api::answer::{Found, Svg, Text};
use crate::api::call::{Call, Nothing};
use crate::api::charts::{Bar, Dot, DrawError, Line, Map, Theme, bars, lines, map};
use crate::api::page::{Limit, Name, Word, page};
use crate::api::problem::{Kind, Problem};
use crate::api::reports::Report;
use crate::api::route::Route;
use crate::api::state::{Api, AppSeen, Seen, blocking};
use crate::app::{App, Locality};
use crate::catalog::PriceBook;
use crate::report::wire;
use crate::store::{Store, StoreError};
use crate::units::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Most applications whose spend is told at once.
const APPS_MAX: usize = 100;
/// How long the list of spend waits for recommendations that have to be made.
const SPEND_WITHIN: Duration = Duration::from_secs(10);
/// Clearings in a picture.
const CLEARINGS: u32 = 500;

pub fn routes() -> Vec<Route> {
    let unfit: &[Kind] = &[Kind::Conflict];
    vec![
        route!(
            get(head(
                "/v1/spend",
                "listSpend",
                VIEWER,
                "Holds every application's spend of today against what is recommended."
            )),
            spend
        ),
        route!(
            get(head("/v1/charts/spend", "drawSpend", VIEWER, "Draws spend today against recommended.")),
            draw_spend
        ),
        route!(
            get(fails(
                head("/v1/charts/bill/{name}", "drawBill", VIEWER, "Draws the recommended bill by component."),
                unfit
            )),
            draw_bill
        ),
        route!(
            get(fails(
                head("/v1/charts/map/{name}", "drawMap", VIEWER, "Draws the recommended placement on a map."),
                unfit
            )),
            draw_map
        ),
        route!(
            get(head("/v1/charts/clearings", "drawClearings", VIEWER, "Draws how the market cleared over time.")),
            draw_clearings
        ),
        route!(
            get(head("/v1/charts/price-history", "drawPriceHistory", VIEWER, "Draws the prices that an offer had.")),
            draw_history
        ),
    ]
}

/// Colours.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThemeQuery {
    /// For a bright or a dark page.
    #[serde(default)]
    theme: Theme,
}

/// The name of an application.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AppPath {
    /// Its name.
    name: Name,
}

/// What an application costs, and could cost.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Spend {
    /// Its name.
    app: String,
    /// What it costs a month where it is; `null`: not known, or it is nowhere.
    today_usd_month: Option<String>,
    /// What it costs where it is recommended to be; `null`: there is no such place, or it is not known yet.
    recommended_usd_month: Option<String>,
    /// `stay`, `move` or `new`; `null`: there is no recommendation.
    action: Option<wire::Action>,
    /// Why there is no recommendation.
    note: Option<String>,
}

/// Every application's spend.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Spends {
    /// By name.
    items: Vec<Spend>,
}

/// What is read of a report.
fn read(report: &Report) -> Result<wire::Report, Problem> {
    serde_json::from_slice(&report.text).map_err(|error| Problem::new(Kind::Internal, error))
}

/// The spend of an application, by then.
async fn one(api: Arc<Api>, seen: Arc<Seen>, name: String, turns: Arc<Semaphore>, by: Instant) -> Spend {
    let told = async {
        // No more of them at once than solves: the others' turn comes, instead of their being told to come again.
        let _turn = turns.acquire().await;
        let app = api.app(&seen, &name).await?;
        let report = read(&api.report(&seen, &app, None).await?.1)?;
        let conflict = report.conflict.is_some().then(|| "no placement satisfies all requirements".to_owned());
        Ok::<_, Problem>(Spend {
            app: name.clone(),
            today_usd_month: report.savings.map(|savings| savings.today_usd_month),
            recommended_usd_month: report.total_usd_month,
            action: report.decision.map(|decision| decision.action),
            note: conflict,
        })
    };
    let told = tokio::time::timeout_at(by, told).await;
    // What takes longer goes on being made, and is there the next time.
    let late = |_| Problem::new(Kind::Unavailable, "it is being worked out");
    told.unwrap_or_else(|error| Err(late(error))).unwrap_or_else(|problem| {
        let note = Some(problem.to_string());
        Spend { app: name, today_usd_month: None, recommended_usd_month: None, action: None, note }
    })
}

async fn spends(api: &Arc<Api>) -> Result<Vec<Spend>, Problem> {
    let seen = api.seen().await?;
    let apps = api.store(Store::apps).await?;
    let (turns, by) = (Arc::new(Semaphore::new(api.settings.solves_max)), Instant::now() + SPEND_WITHIN);
    let asked = apps
        .into_iter()
        .take(APPS_MAX)
        .map(|row| tokio::spawn(one(Arc::clone(api), Arc::clone(&seen), row.name, Arc::clone(&turns), by)));
    let asked: Vec<_> = asked.collect();
    let mut all = Vec::with_capacity(asked.len());
    for spend in asked {
        all.push(spend.await.map_err(|error| Problem::new(Kind::Internal, error))?);
    }
    Ok(all)
}

async fn spend(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<Spends>, Problem> {
    spends(&api).await.map(|items| Found(Spends { items }))
}

/// A figure for a picture.
fn figure(decimal: Option<&str>) -> f64 {
    decimal.and_then(|decimal| decimal.parse().ok()).unwrap_or(0.0)
}

fn drawn(picture: Result<String, DrawError>) -> Result<Text<Svg>, Problem> {
    picture.map(Text::new).map_err(|error| {
        tracing::error!(%error, "a picture could not be drawn");
        Problem::new(Kind::Internal, "a picture could not be drawn")
    })
}

async fn draw_spend(api: Arc<Api>, call: Call<Nothing, ThemeQuery, Nothing>) -> Result<Text<Svg>, Problem> {
    let all = spends(&api).await?;
    let row = |spend: Spend| Bar {
        values: vec![figure(spend.today_usd_month.as_deref()), figure(spend.recommended_usd_month.as_deref())],
        label: spend.app,
    };
    let rows: Vec<Bar> = all.into_iter().map(row).collect();
    blocking(move || drawn(bars(call.query.theme, &["today", "recommended"], &rows))).await?
}

async fn reported(api: &Arc<Api>, name: &str) -> Result<(Arc<Seen>, Arc<AppSeen>, wire::Report), Problem> {
    let seen = api.seen().await?;
    let app = api.app(&seen, name).await?;
    let report = read(&api.report(&seen, &app, None).await?.1)?;
    Ok((seen, app, report))
}

async fn draw_bill(api: Arc<Api>, call: Call<AppPath, ThemeQuery, Nothing>) -> Result<Text<Svg>, Problem> {
    let (_, _, report) = reported(&api, &call.path.name.0).await?;
    let mut by_item: BTreeMap<String, f64> = BTreeMap::new();
    for line in &report.lines {
        let whose = line.component.as_deref().unwrap_or("shared");
        *by_item.entry(format!("{whose}: {}", line.item)).or_default() += figure(Some(&line.usd_month));
    }
    let mut rows: Vec<Bar> = by_item.into_iter().map(|(label, usd)| Bar { label, values: vec![usd] }).collect();
    // What is included in something else is in the table; a bar of nothing shows nothing.
    rows.retain(|row| row.values[0] >= 0.005);
    rows.sort_by(|a, b| b.values[0].total_cmp(&a.values[0]));
    blocking(move || drawn(bars(call.query.theme, &["a month"], &rows))).await?
}

async fn draw_map(api: Arc<Api>, call: Call<AppPath, ThemeQuery, Nothing>) -> Result<Text<Svg>, Problem> {
    let (seen, app, report) = reported(&api, &call.path.name.0).await?;
    let draw = move || {
        let parsed = crate::api::reports::app(&app, &seen.book)?;
        drawn(map(call.query.theme, &placed(&parsed, &report, &seen.book.book)))
    };
    blocking(draw).await?
}

/// Places with their components, audiences, and what goes between them.
fn placed(app: &App, report: &wire::Report, book: &PriceBook) -> Map {
    let mut names: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for component in &report.components {
        names.entry((&component.provider, &component.region)).or_default().push(&component.name);
    }
    let mut dots = Vec::new();
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for ((provider, code), components) in &names {
        let Some(id) = book.find_region(provider, code) else { continue };
        let region = book.region(id);
        at.extend(components.iter().map(|name| (*name, dots.len())));
        let label = format!("{} ({provider}:{code})", listed(components));
        dots.push(Dot { label, lat: region.lat, lon: region.lon, audience: false });
    }
    let mut links: Vec<(usize, usize)> = report
        .transfers
        .iter()
        .filter_map(|transfer| Some((*at.get(transfer.from.as_str())?, *at.get(transfer.to.as_str())?)))
        .filter(|(from, to)| from != to)
        .map(|(from, to)| (from.min(to), from.max(to)))
        .collect();
    for audience in &app.audiences {
        let Some((lat, lon)) = position(&audience.locality, book) else { continue };
        let here = dots.len();
        dots.push(Dot { label: audience.name.clone(), lat, lon, audience: true });
        let served = report.transfers.iter().filter(|transfer| transfer.to == audience.name);
        links.extend(served.filter_map(|transfer| Some((*at.get(transfer.from.as_str())?, here))));
    }
    links.sort_unstable();
    links.dedup();
    Map { dots, links }
}

fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

fn position(locality: &Locality, book: &PriceBook) -> Option<(f64, f64)> {
    match locality {
        Locality::City { name, country } => {
            let place = book.find_city(name, country.as_deref()).ok()?;
            Some((place.lat, place.lon))
        }
        Locality::Point { lat, lon } => Some((*lat, *lon)),
    }
}

/// Which clearings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearingsQuery {
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// For a bright or a dark page.
    #[serde(default)]
    theme: Theme,
}

async fn draw_clearings(api: Arc<Api>, call: Call<Nothing, ClearingsQuery, Nothing>) -> Result<Text<Svg>, Problem> {
    let ClearingsQuery { app, theme } = call.query;
    let read = move |store: &Store| -> Result<_, StoreError> {
        store.clearings_page(&page(app.as_ref(), None, None, Limit(CLEARINGS)))
    };
    let rows = api.store(read).await?;
    let mut by_app: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for (_, row) in rows.into_iter().rev() {
        let Some(nanos) = row.usd_month_nanos else { continue };
        let usd = figure(Some(&Money::from_nanos(nanos).to_decimal()));
        by_app.entry(row.app).or_default().push((row.at, usd));
    }
    let series: Vec<Line> = by_app.into_iter().map(|(label, points)| Line { label, points }).collect();
    blocking(move || drawn(lines(theme, &series))).await?
}

/// Which offer, and colours.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawHistoryQuery {
    /// A machine type, a managed tier, or a tariff's item or product.
    offer: Word,
    /// Only in this region: its code, or `provider:code`.
    #[serde(default)]
    region: Option<Word>,
    /// For a bright or a dark page.
    #[serde(default)]
    theme: Theme,
}

async fn draw_history(api: Arc<Api>, call: Call<Nothing, DrawHistoryQuery, Nothing>) -> Result<Text<Svg>, Problem> {
    let DrawHistoryQuery { offer, region, theme } = call.query;
    let wanted = HistoryQuery::of(offer, region, Limit(CLEARINGS));
    let mut by_key: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for past in points(&api, wanted).await? {
        if let Some(usd) = past.usd() {
            by_key.entry(past.label()).or_default().push((past.unix(), figure(Some(usd))));
        }
    }
    let series: Vec<Line> = by_key.into_iter().map(|(label, points)| Line { label, points }).collect();
    blocking(move || drawn(lines(theme, &series))).await?
}
