//! Whatever a homeserver pushes can be read, an event by itself; what stood encrypted in one does nothing but say something.

/// The body of a transaction.
pub fn matrix_transaction(body: &[u8]) -> bool {
    matrix::check_transaction(body)
}
