//! `placer region-proxy`: the stable address of a component, as a process of its own.
//!
//! It reads the routes before every connection, so that one that was accepted after the routes were replaced goes by the new
//! ones; and looks at them every [`TICK`], for listeners that come and go, connections to cut and holds that end. What it has
//! read, and how many connections each side has, it writes into `status.json`.

mod pipe;

use super::routes::{Routes, Share};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle, LocalSet, spawn_local};
use tokio::time::sleep;

/// How often the routes are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long a connection waits for the end of a hold, or for a side that is being started again.
const HOLD_MAX: Duration = Duration::from_secs(120);
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Connections at a time; whoever comes then is turned away.
const CONNECTIONS_MAX: usize = 4_096;

/// What the proxy says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`Routes::digest`] of the routes that it goes by.
    pub routes: String,
    /// Open connections of each side, by `Seat::id`.
    pub open: BTreeMap<String, usize>,
    /// Ports on which it cannot listen, and why.
    pub faults: Vec<String>,
}

/// Serves the folder of a component until the folder is gone.
///
/// # Errors
/// When the system gives no runtime.
pub fn serve(dir: &Path) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let proxy = Rc::new(Proxy { dir: dir.to_path_buf(), state: RefCell::default() });
    LocalSet::new().block_on(&runtime, proxy.run());
    Ok(())
}

struct Proxy {
    dir: PathBuf,
    state: RefCell<State>,
}

/// Device, file and change times of the routes that were read.
type Stamp = (u64, u64, i64, i64);

#[derive(Default)]
struct State {
    stamp: Option<Stamp>,
    routes: Rc<Routes>,
    share: Share,
    listening: BTreeMap<u16, JoinHandle<()>>,
    connections: BTreeMap<u64, (String, AbortHandle)>,
    next: u64,
    status: Status,
    written: Option<Status>,
}

impl Proxy {
    async fn run(self: Rc<Self>) {
        let mut gone = 0;
        // A folder that is replaced is away for a moment at most; one that stays away has no use for a proxy.
        while gone < 50 {
            self.refresh();
            self.listen().await;
            self.tell();
            gone = if self.dir.join("routes.json").exists() { 0 } else { gone + 1 };
            sleep(TICK).await;
        }
    }

    /// Reads the routes if they were replaced.
    fn refresh(&self) {
        let path = self.dir.join("routes.json");
        let Ok(seen) = std::fs::metadata(&path) else { return };
        let stamp = Some((seen.dev(), seen.ino(), seen.mtime(), seen.mtime_nsec()));
        let state = &mut *self.state.borrow_mut();
        if state.stamp == stamp {
            return;
        }
        // Routes that cannot be read change nothing; they are replaced as a whole, so this is another version's.
        let Ok(bytes) = std::fs::read(&path) else { return };
        let Ok(routes) = serde_json::from_slice::<Routes>(&bytes) else { return };
        state.stamp = stamp;
        state.status.routes = Routes::digest(&bytes);
        let weights = |routes: &Routes| -> Vec<(String, u8)> {
            let sides = routes.groups.iter().flat_map(|group| &group.sides);
            sides.map(|side| (side.seat.clone(), side.percent)).collect()
        };
        if weights(&state.routes) != weights(&routes) {
            state.share.reset();
        }
        let stays = |seat: &str| {
            let mut sides = routes.groups.iter().flat_map(|group| &group.sides);
            sides.any(|side| side.seat == seat && !side.cut)
        };
        state.connections.retain(|_, (seat, task)| {
            let stays = seat.is_empty() || stays(seat);
            if !stays {
                task.abort();
            }
            stays
        });
        state.routes = Rc::new(routes);
    }

    /// Listens where the routes say, and nowhere else.
    async fn listen(self: &Rc<Self>) {
        let routes = Rc::clone(&self.state.borrow().routes);
        let wanted = |port: &u16| routes.listeners.iter().any(|listener| listener.port == *port);
        self.state.borrow_mut().listening.retain(|port, task| {
            if !wanted(port) {
                task.abort();
            }
            wanted(port)
        });
        let mut faults = Vec::new();
        for listener in &routes.listeners {
            if self.state.borrow().listening.contains_key(&listener.port) {
                continue;
            }
            match TcpListener::bind((Ipv4Addr::LOCALHOST, listener.port)).await {
                Ok(bound) => {
                    let task = spawn_local(Rc::clone(self).accept(bound, listener.port));
                    self.state.borrow_mut().listening.insert(listener.port, task);
                }
                Err(error) => faults.push(format!("port {}: {error}", listener.port)),
            }
        }
        self.state.borrow_mut().status.faults = faults;
    }

    async fn accept(self: Rc<Self>, listener: TcpListener, port: u16) {
        loop {
            match listener.accept().await {
                Ok((caller, _)) if self.state.borrow().connections.len() < CONNECTIONS_MAX => self.take(caller, port),
                // Dropped: the caller is told at once.
                Ok(_) => {}
                // Out of descriptors, mostly: some are given back soon.
                Err(_) => sleep(TICK).await,
            }
        }
    }

    /// Serves a connection in a task of its own.
    fn take(self: &Rc<Self>, caller: TcpStream, port: u16) {
        let proxy = Rc::clone(self);
        let ticket = {
            let mut state = self.state.borrow_mut();
            state.next += 1;
            state.next
        };
        let task = spawn_local(async move {
            let end = Registered { proxy: Rc::clone(&proxy), ticket };
            proxy.serve_one(caller, port, ticket).await;
            drop(end);
        });
        // Not given to a side yet: an empty name is cut by nobody.
        self.state.borrow_mut().connections.entry(ticket).or_insert((String::new(), task.abort_handle()));
    }

    async fn serve_one(&self, caller: TcpStream, port: u16, ticket: u64) {
        let since = Instant::now();
        loop {
            self.refresh();
            let picked = {
                let state = &mut *self.state.borrow_mut();
                let routes = Rc::clone(&state.routes);
                let Some(listener) = routes.listeners.iter().find(|listener| listener.port == port) else { return };
                if routes.hold {
                    None
                } else {
                    let Some((side, ports)) = state.share.pick(&routes, listener.caller.is_some()) else { return };
                    let delay = routes.round_trip_us(listener.place.as_deref(), &side.place);
                    if let Some(entry) = state.connections.get_mut(&ticket) {
                        entry.0.clone_from(&side.seat);
                    }
                    Some((side.seat, ports, Duration::from_micros(delay)))
                }
            };
            let Some((seat, ports, round_trip)) = picked else {
                if since.elapsed() > HOLD_MAX {
                    return;
                }
                sleep(TICK / 2).await;
                continue;
            };
            let _open = Open::count(self, seat);
            // The handshake is a round trip of its own.
            sleep(round_trip).await;
            for port in ports {
                if let Ok(callee) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    return pipe::join(caller, callee, round_trip / 2).await;
                }
            }
            if since.elapsed() > CONNECT_MAX {
                return;
            }
            sleep(TICK).await;
        }
    }

    /// Writes the status if it has changed.
    fn tell(&self) {
        let state = &mut *self.state.borrow_mut();
        if state.written.as_ref() == Some(&state.status) {
            return;
        }
        let (new, path) = (self.dir.join("proxy/status.new"), self.dir.join("proxy/status.json"));
        let written = serde_json::to_vec(&state.status).map_err(io::Error::from).and_then(|bytes| {
            std::fs::write(&new, bytes)?;
            std::fs::rename(&new, &path)
        });
        if written.is_ok() {
            state.written = Some(state.status.clone());
        }
    }
}

/// A connection that is known, until it is dropped: also when its task is cut off.
struct Registered {
    proxy: Rc<Proxy>,
    ticket: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        // While the table itself is being changed the entry is on its way out already.
        if let Ok(mut state) = self.proxy.state.try_borrow_mut() {
            state.connections.remove(&self.ticket);
        }
    }
}

/// A connection that counts as one of a side's, from the moment the side was chosen.
struct Open<'a> {
    proxy: &'a Proxy,
    seat: String,
}

impl<'a> Open<'a> {
    fn count(proxy: &'a Proxy, seat: String) -> Self {
        *proxy.state.borrow_mut().status.open.entry(seat.clone()).or_default() += 1;
        Self { proxy, seat }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let open = &mut self.proxy.state.borrow_mut().status.open;
        let left = open.remove(&self.seat).unwrap_or(0).saturating_sub(1);
        if left > 0 {
            open.insert(std::mem::take(&mut self.seat), left);
        }
    }
}
