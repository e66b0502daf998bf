//! A sound, made by arithmetic.

use std::f64::consts::TAU;

/// Samples a second.
const RATE: u32 = 8000;
/// Bytes of one sample.
const SAMPLE: u16 = 2;
/// The tone's pitch, in hertz.
const PITCH: f64 = 440.0;

/// A second of a tone that dies away, as a WAVE file: PCM, 16 bits, one channel.
pub(crate) fn wave() -> Vec<u8> {
    let sounding = RATE * u32::from(SAMPLE);
    let mut bytes = Vec::with_capacity(44 + sounding as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + sounding).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    // Uncompressed, one channel.
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&RATE.to_le_bytes());
    bytes.extend_from_slice(&sounding.to_le_bytes());
    bytes.extend_from_slice(&SAMPLE.to_le_bytes());
    bytes.extend_from_slice(&(8 * SAMPLE).to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&sounding.to_le_bytes());
    for at in 0..RATE {
        let second = f64::from(at) / f64::from(RATE);
        let loudness = 0.6 * (1.0 - second);
        let sample = (loudness * (TAU * PITCH * second).sin() * f64::from(i16::MAX)) as i16;
        bytes.extend_from_slice(&sample.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_in_the_file_are_true_and_it_sounds() {
        let bytes = wave();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((word(4), word(40)), (bytes.len() - 8, bytes.len() - 44));
        assert_eq!(word(40) / word(28), 1, "a second");
        assert!(bytes[44..].iter().any(|byte| *byte != 0));
    }
}
