//! `chrysalis announce`: a word of the people who run the server to everybody who is signed in.

use server::{
    Announcement,
    control::{Answer, Client, Request},
};

use crate::{configuration::Configuration, running::Outcome, saying::say};

pub(crate) async fn announce(configuration: &Configuration, announcement: Announcement) -> Outcome {
    let directory = configuration.data_directory.display();
    let mut client = match Client::connect(&configuration.data_directory).await {
        Ok(Some(client)) => client,
        Ok(None) => return Outcome::Unusable(format!("no server runs on {directory}: there is nobody to tell")),
        Err(fault) => {
            return Outcome::Unusable(format!(
                "cannot speak to the server that runs on {directory}: {fault}; run this as the user who runs it"
            ));
        }
    };
    match client.ask(&Request::Announce(announcement)).await {
        Ok(Answer::Done) => {
            say!("everybody who is signed in is told");
            Outcome::Done
        }
        Ok(_) => Outcome::Faulty(vec!["the running server is of another version; restart it".to_owned()]),
        Err(fault) => Outcome::Faulty(vec![format!("the running server did not answer: {fault}; look at its log")]),
    }
}
