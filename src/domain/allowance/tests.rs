//! How much can be taken, and when it is back.

use proptest::prelude::*;

use super::*;

#[test]
fn a_minutes_worth_may_be_taken_at_once_and_comes_back_evenly() {
    let start = Instant::now();
    let mut allowance = Allowance::new(3);
    let mut take = |seconds| allowance.take(start + Duration::from_secs(seconds));
    assert!(take(0) && take(0) && take(0));
    assert!(!take(0) && !take(19), "a refusal costs nothing");
    assert!(take(20) && !take(39) && take(40));
    assert!(take(200) && take(200) && take(200) && !take(200), "what is not taken does not pile up");
}

#[test]
fn zero_allows_nothing() {
    assert!(!Allowance::new(0).take(Instant::now()));
}

proptest! {
    #[test]
    fn never_more_than_twice_the_allowance_in_any_minute(per_minute in 1_u32..50, waits in prop::collection::vec(0_u64..5_000, 1..200)) {
        let mut now = Instant::now();
        let mut allowance = Allowance::new(per_minute);
        let mut taken: Vec<Instant> = Vec::new();
        for wait in waits {
            now += Duration::from_millis(wait);
            if allowance.take(now) {
                taken.push(now);
            }
            let lately = taken.iter().filter(|at| now.duration_since(**at) < MINUTE).count();
            prop_assert!(lately <= 2 * per_minute as usize);
        }
    }
}
