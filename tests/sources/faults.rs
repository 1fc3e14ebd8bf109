//! Every real source, end to end: from a server that misbehaves to the sealed book, which is right or unchanged.
//!
//! The undisturbed run says what is right: its own prices are held against figures that were worked out by hand, and
//! everything else is held against it.

use super::drive::{TODAY, run};
use super::fault_server::{Fault, Page, Server};
use super::whole::whole;
use placer::catalog::{Item, PriceBook, TrafficPool};
use placer::collect::ecb::Ecb;
use placer::collect::fx::Rate;
use placer::collect::http::{Limits, Overrides, Progress};
use placer::collect::providers;
use placer::collect::source::{
    AuthError, Collector, Context, Credential, Endpoint, Header, Outgoing, Secrets, Source, UnitRule,
};
use placer::control::collecting::{Collected, End, Options, collect};
use placer::store::Store;
use placer::units::{Money, Purchase};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// Noon of [`TODAY`].
const NOON: i64 = 1_795_348_800;
/// Every credential. No message may ever show it.
const CANARY: &str = "canary-0123456789";

/// A source that does not pause between its requests: the server is ours.
struct Hasty(&'static dyn Source);

impl Source for Hasty {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn provider(&self) -> &'static str {
        self.0.provider()
    }
    fn about(&self) -> &'static str {
        self.0.about()
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        self.0.endpoints()
    }
    fn credentials(&self) -> &'static [Credential] {
        self.0.credentials()
    }
    fn units(&self) -> &'static [UnitRule] {
        self.0.units()
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        self.0.filters()
    }
    fn traffic_pool(&self) -> TrafficPool {
        self.0.traffic_pool()
    }
    fn deadline(&self) -> Duration {
        self.0.deadline()
    }
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        self.0.open(context)
    }
    fn authorize(&self, request: &Outgoing<'_>, secrets: &Secrets, now: i64) -> Result<Vec<Header>, AuthError> {
        self.0.authorize(request, secrets, now)
    }
}

/// A source and its pages in the order in which they are asked for, each with the name that its request has.
struct Publication {
    source: Hasty,
    pages: Vec<(String, Page)>,
}

static ALL: LazyLock<Vec<Publication>> =
    LazyLock::new(|| providers::ALL.iter().map(|source| publication(*source)).collect());

fn publication(source: &'static dyn Source) -> Publication {
    let name = source.name();
    let mut bodies = Vec::new();
    let found = run(name, |request| {
        let body = whole(name, request);
        bodies.push(body.clone());
        body
    });
    let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
    let pages = found.asked.iter().zip(bodies).map(|(request, body)| {
        let region = match name {
            "aws-spot" => request.host_part.as_str(),
            "aws-price-list" => "us-east-1",
            _ => "",
        };
        let post = String::from_utf8_lossy(request.post.as_deref().unwrap_or_default());
        let mut page = Page { content_type: request.content_types[0], ..Page::default() };
        match body {
            Some(body) => page.body = body,
            None => page.status = *request.absent_statuses.first().unwrap_or_else(|| panic!("{name}: {request:?}")),
        }
        (format!("{} {region} {post}", request.path), page)
    });
    Publication { source: Hasty(source), pages: pages.collect() }
}

/// Path, the region that the request was signed for, and body.
fn name_of(path: &str, headers: &HashMap<String, String>, body: &[u8]) -> String {
    let scope = headers.get("authorization").and_then(|value| value.split_once("Credential="));
    let region = scope.and_then(|(_, scope)| scope.split('/').nth(2)).unwrap_or_default();
    format!("{path} {region} {}", String::from_utf8_lossy(body))
}

/// Keeps every note, and how far each source is: pages read, pages known to follow.
#[derive(Default)]
struct Notes {
    told: Mutex<String>,
    pages: Mutex<HashMap<String, (usize, usize)>>,
}

impl Progress for Notes {
    fn pages(&self, source: &str, read: usize, waiting: usize, _: u64) {
        let mut pages = self.pages.lock().expect("a lock");
        let before = pages.insert(source.to_owned(), (read, waiting)).unwrap_or_default();
        assert_eq!(read, before.0 + 1, "{source}: a page is told once");
    }
    fn note(&self, source: &str, text: &str) {
        let _ = writeln!(self.told.lock().expect("a lock"), "{source}: {text}");
    }
}

/// Collects from all sources at once; `spoil` says what is wrong with a page of a source (its number, the page's number,
/// how many pages it has).
fn run_all(folder: &Path, attempts: u32, spoil: impl Fn(usize, usize, usize, &Page) -> Page) -> Collected {
    let mut overrides = Overrides::default();
    let sources: Vec<&dyn Source> = ALL.iter().map(|publication| &publication.source as &dyn Source).collect();
    let mut servers = Vec::new();
    for (at, publication) in ALL.iter().enumerate() {
        let server = Server::naming(name_of);
        for (number, (name, page)) in publication.pages.iter().enumerate() {
            server.put(name, spoil(at, number, publication.pages.len(), page));
        }
        for endpoint in publication.source.endpoints() {
            let text = format!("{}/{}={}", publication.source.name(), endpoint.name, server.origin);
            overrides.parse(&text, &sources).expect("an origin");
        }
        servers.push(server);
    }
    let euro = Rate { usd: "1.1652".parse().expect("a number"), date: TODAY.to_owned(), source: "test".to_owned() };
    let known = |name: &str| {
        let credentials = ALL.iter().flat_map(|publication| publication.source.credentials());
        credentials.flat_map(|credential| credential.env).any(|env| *env == name)
    };
    let notes = Notes::default();
    let options = Options {
        sources: &sources,
        known: &sources,
        overrides: &overrides,
        limits: &Limits {
            connect: Duration::from_secs(10),
            silence: Duration::from_millis(500),
            body: Duration::from_secs(20),
            attempts,
            backoff: Duration::from_millis(5),
            backoff_max: Duration::from_millis(50),
            asked_wait_max: Duration::from_secs(3),
        },
        rates: &[("EUR".to_owned(), euro)],
        ask_rates: false,
        variable: &|name| known(name).then(|| CANARY.to_owned()),
        now: &|| NOON,
        progress: &notes,
    };
    let collected = collect(folder, &options).expect("the store can be used");
    let pages = notes.pages.into_inner().expect("a lock");
    for outcome in &collected.outcomes {
        if let End::Complete(done) = &outcome.end {
            // What the progress bar of a source shows at its end.
            let last = pages.get(outcome.source).copied().unwrap_or_default();
            assert_eq!(last, (done.traffic.pages, 0), "{}", outcome.source);
        }
    }
    let told = format!("{}{collected:?}", notes.told.into_inner().expect("a lock"));
    assert!(!told.contains(CANARY), "a credential was told: {told}");
    collected
}

/// What a store holds: every figure by source and key, and the newest book's digest.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    figures: Vec<[String; 7]>,
    digest: Option<String>,
}

fn kept(folder: &Path) -> Kept {
    let store = Store::open_existing(folder).expect("readable").expect("it is there");
    let figures = store.figures(None).expect("readable").into_iter().map(|row| {
        let effective = row.effective.unwrap_or_default();
        [row.source, row.key, row.value.unwrap_or_default(), row.native, row.rate, row.quality, effective]
    });
    let mut figures: Vec<_> = figures.collect();
    figures.sort_unstable();
    Kept { figures, digest: store.newest_book().expect("readable").map(|row| row.digest) }
}

/// The undisturbed run.
static RIGHT: LazyLock<Kept> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Instant::now();
    let collected = run_all(folder.path(), 4, |_, _, _, page| page.clone());
    for outcome in &collected.outcomes {
        let End::Complete(done) = &outcome.end else { panic!("{outcome:?}") };
        eprintln!("{}: {} rows, {} wait, {} refused", outcome.source, done.rows, done.waiting, done.refused);
    }
    eprintln!("undisturbed: {:?}", start.elapsed());
    let right = kept(folder.path());
    by_hand(&newest(folder.path()), &right);
    right
});

fn newest(folder: &Path) -> PriceBook {
    let store = Store::open_existing(folder).expect("readable").expect("it is there");
    let row = store.newest_book().expect("readable").expect("a book was sealed");
    placer::collect::book_file::load(&row.path).expect("a whole book")
}

/// Prices of the undisturbed run's book, worked out by hand from the pages: dollars as they stand there, euros at 1.1652.
fn by_hand(book: &PriceBook, right: &Kept) {
    use Purchase::{OnDemand, Reserved1y, Spot};
    let machines = [
        ("aws", "eu-central-1", "m7i.large", OnDemand, "0.1207"),
        ("aws", "eu-central-1", "m7i.large", Reserved1y, "0.0799"),
        ("aws", "eu-central-1", "m7i.large", Spot, "0.055"),
        ("azure", "eastus", "Standard_D2s_v5", OnDemand, "0.096"),
        ("gcp", "us-central1", "e2-medium", OnDemand, "0.03350571"),
        ("oci", "us-ashburn-1", "VM.Standard.E5.Flex:2x16", OnDemand, "0.092"),
        // 0.0096 x 1.1652
        ("hetzner", "fsn1", "cax11", OnDemand, "0.01118592"),
        ("digitalocean", "fra1", "c-2", OnDemand, "0.0625"),
        ("akamai", "eu-central", "g6-nanode-1", OnDemand, "0.0075"),
        ("vultr", "ewr", "vc2-1c-1gb", OnDemand, "0.007"),
        // 0.0088 x 1.1652
        ("scaleway", "fr-par", "DEV1-S", OnDemand, "0.01025376"),
        // 0.0508 x 1.1652
        ("ovh", "GRA", "b3-8", OnDemand, "0.05919216"),
        // 1.111607 x 1.1652
        ("upcloud", "au-syd1", "gpu-8xCPU-64GB-1xL40S", OnDemand, "1.295244476"),
        ("exoscale", "ch-gva-2", "standard.medium", OnDemand, "0.05"),
    ];
    for (provider, region, shape, purchase, usd) in machines {
        let region_id = book.find_region(provider, region).unwrap_or_else(|| panic!("{provider}:{region}"));
        let offer = book.compute_at(region_id).iter().find(|offer| book.shape(offer.shape).name == shape);
        let offer = offer.unwrap_or_else(|| panic!("{shape} at {provider}:{region}"));
        let price = offer.usd_hour[purchase as usize];
        assert_eq!(price.map(Money::to_decimal).as_deref(), Some(usd), "{provider}:{region} {shape} {purchase}");
        let source = &book.source(offer.source).text;
        let collected = ALL.iter().any(|p| p.source.provider() == provider && source.contains(p.source.about()));
        assert!(collected, "{provider}:{region} {shape} is still `{source}`");
    }
    let storage = |provider: &str, region: &str, item| {
        let id = book.find_region(provider, region).expect("it is there");
        book.tariff(id, item).iter().map(|step| step.price.usd.to_decimal()).collect::<Vec<_>>()
    };
    assert!(storage("cloudflare-r2", "weur", Item::ObjectStorage).contains(&"0.015".to_owned()));
    for publication in ALL.iter() {
        let name = publication.source.name();
        assert!(right.figures.iter().any(|figure| figure[0] == name), "{name} brought nothing");
    }
}

/// Faults that go away.
fn passing() -> Vec<(&'static str, Vec<Fault>)> {
    let none = || Vec::new();
    vec![
        ("500s", vec![Fault::Status(500, none()), Fault::Status(503, none()), Fault::Status(502, none())]),
        ("429", vec![Fault::Status(429, vec![("retry-after", "1".into())])]),
        ("truncated", vec![Fault::Truncate(20), Fault::Truncate(0)]),
        ("closed", vec![Fault::Close, Fault::Close]),
        ("reset", vec![Fault::Reset(30), Fault::Reset(0)]),
        ("stalled", vec![Fault::Drip(Duration::ZERO, 25)]),
        ("slow drip", vec![Fault::Slow(Duration::from_millis(10))]),
        ("HTML with status 200", vec![Fault::Html]),
        ("wrong content type", vec![Fault::ContentType("text/plain")]),
    ]
}

/// Runs the sources with these faults on the chosen pages and holds the result against the undisturbed run.
fn overcome(name: &str, chosen: impl Fn(usize, usize) -> bool, change: impl Fn(Page) -> Page, faults: &[Fault]) {
    let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
    let collected = run_all(folder.path(), 8, |_, at, count, page| {
        let page = change(page.clone());
        if chosen(at, count) { page.failing(faults.iter().cloned()) } else { page }
    });
    let failed: Vec<_> = collected.outcomes.iter().filter(|o| !matches!(o.end, End::Complete(_))).collect();
    assert!(failed.is_empty(), "{name}: {failed:?}");
    let retries: usize =
        collected.outcomes.iter().map(|o| if let End::Complete(d) = &o.end { d.traffic.retries } else { 0 }).sum();
    eprintln!("{name}: {retries} retries, {:?}", start.elapsed());
    let expected = match name {
        "gzip" | "slow drip" => 0,
        _ => ALL.iter().filter(|publication| !publication.pages.is_empty()).count(),
    };
    assert!(retries >= expected, "{name}: {retries} retries");
    let kept = kept(folder.path());
    if kept != *RIGHT {
        let missing = RIGHT.figures.iter().find(|figure| !kept.figures.contains(figure));
        let added = kept.figures.iter().find(|figure| !RIGHT.figures.contains(figure));
        panic!("{name}: another book; missing {missing:?}, added {added:?}");
    }
}

/// First, middle and last page.
fn some(at: usize, count: usize) -> bool {
    at == 0 || at == count / 2 || at + 1 == count
}

fn overcome_all(chosen: impl Fn(usize, usize) -> bool + Copy) {
    let gzip = |page: Page| Page { gzip: true, ..page };
    let tagged = |page: Page| Page { etag: Some("\"v1\""), ..page };
    for (name, faults) in passing() {
        overcome(name, chosen, |page| page, &faults);
    }
    overcome("gzip", chosen, gzip, &[]);
    let broken = [Fault::DamagedGzip, Fault::Truncate(30)];
    overcome("damaged gzip", chosen, gzip, &broken);
    let cut = [Fault::Truncate(15), Fault::Truncate(10)];
    overcome("continued", chosen, tagged, &cut);
    overcome("continued gzip", chosen, |page| tagged(gzip(page)), &cut);
}

#[test]
fn every_source_overcomes_every_passing_fault() {
    overcome_all(some);
}

/// `just faults`
#[test]
#[ignore = "a fault on each of hundreds of pages takes minutes"]
fn every_page_of_every_source_overcomes_every_passing_fault() {
    overcome_all(|_, _| true);
}

/// Faults that stay.
fn lasting() -> Vec<(&'static str, Fault)> {
    vec![
        ("500", Fault::Status(500, Vec::new())),
        ("410", Fault::Status(410, Vec::new())),
        ("a wait of an hour", Fault::Status(429, vec![("retry-after", "3600".into())])),
        ("a redirect", Fault::Status(302, vec![("location", "https://evil.invalid/".into())])),
        ("truncated", Fault::Truncate(33)),
        ("closed", Fault::Close),
        ("stalled", Fault::Drip(Duration::ZERO, 25)),
        ("HTML", Fault::Html),
        ("wrong content type", Fault::ContentType("text/plain")),
        ("a list in place of an object", Fault::Instead(b"[]".to_vec())),
        ("nothing", Fault::Instead(Vec::new())),
        ("another document", Fault::Instead(br#"{"error":"not found"}"#.to_vec())),
        ("half a document", Fault::Instead(br#"{"skus":[{"name":"a"},{"na"#.to_vec())),
    ]
}

/// The last page of every second source is broken for good: these bring nothing, the others everything. `halves` says
/// which halves of the sources are broken, one after the other, by the fault's number.
fn one_half_is_broken(halves: impl Fn(usize) -> Vec<usize>) {
    let has_pages = |at: usize| !ALL[at].pages.is_empty();
    for (number, (name, fault)) in lasting().into_iter().enumerate() {
        for odd in halves(number) {
            let (folder, start) = (tempfile::tempdir().expect("a folder"), Instant::now());
            let broken = |at: usize| at % 2 == odd && has_pages(at);
            let collected = run_all(folder.path(), 3, |at, number, count, page| {
                let last = broken(at) && number + 1 == count;
                let page = if last { Page { status: 0, ..page.clone() } } else { page.clone() };
                if last { page.failing(vec![fault.clone(); 60]) } else { page }
            });
            let bad = |source: &str| ALL.iter().position(|p| p.source.name() == source).is_some_and(broken);
            for outcome in &collected.outcomes {
                let failed = matches!(&outcome.end, End::Failed(why) if !why.is_empty());
                assert_eq!(failed, bad(outcome.source), "{name}: {outcome:?}");
            }
            let kept = kept(folder.path()).figures;
            let lost = RIGHT.figures.iter().find(|figure| !bad(&figure[0]) && !kept.contains(figure));
            assert_eq!(lost, None, "{name}: of a source that is whole");
            let known: HashSet<(&str, &str)> = RIGHT.figures.iter().map(|f| (&*f[1], &*f[2])).collect();
            // What two sources of a provider say alike counts as the later one's; without that one, as the other's.
            let added = kept.iter().find(|figure| bad(&figure[0]) || !known.contains(&(&*figure[1], &*figure[2])));
            assert_eq!(added, None, "{name}: half of something");
            eprintln!("{name}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_lasting_fault_on_the_last_page_leaves_nothing_of_its_source_and_all_of_the_others() {
    one_half_is_broken(|number| vec![number % 2]);
}

/// `just faults`
#[test]
#[ignore = "the same with either half broken takes minutes"]
fn a_lasting_fault_of_any_source_leaves_nothing_of_it_and_all_of_the_others() {
    one_half_is_broken(|_| vec![0, 1]);
}

/// All sources break after a good run: the book of the good run stays, to the byte.
#[test]
fn a_book_outlives_the_failure_of_every_source() {
    let folder = tempfile::tempdir().expect("a folder");
    run_all(folder.path(), 4, |_, _, _, page| page.clone());
    assert_eq!(kept(folder.path()), *RIGHT);
    for fault in [Fault::Status(503, Vec::new()), Fault::Truncate(40), Fault::Instead(b"{}".to_vec())] {
        let collected = run_all(folder.path(), 2, |_, number, count, page| {
            let page = Page { status: 0, ..page.clone() };
            if number + 1 == count { page.failing(vec![fault.clone(); 60]) } else { page }
        });
        let complete = |outcome: &&placer::control::collecting::Outcome| matches!(outcome.end, End::Complete(_));
        let complete: Vec<_> = collected.outcomes.iter().filter(complete).map(|outcome| outcome.source).collect();
        assert_eq!(complete, ["backblaze-table", "cloudflare-r2-table"], "{fault:?}");
        assert!(!collected.sealed.expect("the old one").new);
        assert_eq!(kept(folder.path()), *RIGHT);
    }
}

/// The European Central Bank's rates go the same way: had after a fault that goes away, else those that are known stay.
#[test]
fn exchange_rates_survive_faults() {
    const DAILY: &str = r#"<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time='2026-11-20'><Cube currency='USD' rate='1.1652'/><Cube currency='CHF' rate='0.9404'/></Cube></Cube></gesmes:Envelope>"#;
    let folder = tempfile::tempdir().expect("a folder");
    let table = providers::ALL.iter().find(|source| source.name() == "backblaze-table").expect("it is there");
    let (sources, ecb) = ([*table], Ecb::default());
    let mut faults: Vec<(Vec<Fault>, bool)> =
        passing().into_iter().map(|(_, faults)| (vec![faults[0].clone()], true)).collect();
    faults.extend(lasting().into_iter().map(|(_, fault)| (vec![fault; 9], false)));
    for (round, (faults, had)) in (0..).zip(faults) {
        let server = Server::start();
        let page = Page { body: DAILY.into(), content_type: "text/xml", ..Page::default() };
        server.put("/stats/eurofxref/eurofxref-daily.xml", page.failing(faults.iter().cloned()));
        let mut overrides = Overrides::default();
        overrides.parse(&format!("ecb/rates={}", server.origin), &[&ecb]).expect("an origin");
        let options = Options {
            sources: &sources,
            known: &sources,
            overrides: &overrides,
            limits: &Limits {
                silence: Duration::from_millis(500),
                backoff: Duration::from_millis(5),
                asked_wait_max: Duration::from_secs(3),
                ..Limits::default()
            },
            rates: &[],
            ask_rates: true,
            variable: &|_| None,
            // A run goes by its second; each has to be another one.
            now: &|| NOON + round,
            progress: &Notes::default(),
        };
        let collected = collect(folder.path(), &options).expect("the store can be used");
        assert_eq!(collected.rates.is_none(), had, "{faults:?}: {:?}", collected.rates);
        let rates = Store::open(folder.path()).expect("opens").rates().expect("readable");
        let euro = rates.iter().find(|[currency, ..]| currency == "EUR").expect("known since the first round");
        assert_eq!((&*euro[1], &*euro[2]), ("2026-11-20", "1.1652"), "{faults:?}");
    }
}
