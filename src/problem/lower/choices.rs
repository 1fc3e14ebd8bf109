//! The candidates of one component: priced fast, kept only if no other serves as well for less.

use super::Loose;
use super::machines::Fit;
use crate::catalog::{ComputeOffer, Item, ManagedOffer, Price, PriceBook, RegionId, Tariff};
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
pub(super) struct Excluded {
    counts: BTreeMap<&'static str, u64>,
    /// Nobody wants to know.
    muted: bool,
}

impl Excluded {
    /// One that counts nothing.
    pub fn muted() -> Self {
        Self { muted: true, ..Self::default() }
    }

    pub fn add(&mut self, reason: &'static str, offers: u64) {
        if offers > 0 && !self.muted {
            *self.counts.entry(reason).or_default() += offers;
        }
    }

    /// Most frequent first.
    pub fn into_list(self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self.counts.into_iter().map(|(reason, n)| (reason.to_owned(), n)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }
}

/// From what a choice's name and charges are written out, once they are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Recipe {
    /// They are there already.
    Written,
    /// A machine, by its ordinal among those on sale at the place.
    Machine(u32, Fit),
    /// A managed tier, by its ordinal among those on sale at the place.
    Managed(u32),
    /// The place's serverless product.
    Serverless,
    /// The place's object storage.
    Objects,
    /// The place's load balancer.
    Balancer,
}

/// A choice that nothing covers so far.
struct Kept {
    choice: Choice,
    recipe: Recipe,
    /// Which of two choices that are equally good stays: the one with the lower rank.
    rank: u64,
    moves: Moves,
}

/// What of a choice moves with the loose prices: choices are compared only when this is equal.
#[derive(Default, PartialEq, Eq)]
struct Moves {
    offer: Option<(String, Purchase)>,
    quantities: Vec<(ChargeItem, Money, Quantity)>,
}

/// Offers and items at a place with a price about to be varied (see [`Loose`]), and how a choice is called there.
struct Varied<'a> {
    offers: Vec<&'a str>,
    items: Vec<ChargeItem>,
    name: Box<dyn Fn(Recipe) -> String + 'a>,
}

/// The choices of a component at one place.
#[derive(Default)]
pub(super) struct Front<'a> {
    kept: Vec<Kept>,
    next: u64,
    varied: Option<Varied<'a>>,
}

/// Whether `kept` is at least as good as `other` in every solution, costs apart. A larger pool never makes anything
/// dearer; an allowance of one's own can (it thins out the account's volume, and with it the share in the cheap steps of
/// another ladder), so it must be equal.
fn serves(kept: &Choice, active_zones: u8, needs: &[SharedNeed], included: Included) -> bool {
    let includes = match (kept.included, included) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b,
    };
    includes && kept.active_zones == active_zones && kept.needs.iter().all(|need| needs.contains(need))
}

impl<'a> Front<'a> {
    /// Takes up the prices that are about to be varied at a place.
    pub fn loosen(&mut self, loose: &'a [Loose], here: RegionId, name: impl Fn(Recipe) -> String + 'a) {
        let (mut offers, mut items) = (Vec::new(), Vec::new());
        for price in loose {
            match price {
                Loose::Offer { region, offer } if region.is_none_or(|region| region == here) => {
                    offers.push(offer.as_str());
                }
                Loose::Item { region, item } if region.is_none_or(|region| region == here) => items.push(*item),
                Loose::Offer { .. } | Loose::Item { .. } => {}
            }
        }
        let rigid = offers.is_empty() && items.is_empty();
        self.varied = (!rigid).then(|| Varied { offers, items, name: Box::new(name) });
    }

    /// Whether prices here are about to be varied: then every offer has to be looked at.
    pub fn is_loose(&self) -> bool {
        self.varied.is_some()
    }

    fn moves(&self, candidate: &Candidate, recipe: Recipe, price: &dyn Fn(&mut dyn Sink)) -> Moves {
        let Some(varied) = &self.varied else { return Moves::default() };
        let mut lines = Lines::default();
        price(&mut lines);
        let moving = lines.0.iter().filter(|charge| varied.items.contains(&charge.item));
        let name = (varied.name)(recipe);
        Moves {
            quantities: moving.map(|charge| (charge.item, charge.price.usd, charge.quantity)).collect(),
            offer: varied.offers.contains(&name.as_str()).then_some((name, candidate.purchase)),
        }
    }

    /// Whether something already there costs less than this, and is at least as good as a candidate in every solution.
    pub fn undercuts(&self, candidate: &Candidate, cost: Money) -> bool {
        let Candidate { active_zones, needs, included, .. } = *candidate;
        !self.is_loose()
            && self
                .kept
                .iter()
                .any(|kept| kept.choice.cost < cost && serves(&kept.choice, active_zones, needs, included))
    }

    /// Whether something already there is at least as good as a candidate in every solution. Of two that are equally
    /// good the one of the lower rank stays; `None`: the one that came first.
    ///
    /// While prices are varied nothing is covered before its charges are known.
    pub fn covers(&self, candidate: &Candidate, cost: Money, rank: Option<u32>) -> bool {
        !self.is_loose() && self.covers_moving(candidate, cost, rank, &Moves::default())
    }

    fn covers_moving(&self, candidate: &Candidate, cost: Money, rank: Option<u32>, moves: &Moves) -> bool {
        let Candidate { active_zones, needs, included, .. } = *candidate;
        let rank = self.rank(rank);
        self.kept.iter().any(|kept| {
            let choice = &kept.choice;
            choice.cost <= cost
                && kept.moves == *moves
                && serves(choice, active_zones, needs, included)
                && (choice.cost < cost || kept.rank < rank || choice.today || !mutual(choice, candidate))
        })
    }

    /// Begins a batch of ranked candidates, which come after all that was offered before.
    pub fn batch(&mut self) {
        self.next += 1;
    }

    fn rank(&self, rank: Option<u32>) -> u64 {
        match rank {
            Some(rank) => (self.next << 32) | u64::from(rank),
            None => (self.next + 1) << 32,
        }
    }

    /// Adds a candidate unless it is covered; `price` prices it.
    /// Today's choice always stays in the running, so that the report can say what staying costs.
    pub fn offer(&mut self, candidate: &Candidate, recipe: Recipe, rank: Option<u32>, price: &dyn Fn(&mut dyn Sink)) {
        let mut sum = Sum::default();
        price(&mut sum);
        let moves = self.moves(candidate, recipe, price);
        if !candidate.today && self.covers_moving(candidate, sum.0, rank, &moves) {
            return;
        }
        let at = self.rank(rank);
        if rank.is_none() {
            self.next += 1;
        }
        self.add(candidate, recipe, sum.0, at, moves);
    }

    fn add(&mut self, candidate: &Candidate, recipe: Recipe, cost: Money, rank: u64, moves: Moves) {
        let choice = Choice {
            place: candidate.place,
            offer: String::new(),
            purchase: candidate.purchase,
            count: candidate.count,
            above: Vec::new(),
            form: candidate.form,
            host: Host::Own,
            charges: Vec::new(),
            cost,
            included: candidate.included,
            needs: candidate.needs.to_vec(),
            active_zones: candidate.active_zones,
            today: candidate.today,
        };
        self.kept.retain(|kept| {
            let other = &kept.choice;
            let covered = cost <= other.cost && serves(&choice, other.active_zones, &other.needs, other.included);
            other.today || !covered || kept.moves != moves
        });
        self.kept.push(Kept { choice, recipe, rank, moves });
    }

    /// Moves the choices out, cheapest first; `name` names one.
    pub fn drain_into(
        &mut self,
        choices: &mut Vec<Choice>,
        recipes: &mut Vec<Recipe>,
        name: &dyn Fn(&Choice, Recipe) -> String,
    ) {
        self.next = 0;
        self.kept.sort_by(|a, b| {
            let names = || name(&a.choice, a.recipe).cmp(&name(&b.choice, b.recipe));
            a.choice.cost.cmp(&b.choice.cost).then_with(names).then(a.choice.purchase.cmp(&b.choice.purchase))
        });
        for kept in self.kept.drain(..) {
            choices.push(kept.choice);
            recipes.push(kept.recipe);
        }
    }
}

/// Whether a candidate serves as well as a choice that serves as well as it.
fn mutual(choice: &Choice, candidate: &Candidate) -> bool {
    let needs = candidate.needs.iter().all(|need| choice.needs.contains(need));
    let includes = match (candidate.included, choice.included) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b,
    };
    needs && includes
}

/// A place with its tariffs looked up once, since every offer asks for them.
pub(super) struct Site<'a> {
    pub place: PlaceId,
    pub region: RegionId,
    pub provider: &'a str,
    pub zones: u8,
    /// Machines on sale.
    pub compute: &'a [ComputeOffer],
    /// Managed tiers on sale.
    pub managed: &'a [ManagedOffer],
    tariffs: Vec<&'a [Tariff]>,
}

impl<'a> Site<'a> {
    pub fn of(book: &'a PriceBook, place: PlaceId, spec: &Place) -> Self {
        Self {
            place,
            region: spec.region,
            provider: &book.provider_of(spec.region).name,
            zones: spec.zones,
            compute: book.compute_at(spec.region),
            managed: book.managed_at(spec.region),
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
