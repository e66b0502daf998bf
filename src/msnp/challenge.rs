//! Challenges: the server's question whether the client is one of Microsoft's, and the right answer.

use std::fmt::Write;

use md5::{Digest, Md5};

use crate::dialect::Dialect;

/// A product's id and the key that goes with it, as client programs carry them.
const PRODUCTS: [(&str, &str); 11] = [
    ("PROD0090YUAUV{2B", "YMM8C_H7KCQ2S_KL"),
    ("PROD0101{0RM?UBW", "CFHUR$52U_{VIX5T"),
    ("PROD00974#MT*RC2", "LMCVO*18PQJ3H!K3"),
    ("PROD0104U6VVM{UJ", "VK67B}379XYM5}$T"),
    ("PROD01065C%ZFN6F", "O4BG@C7BWLYQX?5G"),
    ("PROD0112J1LW7%NB", "RH96F{PHI8PPX_TJ"),
    ("PROD0113H11T8$X_", "RG@XY*28Q5QHS%Q5"),
    ("PROD0038W!61ZTF9", "VT6PX?UQTM4WM%YR"),
    ("msmsgs@msnmsgr.com", "Q1P7W2E4J9R8U3S5"),
    ("PROD0061VRRZH@4F", "JXQ6J@TUOGYV@N0M"),
    ("PROD0076ENE8*@AW", "CEQJ8}OE0!WTSWII"),
];

/// 2³¹ − 1, the modulus of the answer.
const MODULUS: u64 = 0x7fff_ffff;

/// The multiplier of the answer.
const MULTIPLIER: u64 = 0x0e79_a9c1;

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is right.
    Right,
    /// The answer is wrong.
    Wrong,
    /// The product's key is not known, so the answer cannot be judged. Builds of 7.5 with such ids exist.
    UnknownProduct,
}

/// The key of a product.
#[must_use]
pub fn product_key(product_id: &str) -> Option<&'static str> {
    PRODUCTS.iter().find(|(id, _)| *id == product_id).map(|(_, key)| *key)
}

/// Judges an answer in the way of the dialect.
#[must_use]
pub fn verify(dialect: Dialect, challenge: &str, product_id: &str, digest: &str) -> Verdict {
    let Some(key) = product_key(product_id) else {
        return Verdict::UnknownProduct;
    };
    let right =
        if dialect.has_new_challenge() { answer(challenge, product_id, key) } else { plain_answer(challenge, key) };
    if right.eq_ignore_ascii_case(digest) { Verdict::Right } else { Verdict::Wrong }
}

/// The answer up to MSNP10: 32 hexadecimal digits.
#[must_use]
pub fn plain_answer(challenge: &str, product_key: &str) -> String {
    hexadecimal(&digest(challenge, product_key))
}

/// The answer from MSNP11 on: 32 hexadecimal digits.
#[must_use]
pub fn answer(challenge: &str, product_id: &str, product_key: &str) -> String {
    let hash = words(&digest(challenge, product_key));
    let key: Vec<u64> = hash.iter().map(|word| u64::from(*word) & MODULUS).collect();
    let [k0, k1, k2, k3] = key[..] else {
        return String::new();
    };

    // A whole block of zeros follows even when the text fills its last block.
    let mut text = format!("{challenge}{product_id}").into_bytes();
    text.resize(text.len() + 8 - text.len() % 8, b'0');

    let (mut high, mut low) = (0_u64, 0_u64);
    for pair in words(&text).chunks_exact(2) {
        let [first, second] = [u64::from(pair[0]), u64::from(pair[1])];
        let step = (first * MULTIPLIER % MODULUS + high) * k0 + k1;
        let step = step % MODULUS;
        high = ((second + step) % MODULUS * k2 + k3) % MODULUS;
        // Only the remainder of the sum matters.
        low = (low + high + step) % MODULUS;
    }
    high = (high + k1) % MODULUS;
    low = (low + k3) % MODULUS;

    // The raw words of the hash, not those cut to 31 bits.
    let mask = [high as u32, low as u32, high as u32, low as u32];
    let mixed: Vec<u8> = hash.iter().zip(mask).flat_map(|(word, mask)| (word ^ mask).to_le_bytes()).collect();
    hexadecimal(&mixed)
}

fn digest(challenge: &str, product_key: &str) -> [u8; 16] {
    Md5::new().chain_update(challenge).chain_update(product_key).finalize().into()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_answers() {
        for (challenge, product, expected) in [
            ("11533365622852247127", "PROD0113H11T8$X_", "f086d1ded067186deca8dba2231602cf"),
            ("13038318816579321232", "PROD0113H11T8$X_", "3b25f5aab8143dd9a47971541666ae0e"),
            ("13676118092332012962", "PROD0113H11T8$X_", "e9ccbb3e90fabb047bad055f1d025cde"),
            ("15570131571988941333", "PROD0090YUAUV{2B", "d8d8cb2c2043a603d8286a3343143ee1"),
            ("22210219642164014968", "PROD0090YUAUV{2B", "85ecb0db8f32113df79ce0892b9a102c"),
            ("12345678901234567890", "PROD0090YUAUV{2B", "a57a33d300de0b8c4d3c074d423e25fb"),
            ("1234567890123456", "PROD0090YUAUV{2B", "64b46596fb2b4a50cff5477bbeb8bd4a"),
            ("15570131571988941333", "PROD0101{0RM?UBW", "a2bcaf5dec2e7407282d443a8e38abd8"),
            ("15570131571988941333", "PROD0104U6VVM{UJ", "ad77377833e735639caa1d312ecce325"),
        ] {
            assert_eq!(verify(Dialect::Msnp12, challenge, product, expected), Verdict::Right, "{challenge}");
            assert_eq!(verify(Dialect::Msnp10, challenge, product, expected), Verdict::Wrong, "{challenge}");
        }
    }

    #[test]
    fn older_clients_answer_with_a_plain_hash() {
        let plain = plain_answer("15570131571988941333", "YMM8C_H7KCQ2S_KL");
        assert_eq!(plain, "3c575f3c463597413ca7fe2325620fa3");
        let verdict = verify(Dialect::Msnp10, "15570131571988941333", "PROD0090YUAUV{2B", &plain.to_uppercase());
        assert_eq!(verdict, Verdict::Right);
    }

    #[test]
    fn an_unknown_product_is_not_judged() {
        let verdict = verify(Dialect::Msnp12, "1", "PROD008955JTJ_S7", "d8d8cb2c2043a603d8286a3343143ee1");
        assert_eq!(verdict, Verdict::UnknownProduct);
    }

    proptest! {
        #[test]
        fn any_challenge_has_an_answer(challenge in any::<String>(), product in any::<String>(), key in any::<String>()) {
            prop_assert_eq!(answer(&challenge, &product, &key).len(), 32);
        }
    }
}
