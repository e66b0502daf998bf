//! Whatever another server answers to the doctor can be read, as far as it has come, and is shown without control characters.

/// An answer in HTTP, or one in TLS.
pub fn doctor_answer(bytes: &[u8]) -> bool {
    doctor::check_answer(bytes)
}
