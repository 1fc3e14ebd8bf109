//! Lower bounds for traffic prices, from what is known about the volumes on the meters.
//!
//! On a meter with volume `V` a flow of `b` costs `b * P(V - free) / V` plus rounding: the average price of the account.
//! It rises while free traffic is diluted and falls with the tiers. Between two breakpoints of the ladder it is
//! `c + d / V`, which is monotone; so its minimum over a range of `V` is at an end or at a breakpoint.

use super::eval::{flat_cost, share};
use super::model::{HARD, Model, NO_LADDER, Rungs};

/// Prices for one node of the search, scaled to bounds.
#[derive(Default)]
pub(super) struct Prices {
    /// Per component and signature: what its internet traffic costs at least.
    pub internet: Vec<Vec<i64>>,
    /// Per edge: `[class of the sender * codes + code]`, in both directions.
    pub forward: Vec<Vec<i64>>,
    pub backward: Vec<Vec<i64>>,
    streams: Vec<StreamState>,
    meters: Vec<MeterState>,
    /// Per component and meter: internet volume that the component surely brings when it is at that provider.
    brings: Vec<Vec<i128>>,
    /// Per component: volume that is surely metered, and that may be.
    sends: Vec<(i128, i128)>,
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
}

#[derive(Clone, Copy, Default)]
struct MeterState {
    low: i128,
    high: i128,
    pooled: i128,
}

/// Pairs of values that are looked at one by one to see how a flow is metered; above it providers are looked at.
const PAIRS_EXACT_MAX: usize = 400;

impl Prices {
    /// Looks at the domains and prices everything that they can use.
    pub fn update(&mut self, model: &Model, domains: &[Vec<usize>]) {
        self.look_at_streams(model, domains);
        self.look_at_meters(model, domains);
        self.price_internet(model, domains);
        self.price_pairs(model, domains);
    }

    fn look_at_streams(&mut self, model: &Model, domains: &[Vec<usize>]) {
        self.streams.clear();
        self.streams.resize(model.streams.len(), StreamState { may: Vec::new(), always: true });
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let state = &mut self.streams[ordinal];
            match stream.to {
                Some(to) => between(model, domains, stream.from, to, state),
                None => outward(model, domains, stream.from, ordinal, state),
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

    fn look_at_meters(&mut self, model: &Model, domains: &[Vec<usize>]) {
        let meters = model.problem.providers.len();
        self.meters.clear();
        self.meters.resize(meters, MeterState::default());
        self.brings.resize(model.parts.len(), Vec::new());
        for (component, (part, domain)) in model.parts.iter().zip(domains).enumerate() {
            let brings = &mut self.brings[component];
            brings.clear();
            brings.resize(meters, i128::MAX);
            let mut pooled = vec![0_i128; meters];
            for &v in domain {
                let value = &part.values[v];
                pooled[value.provider] = pooled[value.provider].max(i128::from(value.pooled));
                let surely = surely_on(model, part, value.signature, value.provider);
                brings[value.provider] = brings[value.provider].min(surely);
            }
            for (meter, pooled) in pooled.into_iter().enumerate() {
                self.meters[meter].pooled += pooled;
            }
        }
        for (ordinal, stream) in model.streams.iter().enumerate() {
            let part = &model.parts[stream.from];
            let classes = classes(model, &domains[stream.from], stream.from);
            let low = classes.clone().map(|class| self.billable(model, ordinal, part.owns[class], false)).min();
            let high = classes.map(|class| self.billable(model, ordinal, part.owns[class], true)).max();
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

    fn price_internet(&mut self, model: &Model, domains: &[Vec<usize>]) {
        self.internet.resize(model.parts.len(), Vec::new());
        for (component, part) in model.parts.iter().enumerate() {
            let mut prices = std::mem::take(&mut self.internet[component]);
            prices.clear();
            prices.resize(part.signatures.len(), -1);
            if part.internet.is_empty() {
                prices.fill(0);
            }
            for &v in &domains[component] {
                let ordinal = part.values[v].signature;
                if prices[ordinal] < 0 {
                    let exact = self.signature_price(model, component, ordinal);
                    prices[ordinal] = model.scale.floor(exact);
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
            sum += self.cheapest(rungs, left(volume), low);
        }
        sum
    }

    fn price_pairs(&mut self, model: &Model, domains: &[Vec<usize>]) {
        self.forward.resize(model.edges.len(), Vec::new());
        self.backward.resize(model.edges.len(), Vec::new());
        for (ordinal, edge) in model.edges.iter().enumerate() {
            let mut table = std::mem::take(&mut self.forward[ordinal]);
            self.price_direction(model, domains, edge.a, &edge.forward, &mut table);
            self.forward[ordinal] = table;
            let mut table = std::mem::take(&mut self.backward[ordinal]);
            self.price_direction(model, domains, edge.b, &edge.backward, &mut table);
            self.backward[ordinal] = table;
        }
    }

    fn price_direction(
        &self,
        model: &Model,
        domains: &[Vec<usize>],
        sender: usize,
        streams: &[usize],
        table: &mut Vec<i64>,
    ) {
        let codes = model.codes.len();
        let part = &model.parts[sender];
        table.clear();
        table.resize(codes * part.owns.len(), 0);
        if streams.is_empty() {
            return;
        }
        let mut done = vec![false; table.len()];
        for class in 0..part.owns.len() {
            for (code, &price) in model.codes.flat.iter().enumerate() {
                let exact: i128 = streams.iter().map(|&s| flat_cost(price, model.streams[s].volume, None)).sum();
                table[class * codes + model.codes.ladders + code] = model.scale.floor(exact);
            }
            table[class * codes + model.codes.unknown()] = HARD;
        }
        for &v in &domains[sender] {
            let value = &part.values[v];
            for &ladder in &model.codes.out[value.place] {
                let cell = value.class * codes + usize::from(ladder);
                if !done[cell] {
                    done[cell] = true;
                    let price = |&s: &usize| self.stream_price(model, s, usize::from(ladder), value.own);
                    table[cell] = model.scale.floor(streams.iter().map(price).sum());
                }
            }
        }
    }

    /// What a flow between components costs at least on a ladder.
    fn stream_price(&self, model: &Model, stream: usize, ladder: usize, own: i64) -> i128 {
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
        if model.codes.meter_is_provider && own == 0 {
            // The sender is at this provider, and with it its internet traffic.
            let sender = model.streams[stream].from;
            let brings = self.brings[sender][rungs.meter];
            let counted = |&&f: &&usize| self.streams[f].must_on(rungs.meter);
            let counted: i128 =
                model.parts[sender].internet.iter().filter(counted).map(|&f| i128::from(model.streams[f].volume)).sum();
            low += if brings == i128::MAX { 0 } else { (brings - counted).max(0) };
        }
        self.cheapest(rungs, billable, low)
    }

    fn cheapest(&self, rungs: &Rungs, billable: i128, low: i128) -> i128 {
        let meter = self.meters[rungs.meter];
        cheapest_share(rungs, billable, low.max(billable), meter.high, meter.pooled)
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

fn classes<'a>(model: &'a Model, domain: &'a [usize], component: usize) -> impl Iterator<Item = usize> + Clone + 'a {
    let part = &model.parts[component];
    (0..part.owns.len())
        .filter(move |&class| part.owns.len() == 1 || domain.iter().any(|&v| part.values[v].class == class))
}

fn outward(model: &Model, domains: &[Vec<usize>], from: usize, stream: usize, state: &mut StreamState) {
    let part = &model.parts[from];
    let position = part.internet.iter().position(|&s| s == stream).expect("an internet flow of its sender");
    let mut last = usize::MAX;
    for &v in &domains[from] {
        let signature = part.values[v].signature;
        if signature == last {
            continue;
        }
        last = signature;
        match part.signatures[signature].ladders[position] {
            NO_LADDER => state.always = false,
            ladder => state.add(model.ladders[usize::from(ladder)].meter),
        }
    }
}

fn between(model: &Model, domains: &[Vec<usize>], from: usize, to: usize, state: &mut StreamState) {
    let (senders, receivers) = (&domains[from], &domains[to]);
    if from == to || senders.len() * receivers.len() <= PAIRS_EXACT_MAX {
        for &x in senders {
            for &y in receivers {
                let (x, y) = (&model.parts[from].values[x], &model.parts[to].values[y]);
                if from == to && x.choice != y.choice {
                    continue;
                }
                let free = x.place == y.place && super::model::zones_between(x, y) <= 1;
                let code = model.codes.route(x.place, y.place);
                if code == model.codes.unknown() && !free {
                    continue;
                }
                if code < model.codes.ladders && !free {
                    state.add(model.ladders[code].meter);
                } else {
                    state.always = false;
                }
            }
        }
        return;
    }
    let present = |component: usize| {
        let mut present = vec![false; model.codes.providers];
        domains[component].iter().for_each(|&v| present[model.parts[component].values[v].provider] = true);
        (0..present.len()).filter(move |&p| present[p])
    };
    for a in present(from) {
        for b in present(to) {
            let between = &model.codes.between[a * model.codes.providers + b];
            between.may.iter().for_each(|&meter| state.add(meter));
            state.always &= between.always;
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
