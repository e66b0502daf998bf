mod lists;
mod stage;
mod states;

use super::*;
