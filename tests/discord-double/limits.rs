//! Rate limits: how many requests of a route go through in a window (Discord's developer documentation, "Rate Limits").

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::rest::Route;

/// So many requests in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: u32,
    pub(crate) window: Duration,
}

/// How many requests one bot makes in a second, over all routes.
const GLOBAL: Limit = Limit { count: 50, window: Duration::from_secs(1) };

/// The windows of all callers and routes.
#[derive(Default)]
pub(crate) struct Buckets {
    windows: BTreeMap<(String, String), Window>,
    changed: BTreeMap<Route, Limit>,
    global: Option<Limit>,
}

#[derive(Clone, Copy)]
struct Window {
    used: u32,
    ends: Instant,
}

/// What a request is told of its limit.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_after: Duration,
    pub(crate) bucket: String,
    /// That it does not go through: whether all routes are meant.
    pub(crate) refused: Option<bool>,
}

impl Standing {
    /// The headers that every answer carries.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let reset = Timestamp::now().as_millisecond() as f64 / 1000.0 + self.reset_after.as_secs_f64();
        let mut headers = vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", format!("{reset:.3}")),
            ("x-ratelimit-reset-after", format!("{:.3}", self.reset_after.as_secs_f64())),
            ("x-ratelimit-bucket", self.bucket.clone()),
        ];
        if let Some(global) = self.refused {
            headers.push(("retry-after", self.reset_after.as_secs_f64().ceil().to_string()));
            headers.push(("x-ratelimit-scope", if global { "global" } else { "user" }.into()));
            if global {
                headers.push(("x-ratelimit-global", "true".into()));
            }
        }
        headers
    }
}

impl Buckets {
    /// Another limit for a route.
    pub(crate) fn set(&mut self, route: Route, count: u32, window: Duration) {
        self.changed.insert(route, Limit { count, window });
    }

    /// Another limit over all routes.
    pub(crate) fn set_global(&mut self, count: u32, window: Duration) {
        self.global = Some(Limit { count, window });
    }

    /// Counts a request of a caller to a route with this first parameter, unless it is one too many.
    pub(crate) fn take(&mut self, caller: &str, route: Route, major: &str, now: Instant) -> Standing {
        let global = self.global.unwrap_or(GLOBAL);
        let over_all = self.window(caller, "global", global, now);
        if over_all.used >= global.count {
            let reset_after = over_all.ends.saturating_duration_since(now);
            return Standing {
                limit: global.count,
                remaining: 0,
                reset_after,
                bucket: "global".into(),
                refused: Some(true),
            };
        }
        let limit = self.changed.get(&route).copied().unwrap_or_else(|| route.limit());
        let bucket = format!("{}-{major}", route.bucket());
        let window = self.window(caller, &bucket, limit, now);
        let refused = window.used >= limit.count;
        if !refused {
            window.used += 1;
        }
        let standing = Standing {
            limit: limit.count,
            remaining: limit.count.saturating_sub(window.used),
            reset_after: window.ends.saturating_duration_since(now),
            bucket: route.bucket(),
            refused: refused.then_some(false),
        };
        if !refused {
            self.window(caller, "global", global, now).used += 1;
        }
        standing
    }

    fn window(&mut self, caller: &str, bucket: &str, limit: Limit, now: Instant) -> &mut Window {
        let fresh = Window { used: 0, ends: now + limit.window };
        let window = self.windows.entry((caller.into(), bucket.into())).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_message_waits_for_the_window() {
        let mut buckets = Buckets::default();
        let start = Instant::now();
        for left in (0..5).rev() {
            let standing = buckets.take("bot", Route::CreateMessage, "1", start);
            assert_eq!((standing.remaining, standing.refused), (left, None));
        }
        assert_eq!(buckets.take("bot", Route::CreateMessage, "1", start).refused, Some(false));
        assert_eq!(buckets.take("bot", Route::CreateMessage, "2", start).refused, None, "another channel has its own");
        assert_eq!(buckets.take("other", Route::CreateMessage, "1", start).refused, None, "another bot has its own");
        let later = start + Duration::from_secs(5);
        assert_eq!(buckets.take("bot", Route::CreateMessage, "1", later).refused, None);
    }

    #[test]
    fn all_routes_together_have_a_limit() {
        let mut buckets = Buckets::default();
        let start = Instant::now();
        for channel in 0..50 {
            assert_eq!(buckets.take("bot", Route::Typing, &channel.to_string(), start).refused, None);
        }
        assert_eq!(buckets.take("bot", Route::Me, "", start).refused, Some(true));
    }
}
