//! The candidates of one component: priced fast, kept only if no other serves as well for less.

use crate::catalog::{Item, Price, PriceBook, RegionId, Tariff};
use crate::problem::{Charge, ChargeItem, Choice, Form, Host, Included, Place, PlaceId, SharedNeed, capped_cost};
use crate::units::{Money, Purchase, Quantity};
use std::collections::BTreeMap;

/// Where charges go: either only their sum is wanted (a hundred thousand candidates), or the lines (the few that stay).
/// One pricing routine serves both, so that a line can never differ from the sum it was chosen by.
pub(super) trait Sink {
    fn add(
        &mut self,
        item: ChargeItem,
        quantity: Quantity,
        price: Price,
        cap: Option<Money>,
        detail: &dyn Fn() -> String,
    );
}

/// Adds up.
#[derive(Default)]
pub(super) struct Sum(pub Money);

impl Sink for Sum {
    fn add(&mut self, _: ChargeItem, quantity: Quantity, price: Price, cap: Option<Money>, _: &dyn Fn() -> String) {
        self.0 += capped_cost(price, quantity, cap);
    }
}

/// Collects.
#[derive(Default)]
pub(super) struct Lines(pub Vec<Charge>);

impl Sink for Lines {
    fn add(
        &mut self,
        item: ChargeItem,
        quantity: Quantity,
        price: Price,
        cap: Option<Money>,
        detail: &dyn Fn() -> String,
    ) {
        self.0.push(Charge { item, detail: detail(), quantity, price, cap });
    }
}

/// What an offer is, before its name and charges are written out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub place: PlaceId,
    pub purchase: Purchase,
    pub count: u32,
    pub form: Form,
    pub included: Included,
    pub needs: &'static [SharedNeed],
    pub active_zones: u8,
    pub today: bool,
}

/// Why offers were left out, with how many.
#[derive(Default)]
pub(super) struct Excluded(BTreeMap<&'static str, u64>);

impl Excluded {
    pub fn add(&mut self, reason: &'static str, offers: u64) {
        if offers > 0 {
            *self.0.entry(reason).or_default() += offers;
        }
    }

    /// Most frequent first.
    pub fn into_list(self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self.0.into_iter().map(|(reason, n)| (reason.to_owned(), n)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }
}

/// The choices of a component at one place.
#[derive(Default)]
pub(super) struct Front(Vec<Choice>);

impl Front {
    /// Whether something already there is at least as good in every solution. A larger pool never makes anything
    /// dearer; an allowance of one's own can (it thins out the account's volume, and with it the share in the cheap
    /// steps of another ladder), so it must be equal.
    pub fn covers(&self, candidate: &Candidate, cost: Money) -> bool {
        let includes = |kept: Included| match (kept, candidate.included) {
            (Included::Pooled(more), Included::Pooled(less)) => more >= less,
            (Included::Pooled(_), Included::None) => true,
            (a, b) => a == b,
        };
        self.0.iter().any(|kept| {
            kept.cost <= cost
                && kept.active_zones == candidate.active_zones
                && kept.needs.iter().all(|need| candidate.needs.contains(need))
                && includes(kept.included)
        })
    }

    /// Adds a candidate unless it is covered. `price` writes its charges, `name` its offer.
    /// Today's choice always stays in the running, so that the report can say what staying costs.
    pub fn offer(&mut self, candidate: &Candidate, name: &dyn Fn() -> String, price: &dyn Fn(&mut dyn Sink)) {
        let mut sum = Sum::default();
        price(&mut sum);
        if !candidate.today && self.covers(candidate, sum.0) {
            return;
        }
        let mut lines = Lines::default();
        price(&mut lines);
        let choice = Choice {
            place: candidate.place,
            offer: name(),
            purchase: candidate.purchase,
            count: candidate.count,
            above: Vec::new(),
            form: candidate.form,
            host: Host::Own,
            charges: lines.0,
            cost: sum.0,
            included: candidate.included,
            needs: candidate.needs.to_vec(),
            active_zones: candidate.active_zones,
            today: candidate.today,
        };
        let before = std::mem::take(&mut self.0);
        let newcomer = Self(vec![choice]);
        let beaten = |kept: &Choice| !kept.today && newcomer.covers(&light(kept), kept.cost);
        self.0 = before.into_iter().filter(|kept| !beaten(kept)).collect();
        self.0.extend(newcomer.0);
    }

    /// The choices, cheapest first.
    pub fn into_choices(mut self) -> Vec<Choice> {
        self.0
            .sort_by(|a, b| a.cost.cmp(&b.cost).then_with(|| a.offer.cmp(&b.offer)).then(a.purchase.cmp(&b.purchase)));
        self.0
    }
}

/// The part of a choice that decides what it is compared with.
fn light(choice: &Choice) -> Candidate {
    Candidate {
        place: choice.place,
        purchase: choice.purchase,
        count: choice.count,
        form: choice.form,
        included: choice.included,
        needs: if choice.needs.is_empty() { &[] } else { &[SharedNeed::Nat] },
        active_zones: choice.active_zones,
        today: choice.today,
    }
}

/// A place with its tariffs looked up once, since every offer asks for them.
pub(super) struct Site<'a> {
    pub place: PlaceId,
    pub region: RegionId,
    pub provider: &'a str,
    pub zones: u8,
    tariffs: Vec<&'a [Tariff]>,
}

impl<'a> Site<'a> {
    pub fn of(book: &'a PriceBook, place: PlaceId, spec: &'a Place) -> Self {
        Self {
            place,
            region: spec.region,
            provider: &spec.provider_name,
            zones: spec.zones,
            tariffs: Item::ALL.iter().map(|&item| book.tariff(spec.region, item)).collect(),
        }
    }

    /// The steps of a tariff; empty when the price is not known here.
    pub fn tariff(&self, item: Item) -> &'a [Tariff] {
        self.tariffs[item as usize]
    }

    /// The price of the first unit of a tariff.
    pub fn price(&self, item: Item) -> Option<Price> {
        self.tariff(item).first().map(|tariff| tariff.price)
    }
}
