//! A browser, as far as cookies and forms go.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::{Answered, get, post};

/// A browser before the pages for people.
pub struct Browser {
    web: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that was never there before.
    pub const fn at(web: SocketAddr) -> Self {
        Self { web, cookies: BTreeMap::new() }
    }

    /// What it sends with every request: whole lines with their ends.
    pub fn headers(&self) -> String {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", cookies.join("; "))
    }

    /// Loads the page at this path, and posts the form with what it shows.
    pub async fn submit(&mut self, path: &str, form: &str) -> Answered {
        let page = get(self.web, path, &self.headers()).await;
        let page = self.keep(page);
        let proof = page.body.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = post(self.web, path, &self.headers(), &format!("{form}&proof={proof}")).await;
        self.keep(answer)
    }

    fn keep(&mut self, answer: Answered) -> Answered {
        for cookie in answer.head.split("\r\n").filter_map(|line| line.strip_prefix("Set-Cookie: ")) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
