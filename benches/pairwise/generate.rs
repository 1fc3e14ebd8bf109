//! Random pairwise problems, by family, size, average degree and seed. The same arguments give the same problem.
//!
//! | family | costs | graph |
//! |---|---|---|
//! | `cloud` | places are regions of providers on a map; machines cost by size, provider and region; pairs pay egress by price class both ways; half of them have a latency bound, beyond which a pair of places is forbidden | random |
//! | `heavy` | as `cloud`, pairs with up to 20 TB a month each way instead of 1 TB | random |
//! | `uniform` | every unary cost and every cell independent and equally likely in 0..=100,000 (unary) and 0..=10,000 (cells) | random |
//! | `forbidden` | as `uniform`, four in ten cells forbidden, one assignment kept possible | random |
//! | `ties` | unary 0..=3, cells 0..=1 | random |
//! | `star` | as `cloud` | a few hubs that everything talks to |
//! | `grid` | as `cloud` | a grid |
//! | `tight` | as `cloud`, every pair with a strict latency bound | random |
//! | `infeasible` | as `cloud`, with an odd cycle of pairs of which no two may share a half of the map | random |

use placer::solve::pairwise::{FORBIDDEN, Network, Pair};

/// All families.
pub const FAMILIES: &[&str] =
    &["cloud", "heavy", "uniform", "forbidden", "ties", "star", "grid", "tight", "infeasible"];

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF0)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// In 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Equally likely in every power of ten.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }
}

/// What to generate.
#[derive(Clone, Debug)]
pub struct Wish {
    pub family: String,
    pub components: usize,
    pub places: usize,
    pub degree: f64,
    pub seed: u64,
}

/// The problem that a wish describes.
pub fn generate(wish: &Wish) -> Network {
    let (unary, pairs) = costs(wish);
    Network::new(unary, pairs).expect("generated problems are valid")
}

/// The costs of the problem that a wish describes: what a caller has in its hands before a solve.
pub fn costs(wish: &Wish) -> Costs {
    let mut random = seeded(wish);
    let links = graph(wish, &mut random);
    match wish.family.as_str() {
        "uniform" => plain(wish, &links, &mut random, (100_000, 10_000), 0.0),
        "forbidden" => plain(wish, &links, &mut random, (100_000, 10_000), 0.4),
        "ties" => plain(wish, &links, &mut random, (3, 1), 0.0),
        _ => cloud(wish, &links, &mut random),
    }
}

fn seeded(wish: &Wish) -> Random {
    Random::new(wish.seed ^ ((wish.components as u64) << 32) ^ ((wish.places as u64) << 16))
}

/// A random spanning tree and random further pairs, up to the average degree; or a grid, or hubs.
fn graph(wish: &Wish, random: &mut Random) -> Vec<(usize, usize)> {
    let n = wish.components;
    let wanted = ((n as f64 * wish.degree / 2.0).round() as usize).min(n * (n - 1) / 2);
    let mut links: Vec<(usize, usize)> = Vec::new();
    match wish.family.as_str() {
        "grid" => {
            let width = (n as f64).sqrt().ceil() as usize;
            for i in 0..n {
                if i % width + 1 < width && i + 1 < n {
                    links.push((i, i + 1));
                }
                if i + width < n {
                    links.push((i, i + width));
                }
            }
            return links;
        }
        "star" => links.extend((1..n).map(|i| (i % (1 + n / 20), i)).filter(|(a, b)| a != b)),
        _ => links.extend((1..n).map(|i| (random.below(i), i))),
    }
    while links.len() < wanted {
        let (a, b) = (random.below(n), random.below(n));
        let link = (a.min(b), a.max(b));
        if a != b && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

/// Per component a cost per place, and the pair tables.
pub type Costs = (Vec<Vec<i64>>, Vec<Pair>);

/// Independent costs.
fn plain(wish: &Wish, links: &[(usize, usize)], random: &mut Random, most: (usize, usize), forbidden: f64) -> Costs {
    let (n, l) = (wish.components, wish.places);
    let kept: Vec<usize> = (0..n).map(|_| random.below(l)).collect();
    let unary = (0..n).map(|_| (0..l).map(|_| random.below(most.0 + 1) as i64).collect()).collect();
    let mut pairs = Vec::new();
    for &(a, b) in links {
        let mut table = Vec::with_capacity(l * l);
        for x in 0..l {
            for y in 0..l {
                let cost = random.below(most.1 + 1) as i64;
                let out = forbidden > 0.0 && random.unit() < forbidden && (x, y) != (kept[a], kept[b]);
                table.push(if out { FORBIDDEN } else { cost });
            }
        }
        pairs.push(Pair { a, b, table });
    }
    (unary, pairs)
}

struct Place {
    provider: usize,
    continent: usize,
    at: (f64, f64),
    factor: f64,
}

const DOLLAR: f64 = 1e9;

/// Per place of a problem the provider that it belongs to, for families with a map; others get groups of a dozen.
pub fn providers(wish: &Wish) -> Vec<usize> {
    if ["uniform", "forbidden", "ties"].contains(&wish.family.as_str()) {
        return (0..wish.places).map(|place| place / 12).collect();
    }
    let mut random = seeded(wish);
    graph(wish, &mut random);
    map_of(wish, &mut random).0.iter().map(|place| place.provider).collect()
}

/// Places, each provider's price of traffic (within the continent, beyond it, to others), and the continents' middles.
type Map = (Vec<Place>, Vec<[f64; 3]>, Vec<(f64, f64)>);

fn map_of(wish: &Wish, random: &mut Random) -> Map {
    let l = wish.places;
    let providers = (l / 12).clamp(3, 12);
    let continents: Vec<(f64, f64)> =
        (0..5).map(|_| (random.between(0.0, 20_000.0), random.between(0.0, 10_000.0))).collect();
    let provider_factor: Vec<f64> = (0..providers).map(|_| random.between(0.6, 1.3)).collect();
    let egress: Vec<[f64; 3]> = (0..providers)
        .map(|_| [random.between(0.0, 0.02), random.between(0.02, 0.08), random.between(0.01, 0.12)])
        .collect();
    let places: Vec<Place> = (0..l)
        .map(|_| {
            let (provider, continent) = (random.below(providers), random.below(5));
            let centre = continents[continent];
            let at = (centre.0 + random.between(-1500.0, 1500.0), centre.1 + random.between(-1500.0, 1500.0));
            Place { provider, continent, at, factor: provider_factor[provider] * random.between(0.85, 1.35) }
        })
        .collect();
    (places, egress, continents)
}

/// Regions of providers on a map, in nano-dollars a month.
fn cloud(wish: &Wish, links: &[(usize, usize)], random: &mut Random) -> Costs {
    let n = wish.components;
    let (places, egress, continents) = map_of(wish, random);
    let mut unary = Vec::new();
    for _ in 0..n {
        let size = random.log_between(10.0, 2000.0);
        unary.push(
            places
                .iter()
                .map(|p| {
                    let cost = size * p.factor * random.between(0.95, 1.05) * DOLLAR;
                    if random.unit() < 0.1 { FORBIDDEN } else { cost as i64 }
                })
                .collect::<Vec<i64>>(),
        );
    }
    let price = |from: &Place, to: &Place, same: bool| match (
        same,
        from.provider == to.provider,
        from.continent == to.continent,
    ) {
        (true, ..) => 0.0,
        (_, true, true) => egress[from.provider][0],
        (_, true, false) => egress[from.provider][1],
        (_, false, _) => egress[from.provider][2],
    };
    let mut pairs = Vec::new();
    for &(a, b) in links {
        let most_gb = if wish.family == "heavy" { 20_000.0 } else { 1_000.0 };
        let (out, back) = (random.log_between(1.0, most_gb), random.log_between(1.0, most_gb));
        let strict = wish.family == "tight";
        let bound_ms = match (strict, random.unit() < 0.5) {
            (true, _) => random.between(8.0, 60.0),
            (false, true) => random.between(15.0, 150.0),
            (false, false) => f64::INFINITY,
        };
        let mut table = Vec::with_capacity(wish.places * wish.places);
        for (x, from) in places.iter().enumerate() {
            for (y, to) in places.iter().enumerate() {
                let rtt_ms = 1.0 + ((from.at.0 - to.at.0).hypot(from.at.1 - to.at.1)) / 70.0;
                let cost = (out * price(from, to, x == y) + back * price(to, from, x == y)) * DOLLAR;
                table.push(if rtt_ms > bound_ms { FORBIDDEN } else { cost as i64 });
            }
        }
        pairs.push(Pair { a, b, table });
    }
    if wish.family == "infeasible" {
        let side = |p: &Place| p.at.0 > continents[0].0;
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            let cell = |x: &Place, y: &Place| if side(x) == side(y) { FORBIDDEN } else { 0 };
            let table = places.iter().flat_map(|x| places.iter().map(move |y| cell(x, y))).collect();
            pairs.push(Pair { a, b, table });
        }
    }
    (unary, pairs)
}
