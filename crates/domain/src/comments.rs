//! What the reporter's side says about a report later, through another system. It is heard, and decides nothing: the
//! city's state is the city's, and the reporter's verdict is given on the reporter's own page.

use crate::word_enum;

word_enum!(
    /// What the sender claims about the report, besides the words.
    Claim {
        /// Words only.
        Nothing = "nothing",
        /// It is done.
        Done = "done",
        /// It needs no more work, for another reason.
        Closed = "closed",
        /// It is not done, or back again.
        NotDone = "not_done",
    }
);
