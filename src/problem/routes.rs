//! How traffic between every two places is billed: few distinct ways, so each pair is a small code.

use super::{Ladder, Route};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// The billing of traffic between every two places. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    codes: Arc<[u32]>,
    kinds: Arc<[Route]>,
    /// Made on first use; says nothing that the codes do not.
    classes: Arc<OnceLock<RouteClasses>>,
}

impl PartialEq for Routes {
    fn eq(&self, other: &Self) -> bool {
        self.codes == other.codes && self.kinds == other.kinds
    }
}

impl Eq for Routes {}

/// Places that are billed alike: traffic between any other place and either of them costs the same in both directions,
/// and so does traffic between any two of them.
#[derive(Clone, Debug, Default)]
pub struct RouteClasses {
    /// By place: its class.
    pub of: Vec<usize>,
    /// `between[a * count + b]`: the route from a place of class `a` to another place of class `b`, as an ordinal among
    /// [`Routes::kinds`]. A class of one place has its route to itself.
    pub between: Vec<usize>,
    /// Number of classes.
    pub count: usize,
    /// By ladder: the first one of the same meter with the same allowance and prices.
    pub ladder: Vec<usize>,
}

impl Routes {
    /// From distinct routes and the ordinal of one of them for every pair.
    ///
    /// # Panics
    /// When a code is not the ordinal of a kind.
    #[must_use]
    pub fn new(codes: Vec<u32>, kinds: Vec<Route>) -> Self {
        assert!(codes.iter().all(|&code| (code as usize) < kinds.len()), "a code without a route");
        Self { codes: codes.into(), kinds: kinds.into(), classes: Arc::default() }
    }

    /// Which places are billed alike, prices compared and their sources not. `ladders` are those of the problem that the
    /// routes belong to.
    #[must_use]
    pub fn classes(&self, ladders: &[Ladder]) -> &RouteClasses {
        self.classes.get_or_init(|| self.find_classes(ladders))
    }

    fn find_classes(&self, ladders: &[Ladder]) -> RouteClasses {
        let n = self.codes.len().isqrt();
        let ladder = same_ladders(ladders);
        let same_kind = |a: &Route, b: &Route| match (a, b) {
            (Route::Flat(a), Route::Flat(b)) => a.usd == b.usd,
            (Route::Metered(a), Route::Metered(b)) => ladder[*a] == ladder[*b],
            (a, b) => a == b,
        };
        let first = |kind: &Route| self.kinds.iter().position(|known| same_kind(known, kind));
        let meaning: Vec<usize> = self.kinds.iter().filter_map(first).collect();
        let kind = |a: usize, b: usize| meaning[self.codes[a * n + b] as usize];
        let alike = |p: usize, r: usize| {
            let others = (0..n).filter(|&q| q != p && q != r);
            kind(p, r) == kind(r, p) && others.into_iter().all(|q| kind(p, q) == kind(r, q) && kind(q, p) == kind(q, r))
        };
        let mut classes: Vec<Vec<usize>> = Vec::new();
        let mut of = Vec::with_capacity(n);
        for p in 0..n {
            // From the back: neighbours are of one provider. Being alike is transitive, so one member speaks for all.
            let class = classes.iter().rposition(|class| alike(p, class[0])).unwrap_or_else(|| {
                classes.push(Vec::new());
                classes.len() - 1
            });
            classes[class].push(p);
            of.push(class);
        }
        let between = |a: &Vec<usize>, b: &Vec<usize>| {
            let to = b.iter().find(|&&to| to != a[0]).unwrap_or(&b[0]);
            self.codes[a[0] * n + to] as usize
        };
        let between = classes.iter().flat_map(|a| classes.iter().map(move |b| between(a, b))).collect();
        RouteClasses { of, between, count: classes.len(), ladder }
    }

    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The route of a pair: `from * places + to`.
    #[must_use]
    pub fn at(&self, pair: usize) -> Route {
        self.kinds[self.codes[pair] as usize]
    }

    /// The routes of all pairs.
    pub fn iter(&self) -> impl Iterator<Item = Route> + '_ {
        self.codes.iter().map(|&code| self.kinds[code as usize])
    }

    /// The distinct routes.
    #[must_use]
    pub fn kinds(&self) -> &[Route] {
        &self.kinds
    }

    /// For every pair the ordinal of its route among [`Self::kinds`].
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }
}

/// For every ladder the first one that prices alike.
fn same_ladders(ladders: &[Ladder]) -> Vec<usize> {
    let mut known = HashMap::new();
    let canonical = |(ordinal, ladder): (usize, &Ladder)| {
        let steps: Vec<_> = ladder.steps.iter().map(|step| (step.from.micros(), step.price.usd.nanos())).collect();
        *known.entry((ladder.meter, ladder.included.micros(), steps)).or_insert(ordinal)
    };
    ladders.iter().enumerate().map(canonical).collect()
}

impl FromIterator<Route> for Routes {
    fn from_iter<I: IntoIterator<Item = Route>>(routes: I) -> Self {
        let mut known: HashMap<Route, u32> = HashMap::new();
        let mut kinds = Vec::new();
        let mut last: Option<(Route, u32)> = None;
        let mut code = |route: Route| match last {
            Some((known, code)) if known == route => code,
            _ => {
                let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
                let code = *known.entry(route).or_insert(next);
                if code == next {
                    kinds.push(route);
                }
                last = Some((route, code));
                code
            }
        };
        let codes: Vec<u32> = routes.into_iter().map(&mut code).collect();
        Self::new(codes, kinds)
    }
}

impl From<Vec<Route>> for Routes {
    fn from(routes: Vec<Route>) -> Self {
        routes.into_iter().collect()
    }
}
