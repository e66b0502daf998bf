//! Which way is meant, and whether the answers are those that are asked for.

use bridge::{LinkAnswers, LinkStep, LinkTask, LinkWay, Through};

use super::{LONGEST_ANSWER, fault::LinkFault};

/// The way of that name; without one, that which asks for just what is answered. Whether everything is answered is not looked at yet.
pub(super) fn way<'a>(
    ways: &'a [LinkWay],
    name: Option<&str>,
    answers: &LinkAnswers,
) -> Result<&'a LinkWay, LinkFault> {
    if let Some(name) = name {
        let named = ways.iter().find(|way| way.key.eq_ignore_ascii_case(name.trim()));
        return named.ok_or_else(|| LinkFault::WhichWay(ways.to_vec()));
    }
    let answered = || ways.iter().filter(|way| way.through == Through::Answers);
    let asks_all = |way: &&LinkWay| answers.keys().all(|key| way.steps.iter().any(|step| step.key == key.as_str()));
    let exact = answered().filter(asks_all).find(|way| way.steps.len() == answers.len());
    if let Some(exact) = exact {
        return Ok(exact);
    }
    let is_asked = |key: &&String| answered().any(|way| way.steps.iter().any(|step| step.key == key.as_str()));
    if let Some(key) = answers.keys().find(|key| !is_asked(key)) {
        let mut asked: Vec<&str> = Vec::new();
        for step in answered().flat_map(|way| &way.steps) {
            if !asked.contains(&step.key) {
                asked.push(step.key);
            }
        }
        return Err(LinkFault::NotAsked { key: key.clone(), asked });
    }
    let mut fitting = answered().filter(asks_all);
    match (fitting.next(), fitting.next()) {
        (Some(way), None) => Ok(way),
        (None, _) | (Some(_), Some(_)) => Err(LinkFault::WhichWay(answered().cloned().collect())),
    }
}

/// The task of that name.
pub(super) fn task<'a>(tasks: &'a [LinkTask], name: &str) -> Result<&'a LinkTask, LinkFault> {
    let named = tasks.iter().find(|task| task.key.eq_ignore_ascii_case(name.trim()));
    named.ok_or_else(|| LinkFault::NoTask(tasks.iter().map(|task| task.key).collect()))
}

/// Whether the answers are those that are asked for, by the way or the task of that name.
pub(super) fn check(of: &'static str, steps: &[LinkStep], answers: &LinkAnswers) -> Result<(), LinkFault> {
    if let Some(key) = answers.keys().find(|key| steps.iter().all(|step| step.key != key.as_str())) {
        return Err(LinkFault::NotAsked { key: key.clone(), asked: steps.iter().map(|step| step.key).collect() });
    }
    for step in steps {
        match answers.get(step.key) {
            Some(answer) if answer.len() > LONGEST_ANSWER => return Err(LinkFault::TooLong(step.key)),
            Some(answer) if !answer.trim().is_empty() => {}
            Some(_) | None => return Err(LinkFault::Unanswered { of, step: step.clone() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &'static str) -> LinkStep {
        LinkStep { key, ask: format!("What is the {key}?"), secret: key != "user" }
    }

    fn ways() -> Vec<LinkWay> {
        let way = |key, steps: &[&'static str], through| {
            let steps = steps.iter().map(|key| step(key)).collect();
            LinkWay { key, says: format!("By {key}."), steps, through }
        };
        vec![
            way("password", &["user", "password"], Through::Answers),
            way("token", &["user", "token"], Through::Answers),
            way("sso", &["user"], Through::Browser { returned: "loginToken" }),
        ]
    }

    fn answers(keys: &[&str]) -> LinkAnswers {
        keys.iter().map(|key| ((*key).to_owned(), "answer".to_owned())).collect()
    }

    #[test]
    fn a_way_is_chosen_by_its_name_or_by_what_is_answered() {
        let ways = ways();
        let of = |name: Option<&str>, keys: &[&str]| way(&ways, name, &answers(keys)).map(|way| way.key);
        assert_eq!(of(None, &["user", "token"]), Ok("token"));
        assert_eq!(of(None, &["user", "password"]), Ok("password"));
        assert_eq!(of(None, &["token"]), Ok("token"), "only that way asks for it");
        assert_eq!(of(Some(" SSO"), &[]), Ok("sso"));
        for (name, keys) in
            [(None, &["user"][..]), (None, &[]), (None, &["password", "token"]), (Some("pigeon"), &["user", "token"])]
        {
            let fault = of(name, keys).unwrap_err().to_string();
            assert!(fault.contains("password (which asks for user and password), or token (which"), "{fault}");
        }
        let fault = of(None, &["user", "tokn"]).unwrap_err().to_string();
        assert_eq!(fault, "tokn is not asked: answer user, password, token");
    }

    #[test]
    fn what_is_asked_is_answered_and_nothing_else() {
        let steps = [step("user"), step("token")];
        let of = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect();
            check("token", &steps, &given).map_err(|fault| fault.to_string())
        };
        assert_eq!(of(&[("user", "ann"), ("token", "s3cret")]), Ok(()));
        let unanswered = Err("token wants token: What is the token?".to_owned());
        assert_eq!(of(&[("user", "ann")]), unanswered);
        assert_eq!(of(&[("user", "ann"), ("token", " ")]), unanswered);
        let fault = of(&[("user", "ann"), ("token", &"x".repeat(LONGEST_ANSWER + 1))]).unwrap_err();
        assert!(fault.starts_with("the answer to token is longer") && !fault.contains("xx"), "{fault}");
        assert_eq!(of(&[("tokn", "s3cret")]), Err("tokn is not asked: answer user, token".to_owned()));
    }

    #[test]
    fn a_task_has_a_name() {
        let tasks = ["verify", "recovery"].map(|key| LinkTask::plain(key, "Do", "It does."));
        assert_eq!(task(&tasks, "Recovery ").unwrap().key, "recovery");
        let fault = task(&tasks, "dance").unwrap_err().to_string();
        assert_eq!(fault, "there is nothing of that name to do: name one of verify, recovery");
        assert_eq!(task(&[], "dance").unwrap_err().to_string(), "there is nothing to do with this link");
    }
}
