//! The proxy of a component as those see it who carry steps out: its routes, its process, its connections.

use super::failures::passing;
use super::files;
use super::guard::{Patience, wait_for};
use super::holders::is_running;
use super::layout::AppDir;
use super::proxy::Status;
use super::routes::Routes;
use super::supervise::{self, Launch};
use crate::exec::Failure;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a proxy may take to go by new routes; it needs a few hundredths of a second.
const ADOPT_MAX: Duration = Duration::from_secs(10);

/// The proxy of a component.
#[derive(Clone, Debug)]
pub struct Gate {
    dir: PathBuf,
}

impl Gate {
    /// The proxy of a component or of a replica's component.
    ///
    /// # Errors
    /// A name that is no name of a folder.
    pub fn of(app: &AppDir, component: &str) -> Result<Self, Failure> {
        Ok(Self { dir: app.component(component)? })
    }

    /// The folder that all sides of the component share.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the proxy goes by; empty where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn routes(&self) -> Result<Routes, Failure> {
        Ok(files::read_json(&self.dir.join("routes.json"))?.unwrap_or_default())
    }

    /// Changes the routes, and makes sure that a proxy goes by them. Routes that lead from nowhere to nowhere end the proxy.
    ///
    /// # Errors
    /// A disk that refuses; a proxy that does not start or cannot listen; the end of the patience.
    pub fn change(
        &self,
        placer: &Path,
        patience: &dyn Patience,
        with: impl FnOnce(&mut Routes),
    ) -> Result<(), Failure> {
        let before = self.routes()?;
        let mut routes = before.clone();
        with(&mut routes);
        if routes.listeners.iter().all(|listener| listener.caller.is_none()) && routes.groups.is_empty() {
            return self.remove();
        }
        if routes != before {
            files::make_folder(&self.dir)?;
            files::write_json(&self.dir.join("routes.json"), &routes)?;
        }
        if routes.listeners.is_empty() {
            // Nobody connects to it: the shares are only noted.
            return Ok(());
        }
        self.start(placer)?;
        self.adopted(placer, &routes, patience)
    }

    /// Ends the proxy and removes what the sides of the component shared.
    fn remove(&self) -> Result<(), Failure> {
        let Some(_hand) = files::lock_folder(&self.dir)? else { return Ok(()) };
        supervise::remove(&self.process(), Signal::TERM, Duration::ZERO)?;
        files::remove(&self.dir)
    }

    /// Starts the proxy if it does not run. Nothing is done where the component is gone.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, placer: &Path) -> Result<(), Failure> {
        if self.is_running() {
            return Ok(());
        }
        let Some(_hand) = files::lock_folder(&self.dir)? else { return Ok(()) };
        // What the one before has written is not this one's.
        files::remove(&self.process().join("status.json"))?;
        let args = ["region-proxy", "--dir"].map(str::to_owned).into_iter().chain([self.dir.display().to_string()]);
        let launch = Launch { program: placer.to_path_buf(), args: args.collect(), ..Launch::default() };
        supervise::start(placer, &self.process(), &launch)
    }

    /// Whether the proxy runs.
    pub fn is_running(&self) -> bool {
        is_running(&self.process()).unwrap_or(false)
    }

    /// The folder of the proxy's process.
    fn process(&self) -> PathBuf {
        self.dir.join("proxy")
    }

    /// Waits until the proxy goes by these routes.
    fn adopted(&self, placer: &Path, routes: &Routes, patience: &dyn Patience) -> Result<(), Failure> {
        let digest = Routes::digest(&files::json(routes)?);
        let since = Instant::now();
        wait_for(patience, || {
            let status = self.status()?;
            if status.routes == digest && status.faults.is_empty() && self.is_running() {
                return Ok(Some(()));
            }
            if since.elapsed() > ADOPT_MAX {
                let why = if status.faults.is_empty() {
                    supervise::log_tail(&self.process())
                } else {
                    status.faults.join(", ")
                };
                return Err(passing(format!("the proxy in {} does not go by its routes: {why}", self.dir.display())));
            }
            // It may have been killed meanwhile.
            self.start(placer)?;
            Ok(None)
        })
    }

    fn status(&self) -> Result<Status, Failure> {
        Ok(files::read_json(&self.process().join("status.json"))?.unwrap_or_default())
    }

    /// Waits until a side has no connection left, so long at most; what is left then is cut. Gives how many were cut.
    ///
    /// The side gets no new ones: its percent is 0, or it is about to be taken out.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn drain(
        &self,
        placer: &Path,
        patience: &dyn Patience,
        (group, seat): (&str, &str),
        grace: Duration,
    ) -> Result<usize, Failure> {
        // Whoever was given to the side before its percent became 0 is counted once the proxy goes by these routes.
        self.change(placer, patience, |_| {})?;
        let since = Instant::now();
        let left = wait_for(patience, || {
            let open = self.status()?.open.get(seat).copied().unwrap_or(0);
            Ok((open == 0 || !self.is_running() || since.elapsed() >= grace).then_some(open))
        })?;
        if left > 0 {
            let cut = |cut: bool| {
                move |routes: &mut Routes| {
                    routes.target_mut(group, seat).into_iter().for_each(|target| target.cut = cut);
                }
            };
            self.change(placer, patience, cut(true))?;
            self.change(placer, patience, cut(false))?;
        }
        Ok(left)
    }
}
