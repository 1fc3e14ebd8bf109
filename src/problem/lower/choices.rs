//! The candidates of one component: priced fast, kept only if no other serves as well for less.

use super::Loose;
use crate::catalog::{Item, Price, PriceBook, RegionId, Tariff};
use crate::problem::{Charge, ChargeItem, Choice, Form, Included, Place, PlaceId, SharedNeed, capped_cost};
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
pub(super) struct Front {
    kept: Vec<Choice>,
    /// Offers and items with a price about to be varied.
    offers: Vec<String>,
    items: Vec<ChargeItem>,
}

/// What of a choice moves with the loose prices: choices are compared only when this is equal.
#[derive(Default, PartialEq, Eq)]
struct Moves {
    offer: Option<(String, Purchase)>,
    quantities: Vec<(ChargeItem, Money, Quantity)>,
}

impl Front {
    /// An empty front for a region.
    pub fn new(loose: &[Loose], here: RegionId) -> Self {
        let mut front = Self::default();
        for price in loose {
            match price {
                Loose::Offer { region, offer } if region.is_none_or(|region| region == here) => {
                    front.offers.push(offer.clone());
                }
                Loose::Item { region, item } if region.is_none_or(|region| region == here) => front.items.push(*item),
                Loose::Offer { .. } | Loose::Item { .. } => {}
            }
        }
        front
    }

    fn is_rigid(&self) -> bool {
        self.offers.is_empty() && self.items.is_empty()
    }

    fn moves(&self, choice: &Choice) -> Moves {
        let moving = choice.charges.iter().filter(|charge| self.items.contains(&charge.item));
        Moves {
            offer: self.offers.contains(&choice.offer).then(|| (choice.offer.clone(), choice.purchase)),
            quantities: moving.map(|charge| (charge.item, charge.price.usd, charge.quantity)).collect(),
        }
    }

    /// [`Self::covers_moving`] for a candidate whose charges are not known yet: never, when some of its prices may move.
    pub fn covers(&self, candidate: &Candidate, cost: Money) -> bool {
        self.is_rigid() && self.covers_moving(candidate, cost, &Moves::default())
    }

    /// Whether something already there is at least as good in every solution. A larger pool never makes anything
    /// dearer; an allowance of one's own can (it thins out the account's volume, and with it the share in the cheap
    /// steps of another ladder), so it must be equal.
    fn covers_moving(&self, candidate: &Candidate, cost: Money, moves: &Moves) -> bool {
        let includes = |kept: Included| match (kept, candidate.included) {
            (Included::Pooled(more), Included::Pooled(less)) => more >= less,
            (Included::Pooled(_), Included::None) => true,
            (a, b) => a == b,
        };
        self.kept.iter().any(|kept| {
            kept.cost <= cost
                && kept.active_zones == candidate.active_zones
                && kept.needs.iter().all(|need| candidate.needs.contains(need))
                && includes(kept.included)
                && (self.is_rigid() || self.moves(kept) == *moves)
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
            form: candidate.form,
            charges: lines.0,
            cost: sum.0,
            included: candidate.included,
            needs: candidate.needs.to_vec(),
            active_zones: candidate.active_zones,
            today: candidate.today,
        };
        if !candidate.today && self.covers_moving(candidate, sum.0, &self.moves(&choice)) {
            return;
        }
        let before = std::mem::take(&mut self.kept);
        self.kept.push(choice);
        // For a moment the newcomer is all there is.
        let beaten = |kept: &Choice| !kept.today && self.covers_moving(&light(kept), kept.cost, &self.moves(kept));
        let mut after: Vec<Choice> = before.into_iter().filter(|kept| !beaten(kept)).collect();
        after.append(&mut self.kept);
        self.kept = after;
    }

    /// The choices, cheapest first.
    pub fn into_choices(mut self) -> Vec<Choice> {
        self.kept
            .sort_by(|a, b| a.cost.cmp(&b.cost).then_with(|| a.offer.cmp(&b.offer)).then(a.purchase.cmp(&b.purchase)));
        self.kept
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
