//! Whatever comes over HTTP can be read, what was read comes back when it is written and read again, and what is answered speaks of nothing
//! but what was asked.

use web::checking;

/// The body of a request for tokens (RST).
pub fn token_request(body: &[u8]) -> bool {
    checking::token_request(body)
}

/// The value of an `Authorization` header of Passport 1.4.
pub fn passport_claim(header: &[u8]) -> bool {
    checking::passport_claim(header)
}

/// A form that a browser posts, or the query of an address.
pub fn posted_form(body: &[u8]) -> bool {
    checking::form(body)
}

/// How many bytes of a stream of answers, less one, come at a time, and the stream.
pub fn http_answers(bytes: &[u8]) -> bool {
    checking::answers(bytes)
}
