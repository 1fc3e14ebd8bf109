//! Lower bounds for traffic prices, from what is known about the volumes on the meters.
//!
//! On a meter with volume `V` and pool `Q` a flow of `b` costs `b * P(V - free) / V` plus rounding, where `free` is what
//! is included and the pool: the average price of the account. Between two breakpoints of the ladder it is `c + d / V`,
//! which is monotone; so its minimum over a range of `V` is at an end or at a breakpoint.
//!
//! # Tangents
//! The plain bound takes the largest pool for granted, though whoever brings it must be paid for, and the cheapest
//! average for every volume. A [`Tangent`] of a meter is a price `beta` per pooled GB and a sum `kappa` per account. With
//! `a` the least of `(P(V - free) + beta * Q + kappa) / V` over all possible `V` and `Q`, the account costs at least
//! `a * V - beta * Q - kappa`: flows pay `a` per GB, a choice gets `beta` for each GB that it brings to the pool. That is
//! valid for every `beta >= 0`, and for every `kappa >= 0` (a negative one where the account is used for sure);
//! [`super::lagrange`] looks for good ones. It holds with several ladders too, since their shares of the volume add up to 1.

use super::codes::{Codes, Kind};
use super::eval::{flat_cost, share};
use super::left::{Left, ONE_ZONE, REGIONAL, ZONES};
use super::model::{HARD, Model, NO_LADDER, Rungs, Scope, Tie, zones_between};

/// Prices for one node of the search, scaled to bounds.
#[derive(Default)]
pub(super) struct Prices {
    /// Per component and signature: what its internet traffic costs at least.
    pub internet: Vec<Vec<i64>>,
    /// Per edge: `[class of the sender * codes + code]`, in both directions.
    pub forward: Vec<Vec<i64>>,
    pub backward: Vec<Vec<i64>>,
    /// Per meter, as they are in force.
    pub tangents: Vec<Tangent>,
    /// What the accounts cost less than their flows pay, in nano-dollars.
    pub constant: i128,
    streams: Vec<StreamState>,
    meters: Vec<MeterState>,
    /// Per component and meter: internet volume that the component surely brings when it is at that provider.
    brings: Vec<Vec<i128>>,
    /// Per component: volume that is surely metered, and that may be.
    sends: Vec<(i128, i128)>,
    /// Per flow between components and provider: whether the flow is on that provider's meter whenever its sender is there.
    sure: Vec<bool>,
    /// Cells of a pair table that are priced.
    done: Vec<bool>,
    /// Per flow of a pair and meter: what comes with it.
    brought: Vec<i128>,
    /// Per component: what was last looked at.
    left: Vec<Left>,
}

/// A price on the pool of a meter, and a fixed sum for using it; both times a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tangent {
    /// Nano-dollars per GB.
    pub beta: i128,
    /// Nano-dollars x 10^6.
    pub kappa: i128,
}

impl Tangent {
    fn is_plain(self) -> bool {
        self.beta == 0 && self.kappa == 0
    }

    /// What a choice gets for bringing `pooled` micro-GB, rounded up.
    pub fn credit(self, pooled: i64) -> i128 {
        if self.beta == 0 || pooled == 0 { 0 } else { ceil(self.beta * i128::from(pooled), 1_000_000) }
    }
}

#[derive(Clone, Default)]
struct StreamState {
    may: Vec<usize>,
    always: bool,
}

impl StreamState {
    fn must_on(&self, meter: usize) -> bool {
        self.always && self.may.len() == 1 && self.may[0] == meter
    }

    fn add(&mut self, meter: usize) {
        if !self.may.contains(&meter) {
            self.may.push(meter);
        }
    }

    /// Takes note of a route that it may take.
    fn see(&mut self, model: &Model, kind: Kind) {
        match kind {
            Kind::Ladder(ladder) => self.add(model.ladders[ladder].meter),
            Kind::Flat(_) => self.always = false,
            Kind::Unknown => {}
        }
    }
}

/// What is known of a meter: its volume and its pool.
#[derive(Clone, Copy, Default)]
struct MeterState {
    low: i128,
    high: i128,
    pool_low: i128,
    pool: i128,
}

/// Pairs of classes of places that are looked at one by one to see how a flow is metered; above it providers are.
const PAIRS_EXACT_MAX: usize = 400;

impl Prices {
    /// Looks at the domains and prices everything that they can use.
    pub fn update(&mut self, model: &Model, codes: &Codes, scope: Scope, tangents: &[Tangent]) {
        self.look(model, Some(codes), scope.values);
        self.look_at_streams(model, Some(codes), scope.ties);
        self.look_at_senders(model, codes, scope.ties);
        self.look_at_meters(model);
        self.turn(model, codes, tangents);
    }

    /// Prices everything anew by other tangents, for what was last looked at or a part of it.
    pub fn turn(&mut self, model: &Model, codes: &Codes, tangents: &[Tangent]) {
        self.set_tangents(model, tangents);
        self.price_internet(model);
        self.price_pairs(model, codes);
    }

    /// The same, without a look at the routes between places: any flow between components may be on any meter.
    pub fn update_alone(&mut self, model: &Model, scope: Scope) {
        self.look(model, None, scope.values);
        self.look_at_streams(model, None, scope.ties);
        self.sure.clear();
        self.sure.resize(model.streams.len() * model.problem.providers.len(), false);
        self.look_at_meters(model);
        self.set_tangents(model, &[]);
        self.price_internet(model);
    }

    fn look(&mut self, model: &Model, codes: Option<&Codes>, domains: &[Vec<usize>]) {
        self.left.resize_with(model.parts.len(), Left::default);
        let sizes = (model.problem.places.len(), model.problem.providers.len());
        for ((left, part), domain) in self.left.iter_mut().zip(&model.parts).zip(domains) {
            left.look(part, domain, codes, sizes);
        }
    }

    /// Takes over the tangents. A fixed sum below zero is in force only where the account is used for sure; nothing is
    /// where the volume is known, or free however large it may be.
    fn set_tangents(&mut self, model: &Model, tangents: &[Tangent]) {
        self.tangents.clear();
        self.tangents.resize(model.problem.providers.len(), Tangent::default());
        self.constant = 0;
        // What a component sends to itself is in no pair, so it would not give back its share of a sum below zero.
        let own = |meter: usize| {
            let streams = model.streams.iter().zip(&self.streams);
            streams.into_iter().any(|(stream, state)| stream.to == Some(stream.from) && state.may.contains(&meter))
        };
        let limits = tangents.iter().zip(&self.meters).zip(&model.meter_limits);
        for ((ordinal, now), ((wanted, meter), limit)) in self.tangents.iter_mut().enumerate().zip(limits) {
            if meter.high <= limit.free + meter.pool_low {
                continue;
            }
            now.beta = if meter.pool > meter.pool_low { wanted.beta } else { 0 };
            if meter.high > meter.low {
                let any = wanted.kappa >= 0 || meter.low > 0 && !own(ordinal);
                now.kappa = if any { wanted.kappa } else { 0 };
                self.constant -= ceil(now.kappa, 1_000_000);
            }
        }
    }

    fn look_at_streams(&mut self, model: &Model, codes: Option<&Codes>, ties: &[Tie]) {
        self.streams.resize(model.streams.len(), StreamState::default());
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let state = &mut self.streams[ordinal];
            state.may.clear();
            state.always = true;
            match (stream.to, codes) {
                (Some(to), Some(codes)) => {
                    let tie = stream.edge.map_or(Tie::Together, |edge| ties[edge]);
                    let ends = (&self.left[stream.from], &self.left[to]);
                    if stream.from == to {
                        to_itself(model, codes, ends.0, state);
                    } else {
                        between(model, codes, ends, tie, state);
                    }
                }
                (Some(_), None) => {
                    state.always = false;
                    state.may.extend(0..model.problem.providers.len());
                }
                (None, _) => outward(model, &self.left[stream.from], stream.from, ordinal, state),
            }
        }
        self.sends.clear();
        self.sends.extend(model.parts.iter().map(|part| {
            let volume = |&f: &usize| i128::from(model.streams[f].volume);
            let low = part.sends.iter().filter(|&&f| self.streams[f].always).map(volume).sum();
            let high = part.sends.iter().filter(|&&f| !self.streams[f].may.is_empty()).map(volume).sum();
            (low, high)
        }));
    }

    /// Sees which flows follow their sender onto the meter of its provider.
    fn look_at_senders(&mut self, model: &Model, codes: &Codes, ties: &[Tie]) {
        let providers = codes.providers;
        self.sure.clear();
        self.sure.resize(model.streams.len() * providers, false);
        if !codes.meter_is_provider {
            return;
        }
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let (Some(to), Some(edge)) = (stream.to, stream.edge) else { continue };
            let tie = ties[edge];
            if tie == Tie::Together {
                continue;
            }
            for &p in &self.left[stream.from].providers {
                let metered = |&b: &usize| {
                    let between = &codes.between[p * providers + b];
                    between.may == [p] && if tie == Tie::Apart { between.always_apart } else { between.always }
                };
                self.sure[ordinal * providers + p] = self.left[to].providers.iter().all(metered);
            }
        }
    }

    /// Micro-GB that a sender without an allowance of its own brings to the meter of the provider it is at, in flows to
    /// other components than `stream`, beside what is on that meter in any case.
    fn brought(&self, model: &Model, sender: usize, stream: Option<usize>, meter: usize) -> i128 {
        let providers = model.problem.providers.len();
        let sure =
            |&&f: &&usize| Some(f) != stream && self.sure[f * providers + meter] && !self.streams[f].must_on(meter);
        model.parts[sender].sends.iter().filter(sure).map(|&f| i128::from(model.streams[f].volume)).sum()
    }

    fn look_at_meters(&mut self, model: &Model) {
        let meters = model.problem.providers.len();
        self.meters.clear();
        self.meters.resize(meters, MeterState::default());
        self.brings.resize(model.parts.len(), Vec::new());
        for ((part, left), brings) in model.parts.iter().zip(&self.left).zip(&mut self.brings) {
            brings.clear();
            brings.resize(meters, i128::MAX);
            for &(signature, provider) in &left.signatures {
                brings[provider] = brings[provider].min(surely_on(model, part, signature, provider));
            }
            for &provider in &left.providers {
                let (least, most) = left.pools[provider];
                self.meters[provider].pool += i128::from(most);
                self.meters[provider].pool_low += if left.providers.len() == 1 { i128::from(least) } else { 0 };
            }
        }
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let part = &model.parts[stream.from];
            let owns = self.left[stream.from].owns.iter();
            let low = owns.clone().map(|&class| self.billable(model, ordinal, part.owns[class], false)).min();
            let high = owns.map(|&class| self.billable(model, ordinal, part.owns[class], true)).max();
            for &meter in &self.streams[ordinal].may {
                self.meters[meter].high += high.unwrap_or(0);
                if self.streams[ordinal].must_on(meter) {
                    self.meters[meter].low += low.unwrap_or(0);
                }
            }
        }
    }

    /// Micro-GB that are left of a flow after its sender's own allowance: at least, or at most.
    fn billable(&self, model: &Model, stream: usize, own: i64, most: bool) -> i128 {
        let volume = i128::from(model.streams[stream].volume);
        let (low, high) = self.sends[model.streams[stream].from];
        let sum = if most {
            high
        } else if self.streams[stream].always {
            low
        } else {
            low + volume
        };
        let sum = sum.max(volume);
        if own == 0 || sum == 0 { volume } else { volume - volume * i128::from(own).min(sum) / sum }
    }

    fn price_internet(&mut self, model: &Model) {
        self.internet.resize(model.parts.len(), Vec::new());
        for (component, part) in model.parts.iter().enumerate() {
            let mut prices = std::mem::take(&mut self.internet[component]);
            prices.clear();
            prices.resize(part.signatures.len(), 0);
            if !part.internet.is_empty() {
                // At whatever provider, a signature has one price.
                for &(signature, _) in &self.left[component].signatures {
                    let exact = self.signature_price(model, component, signature);
                    prices[signature] = model.scale.floor(exact);
                }
            }
            self.internet[component] = prices;
        }
    }

    fn signature_price(&self, model: &Model, component: usize, signature: usize) -> i128 {
        let part = &model.parts[component];
        let signature = &part.signatures[signature];
        let own = part.owns[signature.class];
        let on_ladders = part.internet.iter().zip(&signature.ladders).filter(|(_, l)| **l != NO_LADDER);
        let metered = on_ladders.clone().map(|(&s, _)| i128::from(model.streams[s].volume)).sum::<i128>();
        let mut sum = 0;
        for (&stream, &ladder) in on_ladders.clone() {
            let rungs = &model.ladders[usize::from(ladder)];
            // All flows of this signature are on their ladders together.
            let volume = i128::from(model.streams[stream].volume);
            let all = self.sends[component].0.max(metered);
            let left = |v: i128| if own == 0 { v } else { v - v * i128::from(own).min(all) / all };
            let mut low = self.meters[rungs.meter].low;
            for (&other, &l) in on_ladders.clone() {
                if model.ladders[usize::from(l)].meter == rungs.meter && !self.streams[other].must_on(rungs.meter) {
                    low += left(i128::from(model.streams[other].volume));
                }
            }
            if own == 0 && model.internet_is_own {
                low += self.brought(model, component, None, rungs.meter);
            }
            sum += self.cheapest(rungs, (left(volume), volume), low);
        }
        sum
    }

    /// What flat prices come to does not change during a solve: prices it once, and marks what is forbidden.
    pub fn price_flat(&mut self, model: &Model, codes: &Codes) {
        self.forward.resize(model.edges.len(), Vec::new());
        self.backward.resize(model.edges.len(), Vec::new());
        for (ordinal, edge) in model.edges.iter().enumerate() {
            flat_table(model, codes, edge.a, &edge.forward, &mut self.forward[ordinal]);
            flat_table(model, codes, edge.b, &edge.backward, &mut self.backward[ordinal]);
        }
    }

    fn price_pairs(&mut self, model: &Model, codes: &Codes) {
        for (ordinal, edge) in model.edges.iter().enumerate() {
            let mut table = std::mem::take(&mut self.forward[ordinal]);
            self.price_direction(model, codes, edge.a, &edge.forward, &mut table);
            self.forward[ordinal] = table;
            let mut table = std::mem::take(&mut self.backward[ordinal]);
            self.price_direction(model, codes, edge.b, &edge.backward, &mut table);
            self.backward[ordinal] = table;
        }
    }

    /// Prices the metered routes that the sender can use.
    fn price_direction(&mut self, model: &Model, codes: &Codes, sender: usize, streams: &[usize], table: &mut [i64]) {
        if streams.is_empty() {
            return;
        }
        let mut done = std::mem::take(&mut self.done);
        done.clear();
        done.resize(table.len(), false);
        let mut brought = std::mem::take(&mut self.brought);
        let meters = model.problem.providers.len();
        brought.clear();
        brought.resize(streams.len() * meters, -1);
        for &(own, class) in &self.left[sender].keys {
            for &code in &codes.out[class] {
                let cell = own * codes.len() + usize::from(code);
                if std::mem::replace(&mut done[cell], true) {
                    continue;
                }
                if let Kind::Ladder(ladder) = codes.kinds[usize::from(code)] {
                    let own = model.parts[sender].owns[own];
                    let mut sum = 0;
                    for (at, &stream) in streams.iter().enumerate() {
                        let brought = &mut brought[at * meters + model.ladders[ladder].meter];
                        sum += self.stream_price(model, codes, (stream, brought), ladder, own);
                    }
                    table[cell] = model.scale.floor(sum);
                }
            }
        }
        (self.done, self.brought) = (done, brought);
    }

    /// What a flow between components costs at least on a ladder. `brought`: what else its sender brings to that meter;
    /// filled in where it is below 0.
    fn stream_price(
        &self,
        model: &Model,
        codes: &Codes,
        (stream, brought): (usize, &mut i128),
        ladder: usize,
        own: i64,
    ) -> i128 {
        let rungs = &model.ladders[ladder];
        let state = &self.streams[stream];
        if !state.may.contains(&rungs.meter) {
            return 0;
        }
        let billable = self.billable(model, stream, own, false);
        let mut low = self.meters[rungs.meter].low;
        if !state.must_on(rungs.meter) {
            low += billable;
        }
        if codes.meter_is_provider && own == 0 {
            if *brought < 0 {
                *brought = self.brought_with(model, stream, rungs.meter);
            }
            low += *brought;
        }
        self.cheapest(rungs, (billable, i128::from(model.streams[stream].volume)), low)
    }

    /// What comes to a meter with a flow whose sender is at its provider, and has no allowance of its own.
    fn brought_with(&self, model: &Model, stream: usize, meter: usize) -> i128 {
        let sender = model.streams[stream].from;
        // The sender's internet traffic is there too.
        let brings = self.brings[sender][meter];
        let counted = |&&f: &&usize| self.streams[f].must_on(meter);
        let counted: i128 =
            model.parts[sender].internet.iter().filter(counted).map(|&f| i128::from(model.streams[f].volume)).sum();
        let internet = if brings == i128::MAX { 0 } else { (brings - counted).max(0) };
        internet + self.brought(model, sender, Some(stream), meter)
    }

    /// What a flow of at least `billable` and at most `volume` pays at least in an account with at least `low`.
    fn cheapest(&self, rungs: &Rungs, (billable, volume): (i128, i128), low: i128) -> i128 {
        let low = low.max(billable);
        let meter = MeterState { low, ..self.meters[rungs.meter] };
        let tangent = self.tangents[rungs.meter];
        if tangent.is_plain() {
            return cheapest_share(rungs, billable, low, meter.high, meter.pool);
        }
        let least = least_average(rungs, meter, tangent);
        // A negative average price (a fixed sum below zero is given back) is worst for as much as there may be.
        let billable = if least.sum < 0 { volume } else { billable };
        if billable <= 0 {
            return 0;
        }
        // The shares of the flows are rounded step by step, each by half a nano-dollar at most.
        let most = meter.high.max(low) - rungs.included - meter.pool_low;
        let steps = i128::try_from(rungs.steps.iter().filter(|step| step.0 < most).count()).expect("small");
        (2 * billable * least.sum - steps * least.volume * 1_000_000).div_euclid(2 * least.volume * 1_000_000)
    }

    /// What the bound takes each account to come to in an assignment.
    pub fn by_meter(&self, model: &Model, codes: &Codes, picked: &[usize]) -> Vec<i128> {
        let mut costs: Vec<i128> = self.meters.iter().map(|_| 0).collect();
        let value = |c: usize| &model.parts[c].values[picked[c]];
        for (cost, tangent) in costs.iter_mut().zip(&self.tangents) {
            *cost -= ceil(tangent.kappa, 1_000_000);
        }
        for (c, part) in model.parts.iter().enumerate() {
            let x = value(c);
            costs[x.provider] -= self.tangents[x.provider].credit(x.pooled);
            let ladder = part.signatures[x.signature].ladders.iter().find(|&&ladder| ladder != NO_LADDER);
            if let Some(&ladder) = ladder {
                costs[model.ladders[usize::from(ladder)].meter] +=
                    i128::from(self.internet[c][x.signature]) << model.scale.shift;
            }
        }
        for (edge, spec) in model.edges.iter().enumerate() {
            let (a, b) = (value(spec.a), value(spec.b));
            if a.place == b.place && zones_between(a, b) <= 1 {
                continue;
            }
            for (from, to, table) in [(a, b, &self.forward[edge]), (b, a, &self.backward[edge])] {
                if table.is_empty() || codes.classes == 0 {
                    continue;
                }
                let code = codes.route(from.place, to.place);
                if let Kind::Ladder(ladder) = codes.kinds[code] {
                    costs[model.ladders[ladder].meter] +=
                        i128::from(table[from.class * codes.len() + code]) << model.scale.shift;
                }
            }
        }
        costs
    }

    /// Whether it is open which meter a flow between components is on, or whether it is on any.
    pub fn is_open(&self, stream: usize) -> bool {
        let state = &self.streams[stream];
        state.may.len() + usize::from(!state.always) > 1
    }

    /// Whether a flow may be on a meter.
    pub fn may_be_on(&self, stream: usize, meter: usize) -> bool {
        self.streams[stream].may.contains(&meter)
    }

    /// For every meter in the bound of `picked`: how the bound changes with `beta` (in micro-GB) and with `kappa` (in
    /// millionths).
    pub fn slopes(&self, model: &Model, picked: &[usize]) -> Vec<(i128, i128)> {
        let mut slopes = vec![(0, 0); self.meters.len()];
        for (state, slope) in self.meters.iter().zip(&mut slopes) {
            slope.1 = if state.high > state.low { -1_000_000 } else { 0 };
        }
        let value = |c: usize| &model.parts[c].values[picked[c]];
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let x = value(stream.from);
            let part = &model.parts[stream.from];
            let ladder = match stream.to {
                None => {
                    let position = part.internet.iter().position(|&s| s == ordinal).expect("its own flow");
                    match part.signatures[x.signature].ladders[position] {
                        NO_LADDER => continue,
                        ladder => usize::from(ladder),
                    }
                }
                Some(to) => {
                    let y = value(to);
                    let free = x.place == y.place && zones_between(x, y) <= 1;
                    match model.problem.route(x.place, y.place) {
                        crate::problem::Route::Metered(ladder) if !free => ladder,
                        _ => continue,
                    }
                }
            };
            let rungs = &model.ladders[ladder];
            let billable = self.billable(model, ordinal, part.owns[x.class], false);
            let low = self.meters[rungs.meter].low.max(billable);
            if billable <= 0 {
                continue;
            }
            let meter = MeterState { low, ..self.meters[rungs.meter] };
            let least = least_average(rungs, meter, self.tangents[rungs.meter]);
            slopes[rungs.meter].0 += billable * least.pool / least.volume;
            if slopes[rungs.meter].1 != 0 {
                slopes[rungs.meter].1 += 1_000_000 * billable / least.volume;
            }
        }
        for (part, &v) in model.parts.iter().zip(picked) {
            slopes[part.values[v].provider].0 -= i128::from(part.values[v].pooled);
        }
        slopes
    }
}

/// The least average price of an account, and where it is.
struct Average {
    /// Nano-dollars x 10^6 for the whole volume.
    sum: i128,
    volume: i128,
    pool: i128,
}

/// The least of `(P(V - included - Q) + beta * Q + kappa) / V` over the volumes and pools of a meter; `low` is positive.
///
/// For a fixed excess of the volume over what is free the sum falls or rises linearly with the pool, and the quotient is
/// monotone in the volume; so one of the corners that the breakpoints of the ladder make is least.
fn least_average(rungs: &Rungs, meter: MeterState, tangent: Tangent) -> Average {
    let (low, high) = (meter.low.max(1), meter.high.max(meter.low).max(1));
    let (pool_low, pool_high) = (meter.pool_low, meter.pool);
    let mut least: Option<Average> = None;
    let mut look = |volume: i128, pool: i128| {
        let pool = pool.clamp(pool_low, pool_high);
        let volume = volume.clamp(low, high);
        let sum = rungs.price((volume - rungs.included - pool).max(0)) + tangent.beta * pool + tangent.kappa;
        if least.as_ref().is_none_or(|l| fraction_below(sum, volume, l.sum, l.volume)) {
            least = Some(Average { sum, volume, pool });
        }
    };
    for volume in [low, high] {
        look(volume, pool_low);
        look(volume, pool_high);
        rungs.steps.iter().for_each(|&(from, _)| look(volume, volume - rungs.included - from));
    }
    for pool in [pool_low, pool_high] {
        rungs.steps.iter().for_each(|&(from, _)| look(rungs.included + pool + from, pool));
    }
    least.expect("some corner was looked at")
}

/// `a / b < c / d` for positive `b` and `d`, without overflow.
fn fraction_below(a: i128, b: i128, c: i128, d: i128) -> bool {
    if let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b)) {
        return left < right;
    }
    let (left, right) = (a.div_euclid(b), c.div_euclid(d));
    left < right || left == right && a.rem_euclid(b).saturating_mul(d) < c.rem_euclid(d).saturating_mul(b)
}

fn ceil(a: i128, b: i128) -> i128 {
    -(-a).div_euclid(b)
}

/// What the flows of a pair cost on routes with a flat price; `HARD` where no price is known.
fn flat_table(model: &Model, codes: &Codes, sender: usize, streams: &[usize], table: &mut Vec<i64>) {
    table.clear();
    table.resize(codes.len() * model.parts[sender].owns.len(), 0);
    if streams.is_empty() {
        return;
    }
    for (code, kind) in codes.kinds.iter().enumerate() {
        let cost = match *kind {
            Kind::Ladder(_) => 0,
            Kind::Unknown => HARD,
            Kind::Flat(price) => {
                model.scale.floor(streams.iter().map(|&s| flat_cost(price, model.streams[s].volume, None)).sum())
            }
        };
        table.iter_mut().skip(code).step_by(codes.len().max(1)).for_each(|cell| *cell = cost);
    }
}

/// Internet volume of a component that is on a meter for sure, whatever the others do, without own allowances.
fn surely_on(model: &Model, part: &super::model::Part, signature: usize, meter: usize) -> i128 {
    let signature = &part.signatures[signature];
    if part.owns[signature.class] != 0 {
        return 0;
    }
    let on = |(_, l): &(&usize, &u16)| **l != NO_LADDER && model.ladders[usize::from(**l)].meter == meter;
    part.internet.iter().zip(&signature.ladders).filter(on).map(|(&s, _)| i128::from(model.streams[s].volume)).sum()
}

fn outward(model: &Model, left: &Left, from: usize, stream: usize, state: &mut StreamState) {
    let part = &model.parts[from];
    let position = part.internet.iter().position(|&s| s == stream).expect("an internet flow of its sender");
    for &(signature, _) in &left.signatures {
        match part.signatures[signature].ladders[position] {
            NO_LADDER => state.always = false,
            ladder => state.add(model.ladders[usize::from(ladder)].meter),
        }
    }
}

/// How a flow of a component to itself may be metered.
fn to_itself(model: &Model, codes: &Codes, left: &Left, state: &mut StreamState) {
    for &place in &left.places {
        let zones = left.zones[place];
        state.always &= zones & (REGIONAL | ONE_ZONE) == 0;
        if zones & ZONES != 0 {
            state.see(model, codes.kinds[codes.route(place, place)]);
        }
    }
}

/// How a flow between two components may be metered.
fn between(model: &Model, codes: &Codes, (from, to): (&Left, &Left), tie: Tie, state: &mut StreamState) {
    let apart = if tie == Tie::Together { 0 } else { from.classes.len() * to.classes.len() };
    if apart > PAIRS_EXACT_MAX {
        for &a in &from.providers {
            for &b in &to.providers {
                let between = &codes.between[a * codes.providers + b];
                between.may.iter().for_each(|&meter| state.add(meter));
                state.always &= if tie == Tie::Apart { between.always_apart } else { between.always };
            }
        }
        return;
    }
    if tie != Tie::Together {
        let mut seen = vec![false; codes.len()];
        for &(a, here) in &from.classes {
            let routes = &codes.forward[a * codes.classes..(a + 1) * codes.classes];
            for &(b, there) in &to.classes {
                // Two that are at the only place of a class together are not apart.
                let code = usize::from(routes[b]);
                if !seen[code] && (a != b || here.is_none() || here != there) {
                    seen[code] = true;
                    state.see(model, codes.kinds[code]);
                }
            }
        }
    }
    if tie != Tie::Apart {
        for &place in &from.places {
            let (a, b) = (from.zones[place], to.zones[place]);
            if b == 0 {
                continue;
            }
            // Traffic inside a zone is free, and so is a regional service's.
            let free = (a | b) & REGIONAL != 0 || a & b & ONE_ZONE != 0;
            state.always &= !free;
            if a & ZONES != 0 && b & !REGIONAL != 0 || b & ZONES != 0 && a & !REGIONAL != 0 {
                state.see(model, codes.kinds[codes.route(place, place)]);
            }
        }
    }
}

/// The least that a flow of `billable` can pay when the account's volume is anywhere in `low..=high`.
fn cheapest_share(rungs: &Rungs, billable: i128, low: i128, high: i128, pooled: i128) -> i128 {
    if billable <= 0 || low <= 0 {
        return 0;
    }
    if low >= high {
        // The volume is known: the exact price, to the last rounding.
        return share(rungs, billable, low, pooled);
    }
    let free = rungs.included + pooled;
    let mut least = rounded_down(rungs, billable, low, free).min(rounded_down(rungs, billable, high, free));
    for &(from, _) in &rungs.steps {
        let volume = free + from;
        if volume > low && volume < high {
            least = least.min(rounded_down(rungs, billable, volume, free));
        }
    }
    least
}

/// A flow's share, less what the rounding of every step can take off.
fn rounded_down(rungs: &Rungs, billable: i128, volume: i128, free: i128) -> i128 {
    let paid = (volume - free).max(0);
    let steps = rungs.steps.iter().filter(|s| s.0 < paid).count();
    let steps = i128::try_from(steps).expect("small");
    let unit = volume * 1_000_000;
    let twice = 2 * billable * rungs.price(paid) - steps * unit;
    let up = -((-twice).div_euclid(2 * unit));
    up.max(0)
}
