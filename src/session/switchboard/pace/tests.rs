use super::*;

#[test]
fn each_nudges_once_in_ten_seconds() {
    let [ann, bob]: [Passport; 2] = ["ann@a.example", "bob@a.example"].map(|name| name.parse().unwrap());
    let start = Instant::now();
    let mut pace = NudgePace::default();
    let mut takes = |from: &Passport, seconds| pace.takes(from, start + Duration::from_secs(seconds));
    assert!(takes(&ann, 0) && takes(&bob, 1));
    assert!(!takes(&ann, 9) && !takes(&bob, 10));
    assert!(takes(&ann, 10), "what was too early does not count");
}
