//! How traffic between every two places is billed: few distinct ways, so each pair is a small code.

use super::Route;
use std::collections::HashMap;
use std::sync::Arc;

/// The billing of traffic between every two places. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    codes: Arc<[u32]>,
    kinds: Arc<[Route]>,
}

impl Routes {
    /// From distinct routes and the ordinal of one of them for every pair.
    ///
    /// # Panics
    /// When a code is not the ordinal of a kind.
    #[must_use]
    pub fn new(codes: Vec<u32>, kinds: Vec<Route>) -> Self {
        assert!(codes.iter().all(|&code| (code as usize) < kinds.len()), "a code without a route");
        Self { codes: codes.into(), kinds: kinds.into() }
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
