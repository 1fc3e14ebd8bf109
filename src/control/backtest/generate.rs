//! Plausible applications for a backtest, as app.toml files.
//!
//! Five shapes that teams run: a shop, an API platform, a stream pipeline, batch analytics, media processing. Each has
//! several components with traffic between them; some carry data. Sizes, traffic, bounds and residency are drawn from the
//! seed. The same seed and ordinal give the same file, to the byte.

use std::fmt::Write as _;

/// A small deterministic generator (splitmix64, G. Steele, D. Lea, C. Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.next() % from.len() as u64).unwrap_or(0)]
    }

    /// In `low..=high`.
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

const PLACES: [&str; 9] = [
    "continents = { allow = [\"europe\"] }",
    "continents = { allow = [\"europe\"] }",
    "continents = { allow = [\"north-america\"] }",
    "continents = { allow = [\"north-america\"] }",
    "continents = { allow = [\"asia\", \"oceania\"] }",
    "countries = { allow = [\"US\"] }",
    "countries = { allow = [\"DE\", \"FR\", \"NL\", \"IE\", \"SE\"] }",
    "",
    "",
];
const PROVIDERS: [&str; 7] = ["", "", "", "", "aws", "azure", "gcp"];
const CITIES: [&str; 8] = [
    "Berlin, DE",
    "Paris, FR",
    "London, GB",
    "New York, US",
    "Chicago, US",
    "Los Angeles, US",
    "Tokyo, JP",
    "Singapore, SG",
];

/// The file number `ordinal` of a seed.
#[must_use]
pub fn app(seed: u64, ordinal: u64) -> String {
    let random = Random(seed.wrapping_mul(0x0100_0000_01B3) ^ ordinal.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    let mut draft = Draft { random, text: format!("version = 1\nname = \"app-{ordinal:04}\"\n"), links: String::new() };
    draft.head();
    match draft.random.range(0, 4) {
        0 => draft.shop(),
        1 => draft.platform(),
        2 => draft.pipeline(),
        3 => draft.analytics(),
        _ => draft.media(),
    }
    draft.text + &draft.links
}

struct Draft {
    random: Random,
    text: String,
    links: String,
}

impl Draft {
    fn head(&mut self) {
        let (place, provider) = (self.random.pick(&PLACES), self.random.pick(&PROVIDERS));
        if !place.is_empty() || !provider.is_empty() {
            let _ = writeln!(self.text, "\n[constraints]\n{place}");
            if !provider.is_empty() {
                let _ = writeln!(self.text, "providers = {{ allow = [\"{provider}\"] }}");
            }
        }
        let city = self.random.pick(&CITIES);
        let _ = writeln!(self.text, "\n[[audience]]\nname = \"users\"\ncity = \"{city}\"\nshare = 100");
    }

    /// Machines that run an image; `more` are further lines.
    fn image(&mut self, name: &str, kind: &str, more: &str) {
        let cpu = self.random.pick(&[1, 1, 2, 2, 4, 4, 8, 16]);
        let memory = cpu * self.random.pick(&[2, 2, 4, 4, 8]);
        let _ = writeln!(self.text, "\n[[component]]\nname = \"{name}\"\nkind = \"{kind}\"");
        let _ = writeln!(self.text, "cpu = {cpu}\nmemory_gib = {memory}\n{more}");
        if kind == "job" {
            let hours = self.random.pick(&[60, 120, 240, 480]);
            let _ = writeln!(self.text, "hours_month = {hours}");
        } else {
            let replicas = self.random.pick(&[1, 2, 2, 3, 3, 4, 6, 10]);
            let _ = writeln!(self.text, "replicas = {replicas}");
        }
        if self.random.chance(if kind == "service" { 75 } else { 95 }) {
            let _ = writeln!(self.text, "purchase = [\"on_demand\", \"spot\"]");
        }
        if kind == "service" && self.random.chance(60) {
            let _ = writeln!(self.text, "run_on = [\"machines\"]");
        }
        if self.random.chance(10) {
            let arch = self.random.pick(&["x86_64", "arm64"]);
            let _ = writeln!(self.text, "arch = \"{arch}\"");
        }
    }

    fn front(&mut self, name: &str) {
        let gb = self.random.pick(&[50, 100, 200, 500, 1000, 3000]);
        self.image(name, "service", &format!("users_gb_month = {gb}"));
    }

    fn store(&mut self, name: &str, kind: &str) {
        let cpu = self.random.pick(&[1, 2, 2, 4, 8]);
        let memory = cpu * self.random.pick(&[4, 8]);
        let disk = self.random.pick(&[20, 50, 100, 200, 500, 1000]);
        let _ = writeln!(self.text, "\n[[component]]\nname = \"{name}\"\nkind = \"{kind}\"\nmemory_gib = {memory}");
        if kind != "redis" {
            let _ = writeln!(self.text, "cpu = {cpu}\ndisk_gb = {disk}");
        }
        if self.random.chance(50) {
            let _ = writeln!(self.text, "managed = \"only\"");
        }
    }

    fn bucket(&mut self, name: &str) {
        let disk = self.random.pick(&[100, 500, 1000, 5000, 20_000]);
        let _ = writeln!(self.text, "\n[[component]]\nname = \"{name}\"\nkind = \"object_storage\"\ndisk_gb = {disk}");
        let (reads, writes) = (self.random.range(1, 50), self.random.range(1, 10));
        let _ = writeln!(self.text, "requests_million_month = {reads}\nwrites_million_month = {writes}");
    }

    /// Traffic; `near_ms`: what a round trip may take at most, in most applications.
    fn link(&mut self, from: &str, to: &str, gb: &[u64], near_ms: Option<u64>) {
        let (request, response) = (self.random.pick(gb), self.random.pick(gb));
        let _ = writeln!(self.links, "\n[[link]]\nfrom = \"{from}\"\nto = \"{to}\"");
        let _ = writeln!(self.links, "request_gb_month = {request}\nresponse_gb_month = {response}");
        if let Some(most) = near_ms.filter(|_| self.random.chance(70)) {
            let ms = self.random.range(most.div_ceil(3), most);
            let _ = writeln!(self.links, "p50_ms = {ms}");
        }
    }

    fn shop(&mut self) {
        self.front("web");
        self.store("db", "postgres");
        self.link("web", "db", &[5, 20, 100, 300], Some(10));
        if self.random.chance(60) {
            self.store("cache", "redis");
            self.link("web", "cache", &[20, 100, 500], Some(5));
        }
        if self.random.chance(70) {
            self.image("mailer", "worker", "");
            self.link("mailer", "db", &[1, 5, 20], None);
        }
        if self.random.chance(50) {
            self.image("report", "job", "");
            self.link("report", "db", &[5, 50, 200], None);
        }
    }

    fn platform(&mut self) {
        self.front("gateway");
        let services = self.random.range(1, 3);
        self.store("db", "postgres");
        for n in 1..=services {
            let name = format!("api-{n}");
            self.image(&name, "service", "public = false");
            self.link("gateway", &name, &[10, 50, 200, 800], Some(40));
            if n == 1 || self.random.chance(50) {
                self.link(&name, "db", &[5, 20, 100], Some(20));
            }
        }
        if self.random.chance(60) {
            self.image("indexer", "worker", "");
            self.link("indexer", "db", &[10, 50, 200], None);
        }
    }

    fn pipeline(&mut self) {
        self.front("ingest");
        self.store("log", "kafka");
        self.link("ingest", "log", &[100, 500, 2000], Some(30));
        for n in 1..=self.random.range(1, 3) {
            let name = format!("stage-{n}");
            self.image(&name, "worker", "");
            self.link(&name, "log", &[50, 200, 1000], if n == 1 { Some(60) } else { None });
        }
        self.bucket("lake");
        self.link("stage-1", "lake", &[50, 200, 1000], None);
    }

    fn analytics(&mut self) {
        self.bucket("lake");
        for n in 1..=self.random.range(2, 4) {
            let name = format!("batch-{n}");
            self.image(&name, "job", "");
            self.link(&name, "lake", &[10, 100, 500, 2000], None);
        }
        if self.random.chance(50) {
            self.front("board");
            self.link("board", "lake", &[1, 10, 50], None);
        }
    }

    fn media(&mut self) {
        self.front("site");
        self.bucket("originals");
        for n in 1..=self.random.range(1, 3) {
            let name = format!("encode-{n}");
            self.image(&name, "worker", "");
            self.link(&name, "originals", &[100, 500, 2000, 5000], None);
        }
        self.link("site", "originals", &[50, 200, 1000], None);
        if self.random.chance(60) {
            self.store("db", "mysql");
            self.link("site", "db", &[5, 20, 100], Some(15));
        }
    }
}
