//! The numbers that packets, calls and sessions go by.

use msnp::p2p::guid::Guid;

/// The sessions that a client of this generation chooses are of this order; 64 is ink.
const SMALLEST_SESSION: u32 = 100_000;
const LARGEST_SESSION: u32 = i32::MAX as u32;

/// Where numbers come from. All of them are made of the chance that was given: there is none of our own.
#[derive(Debug)]
pub(super) struct Numbers {
    identifier: u32,
    packet: u32,
    chance: u64,
}

impl Numbers {
    /// Messages count on from the lower half of the seed, packets from the upper half.
    pub(super) fn new(seed: u64) -> Numbers {
        Numbers { identifier: seed as u32, packet: (seed >> 32) as u32, chance: seed }
    }

    /// Takes fresh chance in.
    pub(super) fn stir(&mut self, chance: u64) {
        self.chance ^= chance;
        self.draw();
    }

    /// The number of the next message or acknowledgement. One plain counter, as libpurple and msnp11-sdk have it: a client
    /// does not follow the other side's numbering.
    pub(super) fn identifier(&mut self) -> u32 {
        next(&mut self.identifier)
    }

    /// The number of the next packet, by which it is acknowledged.
    pub(super) fn packet(&mut self) -> u32 {
        next(&mut self.packet)
    }

    /// The number of a session of ours.
    pub(super) fn session(&mut self) -> u32 {
        let span = LARGEST_SESSION - SMALLEST_SESSION;
        SMALLEST_SESSION + (self.draw() % u64::from(span)) as u32
    }

    /// The name of a call or a transaction.
    pub(super) fn guid(&mut self) -> Guid {
        Guid::random(u128::from(self.draw()) << 64 | u128::from(self.draw()))
    }

    /// `SplitMix64` (Steele, Lea, Flood 2014): spreads the chance that was given over as many numbers as are needed.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Counts on, past 0, which means that there is no number.
fn next(number: &mut u32) -> u32 {
    *number = number.wrapping_add(1).max(1);
    *number
}
