//! How many bytes all blobs together have, and may have.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::BlobFault;

/// The room that all blobs have. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Sums>);

#[derive(Debug)]
struct Sums {
    /// What is kept, and what is just coming.
    taken: AtomicU64,
    most: AtomicU64,
}

impl Room {
    pub(super) fn with(taken: u64) -> Self {
        Self(Arc::new(Sums { taken: AtomicU64::new(taken), most: AtomicU64::new(u64::MAX) }))
    }

    pub(super) fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    pub(super) fn most(&self) -> u64 {
        self.0.most.load(Ordering::Relaxed)
    }

    /// There may be so many bytes from now on; what is there beyond them stays.
    pub(super) fn bound(&self, most: u64) {
        self.0.most.store(most, Ordering::Relaxed);
    }

    /// Takes room for so many bytes more, if there is any.
    pub(super) fn take(&self, bytes: u64) -> Result<(), BlobFault> {
        let most = self.most();
        let fits = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= most);
        let taken = self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.map(drop).map_err(|_| BlobFault::Full { most })
    }

    /// Gives the room of so many bytes back.
    pub(super) fn give_back(&self, bytes: u64) {
        let less = |taken: u64| Some(taken.saturating_sub(bytes));
        // It cannot fail: there is always a value.
        let _ = self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Room that was taken for something that is coming; given back unless it is kept.
#[derive(Debug)]
pub(super) struct Reserved {
    room: Room,
    bytes: u64,
}

impl Reserved {
    pub(super) const fn none(room: Room) -> Self {
        Self { room, bytes: 0 }
    }

    /// Takes so many bytes more.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), BlobFault> {
        self.room.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// What was coming is here, and stays.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_gives_its_room_back() {
        let room = Room::with(10);
        room.bound(30);
        let mut one = Reserved::none(room.clone());
        one.grow(15).unwrap();
        assert!(matches!(one.grow(6), Err(BlobFault::Full { most: 30 })));
        one.grow(5).unwrap();
        assert_eq!(room.taken(), 30);
        drop(one);
        assert_eq!(room.taken(), 10);
        let mut other = Reserved::none(room.clone());
        other.grow(20).unwrap();
        other.keep();
        assert_eq!(room.taken(), 30);
        room.give_back(99);
        assert_eq!(room.taken(), 0);
        room.take(u64::MAX).unwrap_err();
    }
}
