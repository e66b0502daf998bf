//! An independent client, `msnp11-sdk`, against the real server. All there is are the tests.
