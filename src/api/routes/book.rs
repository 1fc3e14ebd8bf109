//! The price book: what is on sale, where, how far apart places are, and what prices were.

use super::{VIEWER, fails, get, head, route};
use crate::api::answer::{Found, Kept, tag};
use crate::api::auth::hash;
use crate::api::call::{Call, Nothing};
use crate::api::page::{Limit, OfferAfter, Word, moment, offers_from, offers_next};
use crate::api::problem::{Kind, Problem};
use crate::api::route::Route;
use crate::api::state::{Api, blocking};
use crate::catalog::listing::{
    End, LatencyRow, OfferRow, ProviderRow, RegionRow, Wanted, known_kind, latency, offers, provider_rows, region_row,
    regions,
};
use crate::market::{Ask, Entry, Tick, file};
use crate::store::{PricePoint, RunState, SourceStatus, Store, StoreError};
use crate::units::Money;
use axum::body::Bytes;
use axum::http::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Prices that were not confirmed for so long are stale: two days.
const STALE_SECONDS: i64 = 48 * 3600;
/// Ticks that are looked through for those of an offer.
const TICKS_SEEN: u32 = 20_000;

pub fn routes() -> Vec<Route> {
    let unknown: &[Kind] = &[Kind::NotFound];
    vec![
        route!(
            get(head(
                "/v1/price-book",
                "getPriceBook",
                VIEWER,
                "Says what the price book in use holds, and how new it is."
            )),
            status
        ),
        route!(
            get(fails(
                head("/v1/offers", "listOffers", VIEWER, "Lists what is on sale, with prices."),
                &[Kind::NotFound, Kind::Conflict]
            )),
            list_offers
        ),
        route!(
            get(fails(head("/v1/regions", "listRegions", VIEWER, "Lists the regions of the price book."), unknown)),
            list_regions
        ),
        route!(
            get(fails(
                head("/v1/latency", "getLatency", VIEWER, "Says how long a round trip takes, and how that is known."),
                unknown
            )),
            round_trip
        ),
        route!(
            get(head("/v1/price-history", "getPriceHistory", VIEWER, "Lists the prices that an offer had.")),
            history
        ),
    ]
}

fn unknown(error: impl fmt::Display) -> Problem {
    Problem::new(Kind::NotFound, error)
}

/// What the price book holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BookStatus {
    /// Date of the newest figure.
    as_of: String,
    /// SHA-256 of the book.
    digest: String,
    /// How many sources prices have.
    sources: usize,
    /// How many cities are known.
    cities: usize,
    /// How many pairs of places have a measured latency.
    latency_pairs: usize,
    /// Every provider.
    providers: Vec<ProviderRow>,
    /// The sources that were collected, by name.
    collected: Vec<Source>,
}

/// What is known of a source that was collected.
#[expect(clippy::struct_field_names, reason = "what the field is called outside")]
#[derive(Debug, Serialize, JsonSchema)]
pub struct Source {
    /// Its name.
    source: String,
    /// How its last run ended: `complete`, `failed` or `running`.
    state: String,
    /// When it was last read completely; `null`: never.
    last_success: Option<String>,
    /// Whether that is too long ago.
    stale: bool,
    /// Figures that it stands for at present.
    figures: i64,
    /// Figures that wait for a second observation.
    waiting: i64,
    /// Rows that its last run refused.
    refused: i64,
}

impl Source {
    fn of(status: SourceStatus, now: i64) -> Self {
        let success = status.complete.as_ref().and_then(|run| run.finished_at);
        let state = match status.last.state {
            RunState::Running => "running",
            RunState::Complete => "complete",
            RunState::Failed => "failed",
        };
        Self {
            source: status.last.source,
            state: state.to_owned(),
            last_success: success.map(moment),
            stale: success.is_none_or(|at| now - at > STALE_SECONDS),
            figures: status.figures,
            waiting: status.waiting,
            refused: status.last.refused,
        }
    }
}

async fn status(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<BookStatus>, Problem> {
    let (seen, now) = (api.seen().await?, api.now());
    let sources = api.store(Store::sources).await?;
    blocking(move || {
        let book = &seen.book.book;
        Found(BookStatus {
            as_of: book.as_of.clone(),
            digest: book.digest.clone(),
            sources: book.sources.len(),
            cities: book.cities.len(),
            latency_pairs: book.latency.pairs.len(),
            providers: provider_rows(book),
            collected: sources.into_iter().map(|status| Source::of(status, now)).collect(),
        })
    })
    .await
}

/// Which offers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffersQuery {
    /// Only of this provider.
    #[serde(default)]
    provider: Option<Word>,
    /// Only in this region: its code, or `provider:code`.
    #[serde(default)]
    region: Option<Word>,
    /// Only of this kind: `compute`, `postgres`, `internet_egress`, `serverless`, ...
    #[serde(default)]
    kind: Option<Word>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// What `next` of the page before says.
    #[serde(default)]
    after: Option<OfferAfter>,
}

/// A page of offers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Offers<'a> {
    /// In the order of the book.
    items: Vec<OfferRow<'a>>,
    /// What `after` has to be for the next page; `null`: there is none.
    next: Option<String>,
}

async fn list_offers(
    api: Arc<Api>,
    call: Call<Nothing, OffersQuery, Nothing>,
) -> Result<Kept<Offers<'static>>, Problem> {
    let (seen, query) = (api.seen().await?, call.query);
    let tag = page_tag(&seen.book.book.digest, &query);
    if crate::api::answer::has(&call.headers, &tag) {
        return Ok(Kept::new(&call.headers, &tag, Bytes::new));
    }
    let text = blocking(move || -> Result<Vec<u8>, Problem> {
        let book = &seen.book.book;
        let text = |word: &Option<Word>| word.as_ref().map(|word| word.0.clone());
        let (provider, region) = (text(&query.provider), text(&query.region));
        let kind = query.kind.as_ref().map(|kind| known_kind(&kind.0)).transpose().map_err(unknown)?;
        let regions = regions(book, provider.as_deref(), region.as_deref()).map_err(unknown)?;
        let (from, many) =
            (offers_from(query.after.as_ref(), &book.digest)?, usize::try_from(query.limit.0).unwrap_or(0));
        let wanted = Wanted { regions, kind };
        let mut rows: Vec<OfferRow<'_>> = offers(book, &wanted).skip(from).take(many + 1).collect();
        let next = (rows.len() > many).then(|| offers_next(&book.digest, from + many));
        rows.truncate(many);
        serde_json::to_vec(&Offers { items: rows, next }).map_err(|error| Problem::new(Kind::Internal, error))
    });
    let text = Bytes::from(text.await??);
    Ok(Kept::new(&call.headers, &tag, || text))
}

/// A page is told apart by the book and by what was asked for.
fn page_tag(book: &str, query: &OffersQuery) -> HeaderValue {
    tag(&hash(&format!("{book} {query:?}")))
}

/// Which regions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionsQuery {
    /// Only of this provider.
    #[serde(default)]
    provider: Option<Word>,
}

/// Regions of the price book.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Regions<'a> {
    /// In the order of the book.
    items: Vec<RegionRow<'a>>,
}

async fn list_regions(
    api: Arc<Api>,
    call: Call<Nothing, RegionsQuery, Nothing>,
) -> Result<Kept<Regions<'static>>, Problem> {
    let (seen, query) = (api.seen().await?, call.query);
    let tag = tag(&format!("{:.32}", seen.book.book.digest));
    let text = blocking(move || -> Result<Vec<u8>, Problem> {
        let book = &seen.book.book;
        let provider = query.provider.map(|word| word.0);
        let ids = regions(book, provider.as_deref(), None).map_err(unknown)?;
        let items = ids.into_iter().map(|id| region_row(book, id)).collect();
        serde_json::to_vec(&Regions { items }).map_err(|error| Problem::new(Kind::Internal, error))
    });
    let text = Bytes::from(text.await??);
    Ok(Kept::new(&call.headers, &tag, || text))
}

/// Between which places.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyQuery {
    /// A region (`provider:code`, or its code alone), a city (`Paris`, `London, CA`), or `lat,lon`.
    a: Word,
    /// The other end.
    b: Word,
}

async fn round_trip(api: Arc<Api>, call: Call<Nothing, LatencyQuery, Nothing>) -> Result<Found<LatencyRow>, Problem> {
    let (seen, query) = (api.seen().await?, call.query);
    blocking(move || {
        let book = &seen.book.book;
        let end = |word: &Word| End::parse(book, &word.0).map_err(unknown);
        Ok(Found(latency(book, &end(&query.a)?, &end(&query.b)?)))
    })
    .await?
}

/// Which offer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// A machine type, a managed tier, or a tariff's item or product.
    offer: Word,
    /// Only in this region: its code, or `provider:code`.
    #[serde(default)]
    region: Option<Word>,
    /// How many prices, the last ones of the list.
    #[serde(default)]
    limit: Limit,
}

impl HistoryQuery {
    /// A query in parts.
    pub fn of(offer: Word, region: Option<Word>, limit: Limit) -> Self {
        Self { offer, region, limit }
    }

    fn is_there(&self, provider: &str, code: &str) -> bool {
        self.region.as_ref().is_none_or(|Word(wanted)| match wanted.split_once(':') {
            Some((of, region)) => of == provider && region == code,
            None => wanted == code,
        })
    }

    /// Whether a figure's key is of what is asked for: provider, region, and the words of the offer.
    fn wants(&self, key: &str) -> bool {
        let mut parts = key.splitn(3, '|');
        let (Some(provider), Some(code), Some(words)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Word(offer) = &self.offer;
        let named =
            words.split('|').any(|word| word == offer) || words.replace('|', " ").contains(&format!(" {offer}"));
        named && self.is_there(provider, code)
    }
}

/// A price that an offer had from a moment on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PastPrice {
    /// From when on.
    at: String,
    /// The same in seconds since 1970, for pictures.
    #[serde(skip)]
    unix: i64,
    /// Who sold it.
    provider: String,
    /// Where.
    region: String,
    /// What.
    what: String,
    /// Dollars per unit; `null`: no longer offered.
    usd: Option<String>,
    /// What a unit is.
    unit: String,
    /// The amount as published; empty for a tick.
    native: String,
    /// The exchange rate used; empty for a price in dollars.
    rate: String,
    /// Whether it was collected from a publication, or came as a tick: `collected` or `tick`.
    origin: &'static str,
}

impl PastPrice {
    fn collected(point: PricePoint) -> Self {
        let mut words = point.key.splitn(3, '|').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        Self {
            at: moment(point.at),
            unix: point.at,
            provider: word(),
            region: word(),
            what: word().replace('|', " "),
            usd: point.usd_nanos.map(|nanos| Money::from_nanos(nanos).to_decimal()),
            unit: point.unit,
            native: point.native,
            rate: point.rate,
            origin: "collected",
        }
    }

    fn tick(tick: Tick) -> Self {
        let Ask { provider, region, offer, purchase } = tick.ask;
        Self {
            at: moment(tick.at),
            unix: tick.at,
            provider,
            region,
            what: format!("{offer} {purchase}"),
            usd: tick.usd_hour.map(Money::to_decimal),
            unit: "hour".to_owned(),
            native: String::new(),
            rate: String::new(),
            origin: "tick",
        }
    }

    /// What it is the price of.
    pub fn label(&self) -> String {
        format!("{}:{} {}", self.provider, self.region, self.what)
    }

    /// From when on, in seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.unix
    }

    /// Dollars per unit.
    pub fn usd(&self) -> Option<&str> {
        self.usd.as_deref()
    }
}

/// Prices that an offer had.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PastPrices {
    /// Oldest first; none when nothing of it was ever collected or told by a tick.
    items: Vec<PastPrice>,
}

async fn history(api: Arc<Api>, call: Call<Nothing, HistoryQuery, Nothing>) -> Result<Found<PastPrices>, Problem> {
    points(&api, call.query).await.map(|items| Found(PastPrices { items }))
}

/// What was collected, and the newest ticks, in the order of time.
///
/// # Errors
/// The store.
pub async fn points(api: &Arc<Api>, query: HistoryQuery) -> Result<Vec<PastPrice>, Problem> {
    let many = usize::try_from(query.limit.0).unwrap_or(0);
    let read = move |store: &Store| -> Result<Vec<PastPrice>, StoreError> {
        let mut all: Vec<PastPrice> =
            store.history(|key| query.wants(key))?.into_iter().map(PastPrice::collected).collect();
        for text in store.newest_ticks(TICKS_SEEN)? {
            let told = file::read(text.as_bytes()).unwrap_or_default();
            all.extend(told.into_iter().filter_map(|entry| match entry {
                Entry::Tick(tick)
                    if tick.ask.offer == query.offer.0 && query.is_there(&tick.ask.provider, &tick.ask.region) =>
                {
                    Some(PastPrice::tick(tick))
                }
                _ => None,
            }));
        }
        all.sort_by_key(|price| price.unix);
        Ok(all)
    };
    let mut points = api.store(read).await?;
    points.drain(..points.len().saturating_sub(many));
    Ok(points)
}
