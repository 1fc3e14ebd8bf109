//! Random fleets: application files of 5 to 20 components as teams write them, for tests and measurements.
//!
//! An application is a web front (a balancer, a site, a gateway), services behind it, workers on a queue, data stores
//! and object storage, joined by the links such parts have. Sizes come from the sets people choose from
//! ([`Style::Plain`]) or from everywhere ([`Style::Varied`], so that no two components of a fleet ask for the same),
//! and requirements are few or many ([`Style::Bound`]). The same seed and ordinal give the same file, to the byte.

use placer::catalog::{CpuKind, Item, ManagedKind, PriceBook, RegionId};
use placer::units::Quantity;
use std::fmt::Write as _;

/// What the applications of a fleet are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Sizes from short lists, few requirements.
    Plain,
    /// Every number its own, few requirements.
    Varied,
    /// Sizes from short lists, many requirements: residency, bounds, rules, budgets, zones.
    Bound,
    /// A third of each.
    Mixed,
}

impl Style {
    /// Reads the word of the command line.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "plain" => Self::Plain,
            "varied" => Self::Varied,
            "bound" => Self::Bound,
            "mixed" => Self::Mixed,
            _ => return None,
        })
    }
}

/// A small deterministic generator (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("below a usize")
    }

    /// In `low..=high`.
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A component as it is written: its lines, and what today's placement has to know.
struct Part {
    name: String,
    kind: &'static str,
    text: String,
    cpu_milli: u64,
    memory_mib: u64,
    replicas: u64,
    zones: u64,
    dedicated: bool,
    arm: bool,
}

struct Writer {
    random: Random,
    style: Style,
    parts: Vec<Part>,
    links: String,
    paths: String,
    rules: String,
    path_count: usize,
}

const CITIES: [&str; 24] = [
    "Berlin, DE",
    "Paris, FR",
    "London, GB",
    "Madrid, ES",
    "Milan, IT",
    "Warsaw, PL",
    "Stockholm, SE",
    "Dublin, IE",
    "New York, US",
    "Chicago, US",
    "Dallas, US",
    "Los Angeles, US",
    "Seattle, US",
    "Toronto, CA",
    "Sao Paulo, BR",
    "Tokyo, JP",
    "Seoul, KR",
    "Singapore, SG",
    "Mumbai, IN",
    "Sydney, AU",
    "Johannesburg, ZA",
    "Dubai, AE",
    "Amsterdam, NL",
    "Frankfurt, DE",
];
const RESIDENCIES: [&str; 6] = [
    "countries = { allow = [\"AT\", \"BE\", \"DE\", \"DK\", \"ES\", \"FI\", \"FR\", \"IE\", \"IT\", \"NL\", \"PL\", \"SE\"] }",
    "continents = { allow = [\"europe\"] }",
    "continents = { allow = [\"north-america\"] }",
    "countries = { allow = [\"US\"] }",
    "providers = { allow = [\"aws\", \"azure\", \"gcp\"] }",
    "providers = { deny = [\"oci\", \"akamai\"] }",
];

/// The application file number `ordinal` of a fleet. `book`: for today's placements, which name real offers.
pub fn app(book: &PriceBook, seed: u64, ordinal: u64, style: Style) -> String {
    let mut random = Random(seed.wrapping_mul(0x0100_0000_01B3) ^ ordinal.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    let style = match style {
        Style::Mixed => random.pick(&[Style::Plain, Style::Varied, Style::Bound]),
        own => own,
    };
    let size = usize::try_from(random.range(5, 20)).expect("small");
    let mut writer = Writer {
        random,
        style,
        parts: Vec::new(),
        links: String::new(),
        paths: String::new(),
        rules: String::new(),
        path_count: 0,
    };
    writer.fill(size);
    let mut text = format!("version = 1\nname = \"app-{ordinal:05}\"\n\n");
    writer.head(&mut text);
    writer.audiences(&mut text);
    for part in &writer.parts {
        let _ = writeln!(text, "[[component]]\nname = \"{}\"\nkind = \"{}\"\n{}", part.name, part.kind, part.text);
    }
    let today = writer.today(book);
    let _ = write!(text, "{}{}{}{today}", writer.links, writer.paths, writer.rules);
    text
}

impl Writer {
    /// Components and their links until there are `size`.
    fn fill(&mut self, size: usize) {
        let entry = self.entry();
        let store = self.store();
        self.link(entry, store, 8, true);
        self.bound_path(&[entry, store], false);
        let mut services = vec![entry];
        let mut stores = vec![store];
        let mut queue = None;
        while self.parts.len() < size {
            match self.random.below(10) {
                0..=2 => {
                    let service = self.machine("service");
                    let caller = services[self.random.below(services.len())];
                    self.link(caller, service, 2, true);
                    let behind = stores[self.random.below(stores.len())];
                    self.link(service, behind, 5, true);
                    if self.random.chance(40) {
                        self.bound_path(
                            &[entry, service].into_iter().filter(|_| caller == entry).collect::<Vec<_>>(),
                            false,
                        );
                    }
                    services.push(service);
                }
                3 | 4 => {
                    let worker = self.machine("worker");
                    let from = queue.unwrap_or(stores[0]);
                    self.link(worker, from, 3, false);
                    self.bound_path(&[worker, from], true);
                }
                5 => {
                    let store = self.store();
                    let user = services[self.random.below(services.len())];
                    self.link(user, store, 4, true);
                    stores.push(store);
                }
                6 => {
                    let cache = self.data("redis");
                    let user = services[self.random.below(services.len())];
                    self.link(user, cache, 6, true);
                    if self.random.chance(50) {
                        self.bound_path(&[user, cache], true);
                    }
                }
                7 => {
                    let bucket = self.bucket();
                    let user = services[self.random.below(services.len())];
                    self.link(user, bucket, 1, true);
                }
                8 if queue.is_none() && self.random.chance(40) => {
                    let kafka = self.data("kafka");
                    self.link(entry, kafka, 1, false);
                    queue = Some(kafka);
                }
                _ => {
                    let job = self.machine("job");
                    let store = stores[self.random.below(stores.len())];
                    self.link(job, store, 1, true);
                }
            }
        }
        self.rules(entry, store);
    }

    /// The front: what users reach, perhaps behind a balancer. Returns the service that does the work.
    fn entry(&mut self) -> usize {
        let users = self.traffic(20, 3000);
        if self.random.chance(35) {
            self.push("balancer", "load_balancer", format!("users_gb_month = {users}\n"), 0, 0);
            let web = self.machine("service");
            self.link(0, web, 1, true);
            return web;
        }
        if self.random.chance(25) {
            let (disk, site) = (self.amount(1, 50), self.traffic(10, 800));
            self.push("site", "static_site", format!("disk_gb = {disk}\nusers_gb_month = {site}\n"), 0, 0);
        }
        let web = self.machine("service");
        let _ = writeln!(self.parts[web].text, "users_gb_month = {users}");
        if self.random.chance(30) {
            let requests = self.amount(1, 60);
            let _ = writeln!(self.parts[web].text, "requests_million_month = {requests}");
        }
        web
    }

    fn push(&mut self, stem: &str, kind: &'static str, text: String, cpu_milli: u64, memory_mib: u64) -> usize {
        let at = self.parts.len();
        self.parts.push(Part {
            name: format!("{stem}-{at}"),
            kind,
            text,
            cpu_milli,
            memory_mib,
            replicas: 1,
            zones: 1,
            dedicated: false,
            arm: false,
        });
        at
    }

    /// A whole amount: of a short list, or any.
    fn amount(&mut self, low: u64, high: u64) -> u64 {
        if self.style == Style::Varied {
            return self.random.range(low, high);
        }
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 400, 500, 1000, 2000, 3000, 5000];
        let fit: Vec<u64> = steps.into_iter().filter(|step| (low..=high).contains(step)).collect();
        if fit.is_empty() { low } else { self.random.pick(&fit) }
    }

    /// A traffic figure, sometimes with its span.
    fn traffic(&mut self, low: u64, high: u64) -> String {
        let typical = self.amount(low, high);
        if self.random.chance(20) {
            return format!("{{ min = {}, typical = {typical}, max = {} }}", typical / 2, typical * 3);
        }
        typical.to_string()
    }

    /// vCPUs in thousandths and MiB of memory.
    fn size(&mut self) -> (u64, u64) {
        if self.style == Style::Varied {
            let cpu = self.random.range(1, 32) * 250;
            return (cpu, self.random.range(1, 64) * 512 * cpu.div_ceil(2000));
        }
        let cpu = self.random.pick(&[250, 500, 1000, 1000, 2000, 2000, 2000, 4000, 4000, 8000, 16_000]);
        let gib_per_cpu = self.random.pick(&[1, 2, 2, 4, 4, 8]);
        (cpu, (cpu * gib_per_cpu * 1024 / 1000).max(512))
    }

    fn machine(&mut self, kind: &'static str) -> usize {
        let (cpu, memory) = self.size();
        let mut text = format!("cpu = {}\nmemory_gib = {}\n", decimal(cpu, 1000), decimal(memory, 1024));
        let at = self.push(kind, kind, String::new(), cpu, memory);
        let many = self.style == Style::Bound;
        let job = kind == "job";
        let mut zones = 1;
        if job {
            let hours = self.amount(10, 500);
            let _ = writeln!(text, "hours_month = {hours}");
        } else {
            let replicas = self.random.pick(&[1, 1, 2, 2, 2, 3, 3, 4, 6, 10]);
            zones = if replicas > 1 && self.random.chance(if many { 40 } else { 15 }) { 2 } else { 1 };
            if self.random.chance(25) {
                let (min, max) = (replicas.min(2), replicas * 2);
                let _ = writeln!(text, "replicas = {{ min = {min}, typical = {replicas}, max = {max} }}");
            } else {
                let _ = writeln!(text, "replicas = {replicas}");
            }
            if zones > 1 {
                let _ = writeln!(text, "zones = {zones}");
            }
            self.parts[at].replicas = replicas;
        }
        if self.random.chance(30) {
            let gb = self.traffic(1, 200);
            let _ = writeln!(text, "outbound_gb_month = {gb}");
        }
        if self.random.chance(20) {
            let gb = self.amount(10, 400);
            let _ = writeln!(text, "disk_gb = {gb}");
        }
        if self.random.chance(if many { 15 } else { 5 }) {
            text.push_str("dedicated = true\n");
            self.parts[at].dedicated = true;
        }
        if self.random.chance(8) {
            let arm = self.random.chance(50);
            text.push_str(if arm { "arch = \"arm64\"\n" } else { "arch = \"x86_64\"\n" });
            self.parts[at].arm = arm;
        }
        if self.random.chance(15) {
            text.push_str(match (kind, self.random.below(3)) {
                ("worker" | "job", 0) => "purchase = [\"on_demand\", \"spot\"]\n",
                (_, 1) => "purchase = [\"on_demand\", \"reserved_1y\"]\n",
                _ => "purchase = [\"on_demand\", \"reserved_1y\", \"reserved_3y\"]\n",
            });
        }
        if kind == "service" && self.random.chance(15) {
            text.push_str("run_on = [\"machines\"]\n");
        }
        if kind == "service" && self.random.chance(50) {
            let _ = writeln!(text, "service_ms = {}", self.random.range(1, 60));
        }
        self.parts[at].zones = zones;
        self.parts[at].text = text;
        at
    }

    fn store(&mut self) -> usize {
        let kind = self.random.pick(&["postgres", "postgres", "mysql"]);
        self.data(kind)
    }

    fn data(&mut self, kind: &'static str) -> usize {
        let (cpu, memory) = self.size();
        let mut text = format!("memory_gib = {}\n", decimal(memory, 1024));
        let with_cpu = kind != "redis" && self.random.chance(70);
        if with_cpu {
            let _ = writeln!(text, "cpu = {}", decimal(cpu, 1000));
        }
        if kind != "redis" {
            let gb = self.amount(10, 2000);
            let _ = writeln!(text, "disk_gb = {gb}");
        }
        let many = self.style == Style::Bound;
        let zones = if self.random.chance(if many { 50 } else { 20 }) { 2 } else { 1 };
        if zones > 1 {
            text.push_str("zones = 2\n");
        }
        if self.random.chance(40) {
            text.push_str(if self.random.chance(75) { "managed = \"only\"\n" } else { "managed = \"packaged\"\n" });
        }
        if many && self.random.chance(25) {
            text.push_str("constraints.continents = { allow = [\"europe\", \"north-america\"] }\n");
        }
        let at = self.push(kind, kind, text, if with_cpu { cpu } else { 0 }, memory);
        self.parts[at].zones = zones;
        at
    }

    fn bucket(&mut self) -> usize {
        let (disk, reads, writes) = (self.amount(50, 5000), self.amount(1, 50), self.amount(1, 10));
        let text = format!("disk_gb = {disk}\nrequests_million_month = {reads}\nwrites_million_month = {writes}\n");
        self.push("files", "object_storage", text, 0, 0)
    }

    fn link(&mut self, from: usize, to: usize, round_trips_max: u64, heavy: bool) {
        let high = if heavy { 1000 } else { 100 };
        let (request, response) = (self.traffic(1, high / 4), self.traffic(1, high));
        let trips = self.random.range(1, round_trips_max);
        let (from, to) = (&self.parts[from].name, &self.parts[to].name);
        let _ = writeln!(
            self.links,
            "[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\nrequest_gb_month = {request}\nresponse_gb_month = {response}\nround_trips = {trips}\n"
        );
    }

    /// A path, mostly with a bound that a sensible placement keeps.
    fn bound_path(&mut self, through: &[usize], internal: bool) {
        let wanted = if self.style == Style::Bound { 80 } else { 35 };
        if through.is_empty() || !self.random.chance(wanted) {
            return;
        }
        self.path_count += 1;
        let names: Vec<String> = through.iter().map(|&at| format!("\"{}\"", self.parts[at].name)).collect();
        let bounds = if internal { [30, 50, 60, 100, 150, 250] } else { [200, 250, 300, 400, 500, 800] };
        let bound = self.random.pick(&bounds);
        let key = if self.random.chance(80) { "p95_ms" } else { "p50_ms" };
        let audience = match internal {
            true => "audience = \"internal\"\n",
            false if self.style == Style::Bound && self.random.chance(30) => "audience = \"each\"\n",
            false => "",
        };
        let _ = writeln!(
            self.paths,
            "[[path]]\nname = \"path {}\"\nthrough = [{}]\n{audience}{key} = {bound}\n",
            self.path_count,
            names.join(", ")
        );
    }

    fn rules(&mut self, entry: usize, store: usize) {
        let chance = if self.style == Style::Bound { 50 } else { 8 };
        if !self.random.chance(chance) {
            return;
        }
        let kind = self.random.pick(&["same_provider", "same_region", "same_country", "same_provider"]);
        let (a, b) = (&self.parts[entry].name, &self.parts[store].name);
        let _ = writeln!(self.rules, "[[rule]]\nkind = \"{kind}\"\ncomponents = [\"{a}\", \"{b}\"]\n");
        let buckets: Vec<usize> = (0..self.parts.len()).filter(|&at| self.parts[at].kind == "object_storage").collect();
        if let (Some(&bucket), true) = (buckets.first(), self.random.chance(40)) {
            let (a, b) = (&self.parts[store].name, &self.parts[bucket].name);
            let kind = self.random.pick(&["different_region", "different_provider"]);
            let _ = writeln!(self.rules, "[[rule]]\nkind = \"{kind}\"\ncomponents = [\"{a}\", \"{b}\"]\n");
        }
    }

    /// Objective, budget, residency.
    fn head(&mut self, text: &mut String) {
        let many = self.style == Style::Bound;
        if many && self.random.chance(15) {
            let _ = writeln!(text, "[budget]\nusd_month = {}\n", self.random.pick(&[2000, 5000, 10_000, 50_000]));
        }
        if self.random.chance(if many { 60 } else { 15 }) {
            let _ = writeln!(text, "[constraints]\n{}\n", self.random.pick(&RESIDENCIES));
        }
        if self.random.chance(15) {
            text.push_str("[network]\nprivate_outbound = \"public_ip\"\n\n");
        }
        if self.random.chance(15) {
            let _ = writeln!(text, "[operations]\nusd_hour = {}\n", self.random.range(40, 120));
        }
    }

    fn audiences(&mut self, text: &mut String) {
        let count = self.random.pick(&[1, 1, 2, 2, 3, 4]);
        let first = self.random.below(CITIES.len());
        for i in 0..count {
            let _ = writeln!(text, "[[audience]]\nname = \"users {i}\"");
            if self.random.chance(10) {
                let lat = i64::try_from(self.random.range(0, 90)).expect("small") - 35;
                let lon = i64::try_from(self.random.range(0, 300)).expect("small") - 130;
                let _ = writeln!(text, "lat = {lat}.25\nlon = {lon}.5\n");
            } else {
                let _ = writeln!(text, "city = \"{}\"\n", CITIES[(first + i * 7) % CITIES.len()]);
            }
        }
    }

    /// Today's placement of a third of the applications: all in one region, on offers that fit.
    fn today(&mut self, book: &PriceBook) -> String {
        if !self.random.chance(35) {
            return String::new();
        }
        let wanted = self.random.pick(&["aws", "aws", "azure", "gcp", "digitalocean"]);
        let regions: Vec<RegionId> = book.region_ids().filter(|&id| book.provider_of(id).name == wanted).collect();
        let region = self.random.pick(&regions);
        let mut text = String::new();
        for at in 0..self.parts.len() {
            // A provider that does not sell a part runs nothing of this application.
            let Some((offer, count)) = self.offer_today(book, region, at) else { return String::new() };
            let (name, code) = (&self.parts[at].name, &book.region(region).code);
            let _ = write!(
                text,
                "[[today]]\ncomponent = \"{name}\"\nprovider = \"{wanted}\"\nregion = \"{code}\"\noffer = \"{offer}\"\n{count}\n"
            );
        }
        text
    }

    fn offer_today(&mut self, book: &PriceBook, region: RegionId, at: usize) -> Option<(String, String)> {
        let part = &self.parts[at];
        let product = |item| book.tariff(region, item).first().map(|t| (t.product.clone(), String::new()));
        let kind = match part.kind {
            "load_balancer" => return product(Item::LoadBalancer),
            "object_storage" | "static_site" => return product(Item::ObjectStorage),
            "postgres" => Some(ManagedKind::Postgres),
            "mysql" => Some(ManagedKind::Mysql),
            "redis" => Some(ManagedKind::Redis),
            "kafka" => Some(ManagedKind::Kafka),
            _ => None,
        };
        let fits = |cpu: u32, memory: u32| u64::from(cpu) >= part.cpu_milli && u64::from(memory) >= part.memory_mib;
        // Nobody buys ten times what is needed.
        let small = |cpu: u32, memory: u32| {
            u64::from(cpu) <= 2 * part.cpu_milli.max(2000) && u64::from(memory) <= 2 * part.memory_mib.max(4096)
        };
        let managed: Vec<String> = book
            .managed_at(region)
            .iter()
            .filter(|m| Some(m.kind) == kind && fits(m.vcpu_milli, m.memory_mib) && m.multi_zone == (part.zones > 1))
            .filter(|m| {
                !m.is_burstable() && (m.storage.is_some() || m.storage_included_gb > Quantity::from_units(2000))
            })
            .map(placer::catalog::ManagedOffer::name)
            .collect();
        if !managed.is_empty() && !part.text.contains("packaged") {
            let at = self.random.below(managed.len().min(12));
            return Some((managed[at].clone(), String::new()));
        }
        let machines: Vec<&str> = book
            .compute_at(region)
            .iter()
            .filter(|offer| offer.usd_hour[0].is_some())
            .map(|offer| book.shape(offer.shape))
            .filter(|shape| {
                fits(shape.vcpu_milli, shape.memory_mib) && shape.gpu_milli == 0 && shape.cpu_kind == CpuKind::Dedicated
            })
            .filter(|shape| small(shape.vcpu_milli, shape.memory_mib))
            .filter(|shape| !part.arm || shape.arch == placer::units::Arch::Arm64)
            .map(|shape| shape.name.as_str())
            .collect();
        if machines.is_empty() {
            return None;
        }
        let count = if part.replicas > 1 { format!("count = {}\n", part.replicas) } else { String::new() };
        Some((machines[self.random.below(machines.len())].to_owned(), count))
    }
}

/// `amount / unit` with up to six decimals.
fn decimal(amount: u64, unit: u64) -> String {
    let micros = amount * 1_000_000 / unit;
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
