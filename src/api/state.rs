//! What the routes share: the store, the price book in use, what was seen of the store, and who may come in.

use super::auth::{self, Caller, Hosts};
use super::errands::Errands;
use super::metrics::Metrics;
use super::problem::{Kind, Problem};
use super::reports::Reports;
use super::route::Access;
use super::settings::Settings;
use crate::app::Names;
use crate::catalog::{BookError, PriceBook};
use crate::store::{AppRow, Deployment, Store, StoreError, TokenRow};
use axum::http::request::Parts;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use thiserror::Error;
use tokio::sync::{Semaphore, watch};

/// Why a server cannot begin.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The price book.
    #[error("the price book: {0}")]
    Book(#[from] BookError),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What happened.
        source: std::io::Error,
    },
    /// Everybody could use it.
    #[error(
        "{address} can be reached from other machines, and the store has no token that opens anything: make one with \
         `placer token create --role admin`, or listen on 127.0.0.1"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// A thread or a picture could not be made.
    #[error("{0}")]
    Other(String),
}

/// A price book that is in use.
#[expect(clippy::struct_field_names, reason = "what the field is called outside")]
pub struct Book {
    /// The book.
    pub book: PriceBook,
    /// What applications may name.
    pub names: Names,
    /// Digest of the store's newest book when it was opened, whether or not it is this one.
    newest: Option<String>,
}

/// An application as it was seen.
#[derive(Debug)]
pub struct AppSeen {
    /// Its file and its policy's name.
    pub row: AppRow,
    /// Where it is.
    pub deployment: Option<Deployment>,
    /// The text of its policy; `None`: it has none, or one that is no longer there.
    pub policy: Option<String>,
    /// The name of its recommendation under the book of what was [`Seen`] with it.
    pub(super) own_key: OnceLock<String>,
}

/// What was seen of the store; another one is taken when the store has changed.
pub struct Seen {
    version: i64,
    /// All tokens.
    pub tokens: Vec<TokenRow>,
    /// The price book.
    pub book: Arc<Book>,
    /// Applications that were asked for; `None`: there is none of this name.
    apps: Mutex<HashMap<String, Option<Arc<AppSeen>>>>,
}

/// What the routes share.
pub struct Api {
    /// Limits and places.
    pub settings: Settings,
    /// The hosts that it answers for.
    pub hosts: Hosts,
    /// Asked on every request whether the store has changed.
    watcher: Mutex<Store>,
    pool: Mutex<Vec<Store>>,
    seen: RwLock<Arc<Seen>>,
    /// Recommendations that were made.
    pub reports: Reports,
    /// What is counted.
    pub metrics: Metrics,
    /// Runs that this server carries.
    pub errands: Errands,
    /// Seats of those that follow the events.
    pub followers: Arc<Semaphore>,
    /// Changes when the store has changed.
    pub news: watch::Sender<i64>,
    /// Whether the server is ending.
    pub stopping: watch::Sender<bool>,
    /// Held by whoever looks at the store anew, so that not all do.
    looking: tokio::sync::Mutex<()>,
}

/// A lock is only held for moments in which nothing can fail.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Api {
    /// Opens the store and the price book.
    ///
    /// # Errors
    /// [`StartError`], also when everybody could use the server.
    pub fn open(settings: Settings) -> Result<Self, StartError> {
        let watcher = Store::open(&settings.store)?;
        let version = watcher.data_version()?;
        let store = Store::open(&settings.store)?;
        let book = open_book(&store, &settings)?;
        let seen = Arc::new(look(&store, version, Arc::new(book))?);
        let address = settings.listen;
        if !address.ip().is_loopback() && !seen.tokens.iter().any(|token| token.is_good((settings.now)())) {
            return Err(StartError::Exposed { address });
        }
        Ok(Self {
            hosts: Hosts::of(address.ip(), &settings.hosts),
            reports: Reports::of(&settings),
            metrics: Metrics::new(),
            errands: Errands::default(),
            followers: Arc::new(Semaphore::new(settings.followers_max)),
            news: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
            settings,
            watcher: Mutex::new(watcher),
            pool: Mutex::new(vec![store]),
            seen: RwLock::new(seen),
            looking: tokio::sync::Mutex::new(()),
        })
    }

    /// Now, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.settings.now)()
    }

    /// Does something with the store on a thread where it may block.
    ///
    /// # Errors
    /// Those of what is done.
    pub async fn store<T, E>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        Problem: From<E>,
        E: Send + 'static,
    {
        let api = Arc::clone(self);
        blocking(move || {
            let pooled = locked(&api.pool).pop();
            let store = match pooled {
                Some(store) => store,
                None => Store::open(&api.settings.store)?,
            };
            let done = work(&store);
            locked(&api.pool).push(store);
            done.map_err(Problem::from)
        })
        .await?
    }

    /// What is there now.
    ///
    /// # Errors
    /// When the store or a new price book cannot be read.
    pub async fn seen(self: &Arc<Self>) -> Result<Arc<Seen>, Problem> {
        if let Some(seen) = self.unchanged()? {
            return Ok(seen);
        }
        let _one = self.looking.lock().await;
        if let Some(seen) = self.unchanged()? {
            return Ok(seen);
        }
        let (version, before) = (self.version()?, self.last_seen());
        let settings = self.settings.clone();
        let seen = self
            .store(move |store| -> Result<Seen, Problem> {
                let newest = store.newest_book()?.map(|row| row.digest);
                let book = if newest == before.book.newest {
                    Ok(Arc::clone(&before.book))
                } else {
                    open_book(store, &settings).map(Arc::new)
                };
                // An unreadable book must not take the server down: the one before stays in use.
                let book = book.unwrap_or_else(|error| {
                    tracing::error!(%error, "the newest price book cannot be used");
                    Arc::clone(&before.book)
                });
                Ok(look(store, version, book)?)
            })
            .await?;
        let seen = Arc::new(seen);
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&seen);
        Ok(seen)
    }

    /// A number that changes with the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn version(&self) -> Result<i64, Problem> {
        Ok(locked(&self.watcher).data_version()?)
    }

    /// What was seen last, if nothing has changed since.
    fn unchanged(&self) -> Result<Option<Arc<Seen>>, Problem> {
        let version = self.version()?;
        Ok(Some(self.last_seen()).filter(|seen| seen.version == version))
    }

    /// What was seen last, whether or not it is still so.
    pub fn last_seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// An application, as it is now.
    ///
    /// # Errors
    /// There is none of this name, or the store cannot be read.
    pub async fn app(self: &Arc<Self>, seen: &Arc<Seen>, name: &str) -> Result<Arc<AppSeen>, Problem> {
        let known = locked(&seen.apps).get(name).cloned();
        let found = if let Some(found) = known {
            found
        } else {
            let wanted = name.to_owned();
            let found = self.store(move |store| app_seen(store, &wanted)).await?.map(Arc::new);
            // Names that nothing has are not kept: there are as many of them as anybody cares to send.
            if found.is_some() {
                locked(&seen.apps).insert(name.to_owned(), found.clone());
            }
            found
        };
        found.ok_or_else(|| Problem::not_found("application", name))
    }

    /// Lets a request in, or not.
    ///
    /// # Errors
    /// It is from another site, without a token that opens anything, or its role is too small.
    pub async fn admit(self: &Arc<Self>, parts: &Parts, access: Access, writes: bool) -> Result<Caller, Problem> {
        let caller = match access {
            Access::Open => Caller { name: String::new(), role: crate::store::Role::Viewer },
            Access::Needs(role) => {
                let seen = self.seen().await?;
                let caller = if self.is_open(&seen) {
                    Caller::loopback()
                } else {
                    auth::caller(&parts.headers, &seen.tokens, self.now())?
                };
                auth::needs(&caller, role)?;
                caller
            }
        };
        if writes {
            auth::same_site(parts)?;
        }
        Ok(caller)
    }

    /// Whether a caller may still come in: for what goes on after it was let in.
    pub async fn still_good(self: &Arc<Self>, caller: &Caller) -> bool {
        let Ok(seen) = self.seen().await else { return true };
        let mut tokens = seen.tokens.iter();
        self.is_open(&seen) || tokens.any(|token| token.id == caller.name && token.is_good(self.now()))
    }

    /// Whether no token is needed: nobody has ever made one, and only this machine reaches the server.
    #[must_use]
    pub fn is_open(&self, seen: &Seen) -> bool {
        seen.tokens.is_empty() && self.settings.listen.ip().is_loopback()
    }
}

/// Runs what blocks on a thread where it may.
///
/// # Errors
/// It panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a task failed");
        Problem::new(Kind::Internal, "a fault of placer; the server's log says which")
    })
}

fn look(store: &Store, version: i64, book: Arc<Book>) -> Result<Seen, StoreError> {
    Ok(Seen { version, tokens: store.tokens()?, book, apps: Mutex::default() })
}

fn app_seen(store: &Store, name: &str) -> Result<Option<AppSeen>, StoreError> {
    let Some(row) = store.app(name)? else { return Ok(None) };
    let policy = if row.policy.is_empty() { None } else { policy_text(store, &row.policy)? };
    Ok(Some(AppSeen { deployment: store.deployment(name)?, policy, row, own_key: OnceLock::new() }))
}

/// The text of a policy: one that comes with placer, or one that was given.
///
/// # Errors
/// [`StoreError`].
pub fn policy_text(store: &Store, name: &str) -> Result<Option<String>, StoreError> {
    let built_in = crate::policy::file::BUILT_IN.iter().find(|(known, _)| *known == name);
    match built_in {
        Some((_, text)) => Ok(Some((*text).to_owned())),
        None => Ok(store.policy(name)?.map(|row| row.text)),
    }
}

/// The newest book of the store, or the built-in one where that is newer.
fn open_book(store: &Store, settings: &Settings) -> Result<Book, StartError> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| StartError::Other(format!("{}: {error}", path.display())));
    let newest = store.newest_book()?;
    let collected = newest.as_ref().map(|row| Ok::<_, StartError>(PriceBook::from_sealed(&read(&row.path)?)?));
    let collected = collected.transpose()?;
    let builtin = PriceBook::embedded()?;
    let mut book = match collected {
        Some(collected) if collected.as_of >= builtin.as_of => collected,
        _ => builtin,
    };
    (settings.prepare)(&mut book);
    Ok(Book { names: crate::problem::names(&book), newest: newest.map(|row| row.digest), book })
}
