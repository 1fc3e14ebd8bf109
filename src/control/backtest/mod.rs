//! Recorded prices replayed over applications: what would have come of never moving, of always moving, of a policy, and
//! what could have been had at best. docs/backtest.md says what is modelled and what is not.
//!
//! ```text
//! CSV --recording--> Recording ─┐
//! price book ───────────────────┴─ ground ─> Ground ─┐
//! app.toml, or generate ─> App ──────────────────────┴─ stage ─> Stage ─┬─ replay ──────────────> Replay
//!                                                                       └─ course ─ clairvoyant ─> Answer
//! ```

pub mod clairvoyant;
pub mod course;
pub mod generate;
pub mod ground;
pub mod recording;
pub mod replay;
pub mod run;
pub mod stage;
