//! Whether something has changed, asked so often that it has to be cheap.

use super::{Store, StoreError};

impl Store {
    /// A number that differs from the last one that this connection was told whenever another connection, of this process or
    /// another one, has changed the store in between. It reads the log's index in shared memory, nothing on the disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let ask = || self.db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        ask().map_err(self.failed())
    }
}
