//! Asking: whoever sits at the terminal, or nobody, when what is missing is told.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use dialoguer::{Confirm, Input, MultiSelect, Password, Select, console::Term, theme::ColorfulTheme};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

/// The exit code of a command that was ended by Ctrl-C, as shells have it.
const INTERRUPTED: i32 = 130;

/// Why the asking ended before its end; a line for the user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) String);

/// What somebody answered. Ctrl-C ends the program here as it does between questions.
fn heard<T>(answer: dialoguer::Result<T>) -> Result<T, Broken> {
    answer.map_err(|dialoguer::Error::IO(fault)| {
        if fault.kind() == io::ErrorKind::Interrupted {
            break_off();
        }
        Broken(format!("cannot ask on this terminal: {fault}; say the answers as options, and --non-interactive"))
    })
}

/// Whether something was written already.
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

/// From now on, whoever breaks off leaves something behind.
pub(crate) fn note_written() {
    IS_WRITTEN.store(true, Ordering::SeqCst);
}

/// Ends the program with the terminal as it was. A terminal tells of Ctrl-C by a signal and by the question at once: whoever comes second waits here.
fn break_off() -> ! {
    static ENDING: Mutex<()> = Mutex::new(());
    let _ending = ENDING.lock();
    let terminal = Term::stderr();
    // Some questions hide it.
    let _ = terminal.show_cursor();
    let left = if IS_WRITTEN.load(Ordering::SeqCst) {
        "what was written stays; give this command again to go on"
    } else {
        "nothing was written"
    };
    let _ = terminal.write_line(&format!("\nchrysalis: broken off: {left}"));
    std::process::exit(INTERRUPTED)
}

/// Ends the program at Ctrl-C, with the terminal as it was, for as long as it is held.
pub(crate) struct EndedByCtrlC(JoinHandle<()>);

impl EndedByCtrlC {
    /// From now on: whoever is asked something afterwards may break off at once.
    pub(crate) fn begin() -> Result<Self, Broken> {
        let mut interrupts = signal(SignalKind::interrupt())
            .map_err(|fault| Broken(format!("Ctrl-C cannot be listened for: {fault}; end some programs")))?;
        Ok(Self(tokio::spawn(async move {
            if interrupts.recv().await.is_some() {
                break_off();
            }
        })))
    }
}

impl Drop for EndedByCtrlC {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is wrong with an answer, if something is.
pub(crate) type Examine<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// A question.
pub(crate) struct Question<'a> {
    /// The option that answers it.
    pub(crate) option: &'a str,
    /// What is asked.
    pub(crate) ask: &'a str,
    /// What stands ready as its answer.
    pub(crate) ready: Option<&'a str>,
    /// What the command line says.
    pub(crate) given: Option<&'a str>,
    pub(crate) examine: Examine<'a>,
}

/// Asks, and notes what could not be asked.
pub(crate) struct Asker {
    is_attended: bool,
    missing: Vec<String>,
    theme: ColorfulTheme,
}

impl Asker {
    pub(crate) fn new(non_interactive: bool) -> Self {
        let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { is_attended: is_terminal && !non_interactive, missing: Vec::new(), theme: ColorfulTheme::default() }
    }

    /// Whether somebody is there to be asked.
    pub(crate) const fn is_attended(&self) -> bool {
        self.is_attended
    }

    /// Notes that something has to be said by an option.
    pub(crate) fn miss(&mut self, option: &str) {
        self.missing.push(format!("--{option}"));
    }

    /// What had to be asked of nobody.
    pub(crate) fn missing(&self) -> Result<(), Broken> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Broken(format!(
            "nobody can be asked here, and these options are missing: {} (chrysalis setup --help tells what they mean)",
            self.missing.join(", ")
        )))
    }

    /// The answer that has to be there; `None` only where nobody can be asked, which is noted.
    pub(crate) fn text(&mut self, question: &Question<'_>) -> Result<Option<String>, Broken> {
        if let Some(given) = given(question)? {
            return Ok(Some(given));
        }
        if !self.is_attended {
            self.miss(question.option);
            return Ok(None);
        }
        loop {
            let mut input = Input::<String>::with_theme(&self.theme).with_prompt(bare(question.ask));
            if let Some(ready) = question.ready {
                input = input.default(ready.to_owned());
            }
            let answer = heard(input.interact_text())?.trim().to_owned();
            match (question.examine)(&answer) {
                Ok(()) => return Ok(Some(answer)),
                Err(fault) => eprintln!("  {fault}"),
            }
        }
    }

    /// The answer, or what stands ready where nobody can be asked.
    pub(crate) fn text_or_ready(&mut self, question: &Question<'_>) -> Result<Option<String>, Broken> {
        if question.given.is_none() && !self.is_attended {
            return Ok(question.ready.map(str::to_owned));
        }
        self.text(question)
    }

    /// A secret, which is not shown; asked twice where a slip would be noticed late. Only where somebody is there.
    pub(crate) fn secret(&self, ask: &str, twice: bool, examine: Examine<'_>) -> Result<String, Broken> {
        loop {
            let mut password = Password::with_theme(&self.theme).with_prompt(bare(ask)).allow_empty_password(true);
            if twice {
                password = password.with_confirmation("The same again", "Those were two different ones. Once more:");
            }
            let answer = heard(password.interact())?;
            match examine(&answer) {
                Ok(()) => return Ok(answer),
                Err(fault) => eprintln!("  {fault}"),
            }
        }
    }

    /// Yes or no. Only where somebody is there.
    pub(crate) fn confirm(&self, ask: &str, ready: bool) -> Result<bool, Broken> {
        heard(Confirm::with_theme(&self.theme).with_prompt(ask).default(ready).interact())
    }

    /// One of these, by its place. Only where somebody is there.
    pub(crate) fn choose(&self, ask: &str, choices: &[String], ready: usize) -> Result<usize, Broken> {
        heard(Select::with_theme(&self.theme).with_prompt(ask).items(choices).default(ready).interact())
    }

    /// Some of these, by their places; each comes with whether it is chosen at first. Only where somebody is there.
    pub(crate) fn choose_some(&self, ask: &str, choices: &[(String, bool)]) -> Result<Vec<usize>, Broken> {
        let ask = format!("{ask} (space chooses, enter goes on)");
        heard(MultiSelect::with_theme(&self.theme).with_prompt(ask).items_checked(choices.iter().cloned()).interact())
    }
}

/// What the command line says, if that can be an answer.
fn given(question: &Question<'_>) -> Result<Option<String>, Broken> {
    let Some(given) = question.given.map(str::trim) else { return Ok(None) };
    (question.examine)(given).map_err(|fault| Broken(format!("--{}: {fault}", question.option)))?;
    Ok(Some(given.to_owned()))
}

/// A question without the sign that the terminal puts behind it anyway.
fn bare(ask: &str) -> &str {
    ask.trim_end_matches(':')
}

/// The next line of standard input, of which `what` is expected.
pub(crate) fn line_of_input(what: &str) -> Result<String, Broken> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) => Err(Broken(format!("standard input ends where {what} should stand: write it there, on a line"))),
        Ok(_) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        Err(fault) => Err(Broken(format!("cannot read {what} from standard input: {fault}"))),
    }
}
