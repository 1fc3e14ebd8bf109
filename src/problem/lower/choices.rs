//! The candidates of one component: priced fast, kept only if no other serves as well for less.

use super::Loose;
use super::machines::Fit;
use super::serverless::Container;
use crate::catalog::{ComputeOffer, Item, ManagedOffer, Price, PriceBook, ProviderId, RegionId, Tariff};
use crate::problem::{Charge, ChargeItem, Choice, Form, Host, Included, PlaceId, SharedNeed, capped_cost};
use crate::units::{Money, Purchase, Quantity};
use std::collections::BTreeMap;

/// Where charges go: either only their sum is wanted (thousands of candidates), or the lines (the few that stay).
/// One pricing routine serves both, so that a line can never differ from the sum it was chosen by.
pub(super) enum Sink {
    /// Adds up.
    Sum(Money),
    /// Collects.
    Lines(Vec<Charge>),
}

impl Sink {
    /// What the charges add up to that `price` hands over.
    pub fn sum(price: impl FnOnce(&mut Self)) -> Money {
        let mut sink = Self::Sum(Money::ZERO);
        price(&mut sink);
        match sink {
            Self::Sum(sum) => sum,
            Self::Lines(lines) => lines.iter().map(Charge::cost).sum(),
        }
    }

    /// The charges that `price` hands over.
    pub fn lines(price: impl FnOnce(&mut Self)) -> Vec<Charge> {
        let mut sink = Self::Lines(Vec::new());
        price(&mut sink);
        sink.into_lines()
    }

    /// What was collected; nothing of a sum.
    pub fn into_lines(self) -> Vec<Charge> {
        match self {
            Self::Sum(_) => Vec::new(),
            Self::Lines(lines) => lines,
        }
    }

    /// So many units at a price, at most the cap; `detail` says for people what exactly.
    #[inline]
    pub fn add(
        &mut self,
        item: ChargeItem,
        quantity: Quantity,
        price: Price,
        cap: Option<Money>,
        detail: impl FnOnce() -> String,
    ) {
        match self {
            Self::Sum(sum) => *sum += capped_cost(price, quantity, cap),
            Self::Lines(lines) => lines.push(Charge { item, detail: detail(), quantity, price, cap }),
        }
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
    candidate: Candidate,
    cost: Money,
    recipe: Recipe,
    /// Which of two choices that are equally good stays: the one with the lower rank.
    rank: u64,
    /// `None`: nothing is varied at the place.
    moves: Option<Box<Moves>>,
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
fn serves(kept: &Candidate, other: &Candidate) -> bool {
    kept.active_zones == other.active_zones
        && includes(kept.included, other.included)
        && kept.needs.iter().all(|need| other.needs.contains(need))
}

/// Whether traffic that comes with one choice is worth at least what comes with another.
fn includes(more: Included, less: Included) -> bool {
    match (more, less) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b,
    }
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

    fn moves(&self, candidate: &Candidate, recipe: Recipe, price: &dyn Fn(&mut Sink)) -> Option<Box<Moves>> {
        let varied = self.varied.as_ref()?;
        let lines = Sink::lines(price);
        let moving = lines.iter().filter(|charge| varied.items.contains(&charge.item));
        let name = (varied.name)(recipe);
        Some(Box::new(Moves {
            quantities: moving.map(|charge| (charge.item, charge.price.usd, charge.quantity)).collect(),
            offer: varied.offers.contains(&name.as_str()).then_some((name, candidate.purchase)),
        }))
    }

    /// Whether something already there is at least as good as a candidate in every solution. Of two that are equally
    /// good the one of the lower rank stays; `None`: the one that came first.
    ///
    /// While prices are varied nothing is covered before its charges are known.
    pub fn covers(&self, candidate: &Candidate, cost: Money, rank: Option<u32>) -> bool {
        !self.is_loose() && self.covers_moving(candidate, cost, rank, None)
    }

    fn covers_moving(&self, candidate: &Candidate, cost: Money, rank: Option<u32>, moves: Option<&Moves>) -> bool {
        let rank = self.rank(rank);
        self.kept.iter().any(|kept| {
            kept.cost <= cost
                && serves(&kept.candidate, candidate)
                && kept.moves.as_deref() == moves
                && (kept.cost < cost
                    || kept.rank < rank
                    || kept.candidate.today
                    || !serves_back(candidate, &kept.candidate))
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
    pub fn offer(&mut self, candidate: &Candidate, recipe: Recipe, rank: Option<u32>, price: &dyn Fn(&mut Sink)) {
        let moves = self.moves(candidate, recipe, price);
        self.add(candidate, recipe, rank, Sink::sum(price), moves);
    }

    /// [`Self::offer`] for a candidate whose cost is known, where nothing is varied.
    pub fn offer_priced(&mut self, candidate: &Candidate, recipe: Recipe, rank: u32, cost: Money) {
        self.add(candidate, recipe, Some(rank), cost, None);
    }

    fn add(
        &mut self,
        candidate: &Candidate,
        recipe: Recipe,
        rank: Option<u32>,
        cost: Money,
        moves: Option<Box<Moves>>,
    ) {
        if !candidate.today && self.covers_moving(candidate, cost, rank, moves.as_deref()) {
            return;
        }
        let at = self.rank(rank);
        if rank.is_none() {
            self.next += 1;
        }
        self.kept.retain(|kept| {
            let covered = cost <= kept.cost && serves(candidate, &kept.candidate);
            kept.candidate.today || !covered || kept.moves != moves
        });
        self.kept.push(Kept { candidate: *candidate, cost, recipe, rank: at, moves });
    }

    /// Moves the choices out, cheapest first; `name` names one.
    pub fn drain_into(
        &mut self,
        choices: &mut Vec<Choice>,
        recipes: &mut Vec<Recipe>,
        name: &dyn Fn(Recipe) -> String,
    ) {
        self.next = 0;
        if self.kept.len() > 1 {
            self.kept.sort_by(|a, b| {
                let names = || name(a.recipe).cmp(&name(b.recipe));
                let purchases = || a.candidate.purchase.cmp(&b.candidate.purchase);
                a.cost.cmp(&b.cost).then_with(names).then_with(purchases)
            });
        }
        choices.extend(self.kept.iter().map(|kept| kept.candidate.choice(kept.cost)));
        recipes.extend(self.kept.drain(..).map(|kept| kept.recipe));
    }
}

impl Candidate {
    /// As a choice that is not written out yet.
    fn choice(&self, cost: Money) -> Choice {
        Choice {
            place: self.place,
            offer: String::new(),
            purchase: self.purchase,
            count: self.count,
            above: Vec::new(),
            form: self.form,
            host: Host::Own,
            charges: Vec::new(),
            cost,
            included: self.included,
            needs: if self.needs.is_empty() { Vec::new() } else { self.needs.to_vec() },
            active_zones: self.active_zones,
            today: self.today,
        }
    }
}

/// A choice that is not written out yet, at another place.
pub(super) fn moved(choice: &Choice, place: PlaceId) -> Choice {
    debug_assert!(choice.offer.is_empty() && choice.charges.is_empty() && choice.above.is_empty());
    // Field by field: empty lists need not be copied.
    Choice {
        place,
        offer: String::new(),
        above: Vec::new(),
        charges: Vec::new(),
        needs: if choice.needs.is_empty() { Vec::new() } else { choice.needs.clone() },
        purchase: choice.purchase,
        count: choice.count,
        form: choice.form,
        host: choice.host,
        cost: choice.cost,
        included: choice.included,
        active_zones: choice.active_zones,
        today: choice.today,
    }
}

/// Whether a candidate serves as well as a choice that serves as well as it.
fn serves_back(candidate: &Candidate, kept: &Candidate) -> bool {
    candidate.needs.iter().all(|need| kept.needs.contains(need)) && includes(candidate.included, kept.included)
}

/// A place with its tariffs looked up once, since every offer asks for them.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub place: PlaceId,
    pub region: RegionId,
    pub provider_id: ProviderId,
    /// Ordinal of the region at its provider.
    pub ordinal: usize,
    /// The first region of the book that sells the same.
    pub seller: RegionId,
    pub provider: &'a str,
    pub zones: u8,
    /// Machines on sale.
    pub compute: &'a [ComputeOffer],
    /// Managed tiers on sale.
    pub managed: &'a [ManagedOffer],
    /// Serverless containers on sale.
    pub container: Option<Container<'a>>,
    tariffs: [&'a [Tariff]; Item::ALL.len()],
    prices: [Option<Price>; Item::ALL.len()],
}

impl<'a> Site<'a> {
    /// Of a region; the place is still open.
    pub fn of(book: &'a PriceBook, region: RegionId) -> Self {
        let tariffs = Item::ALL.map(|item| book.tariff(region, item));
        let mut site = Self {
            place: PlaceId::MAX,
            region,
            provider_id: book.region(region).provider,
            ordinal: book.ordinal_at_provider(region),
            seller: book.seller(region),
            provider: &book.provider_of(region).name,
            zones: zones_of(book, region),
            compute: book.compute_at(region),
            managed: book.managed_at(region),
            container: None,
            tariffs,
            prices: tariffs.map(|steps| steps.first().map(|tariff| tariff.price)),
        };
        site.container = Container::at(&site);
        site
    }

    /// The same as a place of a problem.
    pub fn at(&self, place: PlaceId) -> Self {
        Self { place, ..self.clone() }
    }

    /// The steps of a tariff; empty when the price is not known here.
    pub fn tariff(&self, item: Item) -> &'a [Tariff] {
        self.tariffs[item as usize]
    }

    /// The price of the first unit of a tariff.
    pub fn price(&self, item: Item) -> Option<Price> {
        self.prices[item as usize]
    }
}

/// Zones of a region, at least 1.
pub(super) fn zones_of(book: &PriceBook, region: RegionId) -> u8 {
    book.region(region).zones.unwrap_or(1).max(1)
}
